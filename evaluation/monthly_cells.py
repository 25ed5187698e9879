"""The panel as sums by month, stratum and arm: all that the monthly analysis needs, from one scan.

With stratum effects the monthly regressions are saturated in stratum and arm, so the number of persons, the sum and the
sum of squares of each cell give the exact coefficient and its classical, robust and clustered standard errors
(`cell_effects`). Cells of separate groups of persons add up. A Parquet file of any size is read by DuckDB, which adds
whole numbers only: sums of fractions would depend on how threads share the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import arm_pair
from evaluation.errors import EvaluationError
from evaluation.given import given, in_months, month_span, refuse_twice
from evaluation.labels import UNITS
from evaluation.outcomes import HOUR_UNITS
from evaluation.shares import require_columns, some_names

Array = npt.NDArray[np.float64]
KEYS: Final = ("month", "stratum", "arm")
CONTROL, TREATED = 0, 1
FRACTIONS: Final = ("FLOAT", "DOUBLE")
POWERS: Final = {"n": 0, "total": 1, "square": 2}


@dataclass(frozen=True)
class Cells:
    """Arrays of outcomes x months x strata x arms (the control first).

    `n`: persons observed; `total` and `square`: sum and sum of squares of the outcome less `shift` (outcomes x months).
    """

    outcomes: tuple[str, ...]
    months: npt.NDArray[np.int64]
    strata: tuple[str, ...]
    arms: tuple[Any, Any]
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
        panel: month, arm, the stratum's column and the outcomes. In a file outcomes are whole numbers in any type and
            hours a week are numbers; a missing value is NULL or NaN.
        threads: of DuckDB; the numbers do not depend on it.

    Raises:
        EvaluationError: `unknown_outcome` naming the columns that are not there, `no_control`, `not_two_arms`,
            `empty_cell`, `not_a_number`, `month_twice` (in a frame), `not_whole` (in a file), `months`.
    """
    named, span = tuple(some_names(outcomes)), month_span(months)
    if isinstance(panel, Path):
        return _of_file(panel, named, span, strata, control, threads)
    return _of_frame(panel, named, span, strata, control)


def _of_frame(panel: pd.DataFrame, outcomes: tuple[str, ...], span: Any, strata: str, control: str) -> Cells:
    panel = given(panel, numbers=outcomes, keys=["month", "arm", strata])
    inside, month = in_months(panel, span)
    if "participant_number" in panel:
        refuse_twice(pd.factorize(inside["participant_number"])[0], month, len(span))
    arms = arm_pair(panel["arm"], control)
    codes, names = pd.factorize(inside[strata], sort=True)
    is_treated = (inside["arm"] == arms[TREATED]).to_numpy(dtype=bool)
    place = (month * len(names) + codes) * 2 + is_treated
    shape = (len(outcomes), len(span), len(names), 2)
    n, total, square, shift = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape[:2])
    for number, outcome in enumerate(outcomes):
        values = inside[outcome].to_numpy(dtype=float, na_value=np.nan)
        known = ~np.isnan(values)
        where, when, values = place[known], month[known], values[known]
        # Squares of numbers around their mean keep the digits that squares of large numbers lose.
        count = np.maximum(np.bincount(when, minlength=len(span)), 1)
        shift[number] = np.bincount(when, values, minlength=len(span)) / count
        values = values - shift[number][when]
        length = int(np.prod(shape[1:]))
        for sums, weights in ((n, None), (total, values), (square, values**2)):
            sums[number] = np.bincount(where, weights, minlength=length).reshape(shape[1:])
    return Cells(outcomes, span, tuple(map(str, names)), arms, n, total, square, shift)


def _of_file(path: Path, outcomes: tuple[str, ...], span: Any, strata: str, control: Any, threads: int | None) -> Cells:
    settings: dict[str, Any] = {} if threads is None else {"threads": threads}
    with duckdb.connect(config=settings) as connection:
        rows = connection.from_parquet(str(path))
        require_columns(rows.limit(0).df(), [*outcomes, "month", "arm", strata])
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
        stored = _stored_columns(connection, path, types)
        scanned = [_Scanned(f"y{number}", outcome, stored[outcome]) for number, outcome in enumerate(outcomes)]
        table = rows.query("panel", _scan(scanned, strata, int(span[0]), int(span[-1]))).fetchnumpy()
    for name in ("stratum", "arm"):
        if np.ma.getmaskarray(np.ma.asarray(table[name])).any():
            raise EvaluationError("empty_cell", f"{strata if name == 'stratum' else name} is empty in some rows")
    for one in scanned:
        one.refuse_parts(table)
    arm, arms_found = pd.factorize(np.asarray(table["arm"], dtype=object))
    arms = arm_pair(pd.Series(arms_found), control)
    codes, names = _in_alphabet(table["stratum"])
    shape = (len(outcomes), len(span), len(names), 2)
    month, is_treated = np.asarray(table["month"]).astype(int) - span[0], (arms_found == arms[TREATED])[arm]
    place = (month * len(names) + codes) * 2 + is_treated
    found = {kind: np.zeros(shape) for kind in POWERS}
    for kind, power in POWERS.items():
        for number, one in enumerate(scanned):
            found[kind][number].reshape(-1)[place] = one.column(table, kind) / one.scale**power
    return Cells(outcomes, span, tuple(names), arms, **found, shift=np.zeros(shape[:2]))


