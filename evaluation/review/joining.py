"""A finished trial among earlier studies: its row in the review, and the review before and after it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from evaluation.arms import treated_arm
from evaluation.disclosure import LEAVING, RULES, Rule
from evaluation.errors import EvaluationError
from evaluation.findings import Finding
from evaluation.given import whole_from
from evaluation.labels import both
from evaluation.plan_shape import LONGEST
from evaluation.review.effect_sizes import MEASURES, measure_called
from evaluation.review.forest import JOINED, forest_plot
from evaluation.review.meta import MetaAnalysis, meta_analysis
from evaluation.review.pooling import Pooled
from evaluation.review.study_columns import COUNTS, MEANS
from evaluation.shares import require_columns

TITLE: Final = both("I lys av tidligere forsøk", "In the light of earlier trials")
EARLIER, THIS_TRIAL = JOINED
OF_COUNTS: Final = ("no_events", "empty_cell", "nobody_observed")
"""Reasons that say how few have the outcome: a count like any other."""
FOREST: Final = "earlier-trials-forest"
COLUMNS: Final = (
    *("review", "studies", "estimate", "ci_low", "ci_high", "p", "tau2", "i2", "predict_low", "predict_high"),
    "reason",
)


@dataclass(frozen=True)
class JoinedReview:
    """`earlier`: the review without the trial; `together`: with it, in subgroups earlier and this trial; `trial`: its
    row; `predicted`: whether the trial's effect lies where the earlier studies led to expect (None where they are too
    few to say)."""

    earlier: MetaAnalysis
    together: MetaAnalysis
    trial: pd.DataFrame
    predicted: bool | None

    def findings(self) -> tuple[Finding, Finding]:
        """The report's section: the review before and after as a table, and the forest plot."""
        rows = tuple(_row(name, part) for name, part in self._sums().items())
        notes = {"convention": self.together.convention, "predicted": self.predicted}
        table = Finding("earlier-trials", "table", TITLE, COLUMNS, rows, notes=notes)
        return table, forest_plot(self.together, title=TITLE, name=FOREST)

    def _sums(self) -> Mapping[str, Pooled]:
        own = self.together.subgroups[THIS_TRIAL]
        return {EARLIER: self.earlier.pooled, THIS_TRIAL: own, "all_trials": self.together.pooled}


def may_leave(joined: "JoinedReview", again: Callable[[pd.DataFrame], "JoinedReview"]) -> list[Finding]:
    """The section's findings with what may leave of them by each rule of disclosure: the review with the trial's row
    from rounded counts. Its exact ratio and interval together would tell the counts.

    Args:
        again: the review with another row of the trial.
    """
    told = joined.findings()
    left: dict[str, tuple[Finding, Finding]] = {}
    for name, rule in RULES.items():
        row = rounded_row(joined.trial, rule)
        earlier_only = forest_plot(joined.earlier, title=TITLE, name=FOREST)
        left[name] = (no_review("hidden_counts"), earlier_only) if row is None else again(row).findings()
    parts = [{name: _left(pair[place]) for name, pair in left.items()} for place in range(len(told))]
    return [replace(one, notes={**one.notes, LEAVING: part}) for one, part in zip(told, parts, strict=True)]


def _left(finding: Finding) -> dict[str, Any]:
    told = finding.to_dict()
    return {name: told[name] for name in ("columns", "rows", "spec")}


def rounded_row(trial: pd.DataFrame, rule: Rule) -> pd.DataFrame | None:
    """The trial's row from counts as they may leave; None where one of them is hidden. Means are no counts."""
    row = trial.iloc[0].to_dict()
    for side in ("treated", "control"):
        if f"n_{side}" in row:
            row[f"n_{side}"] = rule.count(row[f"n_{side}"])
            continue
        events, total = row[f"events_{side}"], row[f"total_{side}"]
        few = None in (rule.count(events), rule.count(total - events))
        row |= {f"events_{side}": None if few else rule.count(events), f"total_{side}": rule.count(total)}
    return None if None in row.values() else pd.DataFrame([row])


def no_review(reason: str) -> Finding:
    """The section's table where the trial cannot be set among the earlier ones, with the reason."""
    row = (THIS_TRIAL, *[None] * (len(COLUMNS) - 2), reason)
    told = Finding("earlier-trials", "table", TITLE, COLUMNS, (row,))
    if reason not in OF_COUNTS:
        return told
    hidden = _left(no_review("hidden_counts"))
    return replace(told, notes={LEAVING: dict.fromkeys(RULES, hidden)})


