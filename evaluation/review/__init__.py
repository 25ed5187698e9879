"""A systematic review: the studies' effects, added up, doubted, drawn and judged.

`effect_sizes` turns what a study printed into an effect and a variance; `weighting` and `counting` add effects up;
`meta` is the public meta-analysis; `meta_regression`, `sensitivity` and `small_studies` ask what it rests on;
`forest`, `funnel`, `flow` and `bias` draw the figures of a review; `certainty` words the conclusion (GRADE);
`joining` adds a finished trial.
"""
