"""How long people stay in a measure, and what other measures they have meanwhile.

The sample follows Proba (2020): a person starts in the first of two consecutive months in the measure, if none of the
six months before was spent in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.codes import MEASURE_GROUPS
from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, whole_from
from evaluation.shares import names_of, require_columns

MONTHS_FREE: Final = 6
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Starters:
    """Persons x months since the start (column 0) of each column asked for; missing beyond what was observed."""

    numbers: pd.Index
    groups: npt.NDArray[Any]
    columns: dict[str, Array]

    @property
    def in_measure(self) -> Array:
        """1 while the person has been in the measure in every month since the start."""
        return np.minimum.accumulate(self.columns["measure"], axis=1)


def time_in_measure(
    panel: pd.DataFrame, *, measure: str = "follow_up", by: str = "arm", months: int = 24
) -> pd.DataFrame:
    """The share of those who started who are still in the measure, without a break, by month since the start.

    Args:
        panel: person-months with the measure as 0 or 1. Each person's first start in it counts. Months before the
            start must be there: six without the measure make it one. Who has no `by` is left out.

    Returns:
        <by>, month (0 to `months`), share, n (starters who are observed that long).

    Raises:
        EvaluationError: `no_starters`, `duplicate_measurement` when a person has a month twice, `not_a_number`,
            `bad_option` for fewer months than none.
    """
    months = whole_from(months, "months since the start", 0)
    starters = _starters(panel, measure, by, [])
    still = starters.in_measure[:, : months + 1]
    rows = []
    for group in np.unique(starters.groups):
        mine = still[starters.groups == group]
        for month in range(mine.shape[1]):
            known = mine[:, month][~np.isnan(mine[:, month])]
            rows.append({by: group, "month": month, "share": known.mean() if len(known) else np.nan, "n": len(known)})
    return pd.DataFrame(rows)


def concurrent_measures(
    panel: pd.DataFrame, *, measure: str = "follow_up", by: str = "arm", others: Sequence[str] | None = None
) -> pd.DataFrame:
    """The share who had each other measure at some time from the second to the second last month in this one.

    Args:
        others: columns of the panel; every other group of measures if left out.

    Returns:
        <by>, measure, share, n. Persons who were in the measure for fewer than three months, or for longer than they
        are observed, have no such months or an unknown last one, and are left out.

    Raises:
        EvaluationError: `no_starters`.
    """
    named = [name for name in MEASURE_GROUPS if name != measure] if others is None else names_of(others)
    starters = _starters(panel, measure, by, named)
    inside = starters.in_measure == 1
    lengths = inside.sum(axis=1)
    ended = (starters.columns["measure"] == 0).any(axis=1) & (lengths >= 3)
    month = np.arange(inside.shape[1])
    between = (month >= 1) & (month < (lengths - 1)[:, None])
    rows = []
    for group in np.unique(starters.groups[ended]):
        mine = ended & (starters.groups == group)
        for name in named:
            had = ((starters.columns[name] == 1) & between).any(axis=1)[mine]
            rows.append({by: group, "measure": name, "share": had.mean(), "n": int(mine.sum())})
    return pd.DataFrame(rows, columns=[by, "measure", "share", "n"])


def _starters(panel: pd.DataFrame, measure: str, by: str, others: Sequence[str]) -> _Starters:
    require_columns(panel, ["participant_number", "month", measure, by, *others])
    panel = panel.loc[panel[by].notna(), list(dict.fromkeys(["participant_number", "month", by, measure, *others]))]
    if panel.empty:
        raise EvaluationError("no_starters", "nobody is in the panel")
    first, last = int(panel["month"].min()), int(panel["month"].max())
    names = {"measure": measure} | {name: name for name in others}
    groups = panel.groupby("participant_number", sort=True)[by].first()
    place = (groups.index.get_indexer(pd.Index(panel["participant_number"])), panel["month"].to_numpy() - first)
    width = last - first + 1
    if np.bincount(place[0] * width + place[1]).max() > 1:
        raise EvaluationError("duplicate_measurement", "a person has two rows with the same month")
    columns = {}
    for name, column in names.items():
        columns[name] = np.full((len(groups), width), np.nan)
        columns[name][place] = as_numbers(panel[column])
    start = _first_start(columns["measure"])
    started = start >= 0
    if not started.any():
        raise EvaluationError("no_starters", f"nobody began in {measure} by the rule of the sample")
    shifted = {name: _from_start(values[started], start[started]) for name, values in columns.items()}
    return _Starters(groups.index[started], groups.to_numpy()[started], shifted)


def _first_start(inside: Array) -> npt.NDArray[np.int64]:
    """Column of the first of two months inside after six months outside; -1 where there is none."""
    free = MONTHS_FREE
    if inside.shape[1] < free + 2:
        return np.full(len(inside), -1)
    windows = np.lib.stride_tricks.sliding_window_view(inside, free + 2, axis=1)
    begins = (windows[:, :, :free] == 0).all(axis=2) & (windows[:, :, free:] == 1).all(axis=2)
    return np.where(begins.any(axis=1), begins.argmax(axis=1) + free, -1)


def _from_start(values: Array, start: npt.NDArray[np.int64]) -> Array:
    """Each row moved so that its start is column 0, missing after its end."""
    width = values.shape[1]
    column = start[:, None] + np.arange(width)
    padded = np.column_stack([values, np.full((len(values), 1), np.nan)])
    return np.take_along_axis(padded, np.minimum(column, width), axis=1)
