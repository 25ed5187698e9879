"""Means by arm and month: the lines of the figures."""

from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet

import pandas as pd

from evaluation.errors import EvaluationError


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Say which outcomes are not there, or there twice, instead of leaving them out.

    Raises:
        EvaluationError: `bad_option` for what is no name of a column, such as a list where one is named,
            `unknown_outcome`, `duplicate_column`.
    """
    for column in columns:
        if not isinstance(column, Hashable):
            raise EvaluationError("bad_option", f"one column is named here, by its name alone: not {column!r:.60}")
    missing = [str(column) for column in columns if column not in frame]
    if missing:
        raise EvaluationError(
            "unknown_outcome", f"the data hold no column {', '.join(map(str, missing))}: is a register missing?"
        )
    if not frame.columns.is_unique:
        twice = set(frame.columns[frame.columns.duplicated()]) & set(columns)
        if twice:
            raise EvaluationError("duplicate_column", f"the data hold the column {min(twice)} more than once")


def names_of(given: str | Iterable[str]) -> list[str]:
    """One name, or several; those of a set in the order of the alphabet, since it has none of its own.

    Raises:
        EvaluationError: `bad_option` for what is neither.
    """
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable) or not all(isinstance(name, Hashable) for name in given):
        raise EvaluationError("bad_option", f"columns are named by one name or a list of them: not {given!r:.60}")
    return sorted(given, key=str) if isinstance(given, AbstractSet) else list(given)


def some_names(outcomes: str | Iterable[str]) -> list[str]:
    """The names of outcomes, at least one.

    Raises:
        EvaluationError: `unknown_outcome` for none, `bad_option`.
    """
    names = names_of(outcomes)
    if not names:
        raise EvaluationError("unknown_outcome", "outcomes are a list of columns, such as ['employed']")
    return names


def monthly_shares(panel: pd.DataFrame, *, outcomes: Sequence[str], by: str = "arm") -> pd.DataFrame:
    """Mean of each outcome by group and month, over the persons who could be observed.

    Returns:
        outcome, month, <by>, mean (unit of the outcome), n (persons observed). A month in which nobody of a group
        could be observed has n 0 and a missing mean; persons without a group are one of their own.

    Raises:
        EvaluationError: `unknown_outcome` for a column that is not there, or when no outcome is named.
    """
    outcomes = some_names(outcomes)
    require_columns(panel, [*outcomes, by, "month"])
    panel = panel.reset_index(drop=True) if set(panel.index.names) & set(panel.columns) else panel
    grouped = panel.groupby(["month", by], sort=True, observed=True, dropna=False)
    parts = []
    for outcome in outcomes:
        values = grouped[outcome]
        tidy = pd.DataFrame({"mean": values.mean(), "n": values.count()}).reset_index()
        tidy.insert(0, "outcome", outcome)
        parts.append(tidy)
    return pd.concat(parts, ignore_index=True)
