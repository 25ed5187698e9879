"""Who came into work, into what kind of work, and who was there on two occasions."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers
from evaluation.shares import require_columns

FULL_TIME_HOURS: Final = 30  # weekly hours from which work is full time (Statistics Norway's bound)
KINDS: Final = (
    "employed",
    "part_time",
    "full_time",
    "with_wage_subsidy",
    "without_wage_subsidy",
    "with_disability_benefit",
    "without_disability_benefit",
)


def retention(
    panel: pd.DataFrame, *, outcome: str = "employed", months: Sequence[int] = (12, 18), by: str = "arm"
) -> pd.DataFrame:
    """The share with an outcome in each of several months, and in all of them.

    Returns:
        <by>, at (the month, as text, and "12 and 18" for all of them), share, n. Each month's share is over those
        observed in it, the joint one over those observed in every month.

    Raises:
        EvaluationError: `unknown_month` for a month that the panel does not hold, `duplicate_measurement` when a person
            has it twice, `not_a_number`.
    """
    require_columns(panel, ["participant_number", "month", outcome, by])
    missing = sorted(set(months) - set(panel["month"].unique()))
    if missing:
        raise EvaluationError("unknown_month", f"the panel holds no month {missing[0]}")
    chosen = panel.loc[panel["month"].isin(list(months)), ["participant_number", "month", by, outcome]]
    if chosen.duplicated(["participant_number", "month"]).any():
        raise EvaluationError("duplicate_measurement", "a person has two rows with the same month")
    chosen = chosen.assign(**{outcome: as_numbers(chosen[outcome])})
    wide = chosen.pivot(index=["participant_number", by], columns="month", values=outcome)[list(months)]
    every = wide.min(axis=1, skipna=False)
    columns = {str(month): wide[month] for month in months} | {" and ".join(map(str, months)): every}
    return _shares(pd.DataFrame(columns), by, "at")


def transitions(
    panel: pd.DataFrame, *, month: int = 12, by: str = "arm", full_time: float = FULL_TIME_HOURS
) -> pd.DataFrame:
    """The share in work in a month, by kind of work: hours, wage subsidy, disability benefit.

    Returns:
        <by>, kind (employed and its splits in two), share of all persons of the group, n (persons observed).

    Raises:
        EvaluationError: `unknown_month`, `unknown_outcome`.
    """
    require_columns(panel, ["month", "employed", "hours", "wage_subsidy", "disability_benefit", by])
    now = panel[panel["month"] == month]
    if now.empty:
        raise EvaluationError("unknown_month", f"the panel holds no month {month}")
    known = now.dropna(subset=["employed", "hours", "wage_subsidy", "disability_benefit"])
    marks = {
        "full_time": known["hours"] >= full_time,
        "with_wage_subsidy": known["wage_subsidy"] == 1,
        "with_disability_benefit": known["disability_benefit"] == 1,
    }
    employed = known["employed"] == 1
    kinds = {name: employed & mark for name, mark in marks.items()} | {"employed": employed}
    kinds |= {
        "part_time": employed & ~marks["full_time"],
        "without_wage_subsidy": employed & ~marks["with_wage_subsidy"],
        "without_disability_benefit": employed & ~marks["with_disability_benefit"],
    }
    table = pd.DataFrame({name: kinds[name].astype(float) for name in KINDS}).set_index(known[by].rename(by))
    return _shares(table, by, "kind")


def _shares(table: pd.DataFrame, by: str, name: str) -> pd.DataFrame:
    """Mean and number of each column by group, as rows."""
    rows: list[dict[str, Any]] = []
    for group, part in table.groupby(level=by, sort=True, observed=True):
        rows += [{by: group, name: key, "share": part[key].mean(), "n": int(part[key].count())} for key in part]
    return pd.DataFrame(rows)
