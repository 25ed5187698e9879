"""A comparison of measures without a draw, as Proba (2020) compared two ways of following people up.

`plan` says what is compared; `sample` makes one row a starter; `tables` and `models` give the report's numbers;
`weighting` and `sensitivity` ask how much of a difference the groups' make-up explains; `running` does it all.
"""
