"""The panel as sums by month, stratum and arm: all that the monthly analysis needs, from one scan.

With stratum effects the monthly regressions are saturated in stratum and arm, so the number of persons, the sum and the
sum of squares of each cell give the exact coefficient and its classical, robust and clustered standard errors
(`cell_effects`). Cells of separate groups of persons add up. A Parquet file of any size is read by DuckDB, which adds
whole numbers only: sums of fractions would depend on how threads share the rows.
"""

from collections.abc import Collection, Mapping, Sequence
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
FRACTIONS: Final = ("FLOAT", "DOUBLE")


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
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
        full = _without_gaps(connection, path, types)
        sums_of = {outcome: _sums(f"y{number}", outcome, full) for number, outcome in enumerate(outcomes)}
        table = rows.query("panel", _scan(types, sums_of, strata, int(span[0]), int(span[-1]))).fetchnumpy()
    arms = pd.Series(np.asarray(table["arm"]))
    treated = treated_arm(arms, control)
    names, codes = np.unique(np.asarray(table["stratum"]).astype(str), return_inverse=True)
    shape = (len(outcomes), len(span), len(names), 2)
    place = (np.asarray(table["month"]) - span[0], codes, (arms == treated).to_numpy().astype(int))
    sums = []
    for kind in ("n", "total", "square"):
        whole = np.zeros(shape)
        for number, outcome in enumerate(outcomes):
            power = {"n": 0, "total": 1, "square": 2}[kind]
            column = np.ma.filled(table[_column(table, kind, number)], 0).astype(float)
            whole[number][place] = column / _scale(outcome) ** power
        sums.append(whole)
    n, total, square = sums
    return Cells(outcomes, span, tuple(names), (control, treated), n, total, square, np.zeros(shape[:2]))


def _column(table: Mapping[str, Any], kind: str, number: int) -> str:
    """Where a sum stands in the answer."""
    fallback = {"n": "everyone", "square": f"total_y{number}"}
    name = f"{kind}_y{number}"
    return name if name in table else fallback[kind]


def _scale(outcome: str) -> int:
    """Whole numbers of an outcome's unit: states are 0 or 1, hours are counted in millionths."""
    return HOUR_UNITS if outcome in UNITS else 1


def _without_gaps(connection: duckdb.DuckDBPyConnection, path: Path, types: Mapping[str, str]) -> set[str]:
    """The columns that miss no value, by the file's own statistics; a fraction may be NaN besides."""
    known = connection.execute(
        "SELECT path_in_schema FROM parquet_metadata(?) GROUP BY ALL "
        "HAVING count(stats_null_count) = count(*) AND sum(stats_null_count) = 0",
        [str(path)],
    ).fetchall()
    return {name for (name,) in known if types.get(name) not in FRACTIONS}


def _scan(types: Mapping[str, str], sums_of: Mapping[str, Sequence[str]], strata: str, first: int, last: int) -> str:
    """One pass over the file: counts, sums and sums of squares, in whole numbers."""
    whole = ", ".join(f"{_whole(outcome, types[outcome])} AS y{number}" for number, outcome in enumerate(sums_of))
    sums = [part for parts in sums_of.values() for part in parts]
    return (
        f"SELECT month, stratum, arm, count(*) AS everyone, {', '.join(sums)} FROM ("  # noqa: S608 - quoted names
        f"SELECT month, {_quoted(strata)} AS stratum, arm, {whole} FROM panel WHERE month BETWEEN {first} AND {last}"
        ") GROUP BY ALL ORDER BY ALL"
    )


def _whole(outcome: str, kind: str) -> str:
    """An outcome in whole numbers of its unit; NaN is no number and becomes NULL."""
    value, scale = _quoted(outcome), _scale(outcome)
    if kind in FRACTIONS:
        return f"TRY_CAST({value}::DOUBLE * {scale} AS BIGINT)"
    return f"{value}::BIGINT * {scale}" if scale > 1 else f"{value}::INTEGER"


def _sums(value: str, outcome: str, whole: Collection[str]) -> list[str]:
    """Of one outcome: how many unless it is everyone, the sum, and the sum of squares unless it is that of a state."""
    counted = [] if outcome in whole else [f"count({value}) AS n_{value}"]
    squared = [f"sum({value} * {value}) AS square_{value}"] if _scale(outcome) > 1 else []
    return [*counted, f"sum({value}) AS total_{value}", *squared]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