def trial_as_study(
    panel: pd.DataFrame,
    *,
    outcome: str,
    month: int,
    measure: str,
    study: str,
    arm: str = "arm",
    control: str = "control",
) -> pd.DataFrame:
    """A finished trial as one row of a review, from its person-months.

    Args:
        panel: from `person_months`, with arms opened.
        outcome: a column of the panel: a state (0 or 1) for RR, OR, PETO and RD, a number for MD and SMD.
        month: which month after the start is compared.
        measure: decides which columns the row has.
        study: what the trial is called in the review.

    Returns:
        One row with `study` and the columns that `effect_sizes` names for the measure. Who could not be observed in
        the month is not counted.

    Raises:
        EvaluationError: `unknown_measure`; `unknown_outcome`; `bad_study` where a state is asked for and the outcome
            is none; `nobody_observed` where an arm has no one (or for means fewer than two).
    """
    measure = measure_called(measure)
    if MEASURES[measure][0] not in (COUNTS, MEANS):
        raise EvaluationError("unknown_measure", "a trial joins with RR, OR, PETO, RD, MD or SMD")
    require_columns(panel, [outcome, arm, "month"])
    month = whole_from(month, "month", -LONGEST)
    seen = panel.loc[(panel["month"] == month) & panel[outcome].notna(), [arm, outcome]]
    treated = treated_arm(panel[arm], control)
    arms = {"treated": treated, "control": control}
    values = {side: seen.loc[seen[arm] == name, outcome].astype(float) for side, name in arms.items()}
    counted = MEASURES[measure][0] == COUNTS
    if min(map(len, values.values())) < (1 if counted else 2):
        raise EvaluationError("nobody_observed", f"month {month}: an arm has too few observed for {outcome}")
    if counted and not all(side.isin([0, 1]).all() for side in values.values()):
        raise EvaluationError("bad_study", f"{outcome} is a number, not a state: use MD or SMD")
    return pd.DataFrame([{"study": study} | (_counted(values) if counted else _averaged(values))])


def join_review(studies: pd.DataFrame, trial: pd.DataFrame, *, measure: str, **options: Any) -> JoinedReview:
    """Add a finished trial to a review of earlier ones.

    Args:
        studies: the earlier studies, one row each, as `meta_analysis`.
        trial: the trial's row, from `trial_as_study`.
        measure, options: as `meta_analysis`; its `subgroup` is taken by earlier and this trial.

    Raises:
        EvaluationError: as `meta_analysis`; `bad_study` where the review already has the trial; where the trial has no
            effect of its own, the reason of its row (`no_events`, `empty_cell`).
    """
    if "study" in studies and set(studies["study"]) & set(trial["study"]):
        raise EvaluationError("bad_study", "the review already has this trial")
    earlier = meta_analysis(studies, measure=measure, **options)
    marked = [studies.assign(review=EARLIER), trial.assign(review=THIS_TRIAL)]
    together = meta_analysis(pd.concat(marked, ignore_index=True), measure=measure, subgroup="review", **options)
    if THIS_TRIAL not in together.subgroups:
        raise EvaluationError(str(together.table["reason"].iloc[-1]), "the trial has no effect that could be joined")
    low, high = earlier.pooled.prediction
    own = together.subgroups[THIS_TRIAL].estimate
    return JoinedReview(earlier, together, trial, None if pd.isna(low) else bool(low <= own <= high))


def _counted(values: Mapping[str, "pd.Series[float]"]) -> dict[str, int]:
    events = {f"events_{side}": int(states.sum()) for side, states in values.items()}
    return events | {f"total_{side}": len(states) for side, states in values.items()}


def _averaged(values: Mapping[str, "pd.Series[float]"]) -> dict[str, float]:
    return {
        f"{name}_{side}": number
        for side, numbers in values.items()
        for name, number in (("mean", numbers.mean()), ("sd", numbers.std()), ("n", len(numbers)))
    }


def _row(name: str, pooled: Pooled) -> tuple[Any, ...]:
    alone = pooled.studies == 1
    low, high = (None if pd.isna(end) else end for end in pooled.prediction)
    numbers = (pooled.estimate, pooled.ci_low, pooled.ci_high, pooled.p)
    return (name, pooled.studies, *numbers, *((None, None) if alone else (pooled.tau2, pooled.i2)), low, high, "")
