"""Who came into work, into what kind of work, and who was there on two occasions."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, number_between
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
    panel: pd.DataFrame, *, outcome: str = "employed", months: int | Sequence[int] = (12, 18), by: str = "arm"
) -> pd.DataFrame:
    """The share with an outcome in each of several months, and in all of them; or in one month.

    Returns:
        <by>, at (the month, as text, and "12 and 18" for all of them), share, n. Each month's share is over those
        observed in it, the joint one over those observed in every month.

    Raises:
        EvaluationError: `months`, `unknown_month` for a month that the panel does not hold, `duplicate_measurement`
            when a person has it twice, `not_a_number`.
    """
    require_columns(panel, ["participant_number", "month", outcome, by])
    asked = _months_asked(months, panel["month"])
    chosen = panel.loc[panel["month"].isin(asked), ["participant_number", "month", by, outcome]]
    if chosen.duplicated(["participant_number", "month"]).any():
        raise EvaluationError("duplicate_measurement", "a person has two rows with the same month")
    chosen = chosen.assign(**{outcome: as_numbers(chosen[outcome])})
    wide = chosen.pivot(index=["participant_number", by], columns="month", values=outcome)[asked]
    every = wide.min(axis=1, skipna=False)
    columns = {str(month): wide[month] for month in asked} | {" and ".join(map(str, asked)): every}
    return _shares(pd.DataFrame(columns), by, "at")


def _months_asked(months: int | Sequence[int], there: "pd.Series[int]") -> list[int]:
    """The months in their order, each once.

    Raises:
        EvaluationError: `months` for none, or for what is no whole number; `unknown_month`.
    """
    asked: list[Any] = [months] if isinstance(months, Real) else list(months) if isinstance(months, Iterable) else []
    if not asked or not all(isinstance(month, Real) and month == month // 1 for month in asked):
        raise EvaluationError("months", f"months are whole numbers after the start, such as (12, 18), not {months!r}")
    whole = list(dict.fromkeys(int(month) for month in asked))
    missing = sorted(set(whole) - set(there.unique()))
    if missing:
        raise EvaluationError("unknown_month", f"the panel holds no month {missing[0]}")
    return whole


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
    (when,) = _months_asked([month], panel["month"])
    now = panel[panel["month"] == when]
    full_time = number_between(full_time, "full_time", 0)
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
