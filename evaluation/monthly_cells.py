"""The panel as sums by month, stratum and arm: all that the monthly analysis needs, from one scan.

With stratum effects the monthly regressions are saturated in stratum and arm, so the number of persons, the sum and the
sum of squares of each cell give the exact coefficient and its classical, robust and clustered standard errors
(`cell_effects`). Cells of separate groups of persons add up. A Parquet file of any size is read by DuckDB, which adds
whole numbers only: sums of fractions would depend on how threads share the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.labels import UNITS
from evaluation.outcomes import HOUR_UNITS
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]
KEYS: Final = ("month", "stratum", "arm")
CONTROL, TREATED = 0, 1


@dataclass(frozen=True)
class Cells:
    """Arrays of outcomes x months x strata x arms (the control first).

    `n`: persons observed; `total` and `square`: sum and sum of squares of the outcome less `shift` (outcomes x months).
    """

    outcomes: tuple[str, ...]
    months: npt.NDArray[np.int64]
    strata: tuple[str, ...]
    arms: tuple[str, str]
    n: Array
    total: Array
    square: Array
    shift: Array

    def __add__(self, other: "Cells") -> "Cells":
        """The cells of two groups of persons together.

        Raises:
            EvaluationError: `different_cells` when they are not of the same outcomes, months, strata and arms, or not
                measured from the same place.
        """
        same = (self.outcomes, self.strata, self.arms) == (other.outcomes, other.strata, other.arms)
        if not same or not np.array_equal(self.months, other.months) or not np.array_equal(self.shift, other.shift):
            raise EvaluationError("different_cells", "only cells of the same outcomes, months, strata and arms add up")
        sums = {name: getattr(self, name) + getattr(other, name) for name in ("n", "total", "square")}
        return replace(self, **sums)


def cells_of(
    panel: pd.DataFrame | Path,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (-36, 36),
    strata: str = "office",
    control: str = "control",
    threads: int | None = None,
) -> Cells:
    """The cells of a panel: a frame, or a Parquet file (or a pattern of files) with the columns of one.

    Args:
        panel: month, arm, the stratum's column and the outcomes. In a file states are 0 or 1 in any type and hours a
            week are numbers; a missing value is NULL or NaN.
        threads: of DuckDB; the numbers do not depend on it.

    Raises:
        EvaluationError: `unknown_outcome` naming the columns that are not there, `no_control`, `not_two_arms`.
    """
    span = np.arange(months[0], months[1] + 1)
    if isinstance(panel, Path):
        return _of_file(panel, tuple(outcomes), span, strata, control, threads)
    return _of_frame(panel, tuple(outcomes), span, strata, control)


def _of_frame(panel: pd.DataFrame, outcomes: tuple[str, ...], span: Any, strata: str, control: str) -> Cells:
    require_columns(panel, [*outcomes, "month", "arm", strata])
    inside = panel[panel["month"].between(span[0], span[-1])]
    treated = treated_arm(inside["arm"], control)
    codes, names = pd.factorize(inside[strata], sort=True)
    is_treated = (inside["arm"] == treated).to_numpy()
    month = inside["month"].to_numpy() - span[0]
    place = (month * len(names) + codes) * 2 + is_treated
    shape = (len(outcomes), len(span), len(names), 2)
    n, total, square, shift = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape[:2])
    for number, outcome in enumerate(outcomes):
        values = inside[outcome].to_numpy(dtype=float)
        known = ~np.isnan(values)
        where, when, values = place[known], month[known], values[known]
        # Squares of numbers around their mean keep the digits that squares of large numbers lose.
        count = np.maximum(np.bincount(when, minlength=len(span)), 1)
        shift[number] = np.bincount(when, values, minlength=len(span)) / count
        values = values - shift[number][when]
        length = int(np.prod(shape[1:]))
        for sums, weights in ((n, None), (total, values), (square, values**2)):
            sums[number] = np.bincount(where, weights, minlength=length).reshape(shape[1:])
    return Cells(outcomes, span, tuple(map(str, names)), (control, treated), n, total, square, shift)


def _of_file(path: Path, outcomes: tuple[str, ...], span: Any, strata: str, control: str, threads: int | None) -> Cells:
    settings: dict[str, Any] = {} if threads is None else {"threads": threads}
    with duckdb.connect(config=settings) as connection:
        rows = connection.from_parquet(str(path))
        require_columns(rows.limit(0).df(), [*outcomes, "month", "arm", strata])
        table = rows.query("panel", _scan(outcomes, strata, int(span[0]), int(span[-1]))).fetchnumpy()
    arms = pd.Series(np.asarray(table["arm"]))
    treated = treated_arm(arms, control)
    names, codes = np.unique(np.asarray(table["stratum"]).astype(str), return_inverse=True)
    shape = (len(outcomes), len(span), len(names), 2)
    place = (np.asarray(table["month"]) - span[0], codes, (arms == treated).to_numpy().astype(int))
    sums = []
    for kind in ("n", "total", "square"):
        whole = np.zeros(shape)
        for number, outcome in enumerate(outcomes):
            column = np.ma.filled(table[f"{kind}_{number}"], 0).astype(float)
            scale = _scale(outcome) ** {"n": 0, "total": 1, "square": 2}[kind]
            whole[number][place] = column / scale
        sums.append(whole)
    n, total, square = sums
    return Cells(outcomes, span, tuple(names), (control, treated), n, total, square, np.zeros(shape[:2]))


def _scale(outcome: str) -> int:
    """Whole numbers of an outcome's unit: states are 0 or 1, hours are counted in millionths."""
    return HOUR_UNITS if outcome in UNITS else 1


def _scan(outcomes: Sequence[str], strata: str, first: int, last: int) -> str:
    """One pass over the file: counts, sums and sums of squares, in whole numbers."""
    parts = []
    for number, outcome in enumerate(outcomes):
        value, scale = _quoted(outcome), _scale(outcome)
        if scale == 1:
            whole = f"CASE WHEN {value} > 0 THEN 1 WHEN {value} = 0 THEN 0 END"
            parts += [f"count({whole}) AS n_{number}", f"count(*) FILTER (WHERE {value} = 1) AS total_{number}"]
            parts += [f"count(*) FILTER (WHERE {value} = 1) AS square_{number}"]
        else:
            whole = f"CASE WHEN isfinite({value}::DOUBLE) THEN round({value}::DOUBLE * {scale})::BIGINT END"
            parts += [f"count({whole}) AS n_{number}", f"sum({whole}) AS total_{number}"]
            parts += [f"sum({whole}::HUGEINT * {whole}) AS square_{number}"]
    return (
        f"SELECT month, {_quoted(strata)} AS stratum, arm, {', '.join(parts)} FROM panel "  # noqa: S608 - quoted names
        f"WHERE month BETWEEN {first} AND {last} GROUP BY ALL ORDER BY ALL"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