def _in_alphabet(strata: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Each row's place among the strata by the alphabet of their texts, and these."""
    codes, found = pd.factorize(np.asarray(strata, dtype=object))
    order = np.argsort(found.astype(str), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes], [str(found[place]) for place in order]


@dataclass(frozen=True)
class _Stored:
    """How a file keeps a column: DuckDB's type, and what its own statistics say (`low`, `high` missing if unknown)."""

    kind: str
    whole: bool  # misses no value
    low: float | None
    high: float | None

    @property
    def fraction(self) -> bool:
        return self.kind in FRACTIONS

    @property
    def state(self) -> bool:
        """Only 0 and 1 for certain: then a square is the number itself."""
        within = self.low is not None and self.high is not None and self.low >= 0 and self.high <= 1
        return self.kind == "BOOLEAN" or (within and not self.fraction)


def _stored_columns(connection: duckdb.DuckDBPyConnection, path: Path, types: Mapping[str, str]) -> dict[str, _Stored]:
    """What a file says of its columns; a fraction may be NaN, which no statistic counts."""
    known = connection.execute(
        "SELECT path_in_schema, count(stats_null_count) = count(*) AND sum(stats_null_count) = 0,"
        " CASE WHEN count(stats_min_value) = count(*) THEN min(try_cast(stats_min_value AS DOUBLE)) END,"
        " CASE WHEN count(stats_max_value) = count(*) THEN max(try_cast(stats_max_value AS DOUBLE)) END"
        " FROM parquet_metadata(?) GROUP BY ALL",
        [str(path)],
    ).fetchall()
    told = {name: (whole, low, high) for name, whole, low, high in known}
    found = {}
    for name, kind in types.items():
        whole, low, high = told.get(name, (False, None, None))
        if np.isinf([low or 0.0, high or 0.0]).any():
            raise EvaluationError("not_a_number", f"{name} is infinite in some rows")
        found[name] = _Stored(kind, bool(whole) and kind not in FRACTIONS, low, high)
    return found


@dataclass(frozen=True)
class _Scanned:
    """One outcome in the pass over the file, called `alias` there."""

    alias: str
    outcome: str
    stored: _Stored

    @property
    def in_hours(self) -> bool:
        return self.outcome in UNITS

    @property
    def scale(self) -> int:
        """Whole numbers of an outcome's unit: states are 0 or 1, hours are counted in millionths."""
        return HOUR_UNITS if self.in_hours else 1

    @property
    def value(self) -> str:
        """The outcome in whole numbers of its unit; NaN is no number and becomes NULL."""
        column = _quoted(self.outcome)
        if self.stored.fraction:
            return f"TRY_CAST({column}::DOUBLE * {self.scale} AS BIGINT)"
        if self.in_hours:
            return f"{column}::BIGINT * {self.scale}"
        return f"{column}::SMALLINT" if self.stored.state else f"{column}::HUGEINT"

    @property
    def has_parts(self) -> bool:
        """Whether it might hold parts of its unit, which sums of whole numbers would lose."""
        return self.stored.fraction and not self.in_hours

    @property
    def columns(self) -> list[str]:
        """What is read of the file."""
        parts = f"{_quoted(self.outcome)} <> trunc({_quoted(self.outcome)}) AS parts_{self.alias}"
        return [f"{self.value} AS {self.alias}", *([parts] if self.has_parts else [])]

    @property
    def sums(self) -> list[str]:
        """How many unless it is everyone, the sum, and the sum of squares unless it is that of a state."""
        name = self.alias
        counted = [] if self.stored.whole else [f"count({name}) AS n_{name}"]
        squared = [] if self.stored.state else [f"sum({name}::HUGEINT * {name}) AS square_{name}"]
        parts = [f"count_if(parts_{name}) AS parts_{name}"] if self.has_parts else []
        if self.in_hours:
            squared = [f"sum({name} * {name}) AS square_{name}"]
        return [*counted, f"sum({name}) AS total_{name}", *squared, *parts]

    def refuse_parts(self, table: Mapping[str, Any]) -> None:
        if self.has_parts and np.ma.filled(table[f"parts_{self.alias}"], 0).any():
            raise EvaluationError("not_whole", f"{self.outcome}: a file holds whole numbers, such as øre")

    def column(self, table: Mapping[str, Any], kind: str) -> Array:
        """A sum by cell, where it stands in the answer."""
        name = f"{kind}_{self.alias}"
        fallback = {"n": "everyone", "square": f"total_{self.alias}"}
        return np.ma.filled(table[name if name in table else fallback[kind]], 0).astype(float)


def _scan(scanned: Sequence[_Scanned], strata: str, first: int, last: int) -> str:
    """One pass over the file: counts, sums and sums of squares, in whole numbers."""
    read = ", ".join(column for one in scanned for column in one.columns)
    sums = ", ".join(part for one in scanned for part in one.sums)
    return (
        f"SELECT month, stratum, arm, count(*) AS everyone, {sums} FROM ("  # noqa: S608 - quoted names
        f"SELECT month, {_quoted(strata)} AS stratum, arm, {read} FROM panel WHERE month BETWEEN {first} AND {last}"
        ") GROUP BY ALL"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
