"""What a caller gave, read as it was meant: one name or several, numbers however they are kept; the rest is named."""

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.shares import names_of, require_columns


def given(frame: pd.DataFrame, *, numbers: Sequence[str], keys: Sequence[str]) -> pd.DataFrame:
    """The frame, when an analysis can use it: nobody is left out, or counted elsewhere, because of an empty cell.

    Args:
        numbers: outcomes and covariates; they may be missing, but hold nothing besides numbers and truth values.
        keys: columns that say where a row belongs; none of their cells is empty.

    Returns:
        The frame with `numbers` as `as_numbers` reads them; without its index where that has the name of a column.

    Raises:
        EvaluationError: `unknown_outcome` for a column that is not there, `empty_cell`, `not_a_number`.
    """
    require_columns(frame, [*numbers, *keys])
    for name in keys:
        empty = int(frame[name].isna().sum())
        if empty:
            raise EvaluationError("empty_cell", f"{name} is empty in {empty} of {len(frame)} rows")
    read = {name: as_numbers(frame[name]) for name in dict.fromkeys(numbers)}
    kept = {name: column for name, column in read.items() if not _is_plain(frame[name])}
    frame = frame.assign(**kept) if kept else frame
    return frame.reset_index(drop=True) if set(frame.index.names) & set(frame.columns) else frame


def one_name(given: str | Sequence[str], what: str) -> str:
    """The name of one column, also where it is the only one of a list.

    Raises:
        EvaluationError: `bad_option` for several, or none.
    """
    names = names_of(given) if isinstance(given, str | Iterable) else [given]
    if len(names) != 1:
        raise EvaluationError("bad_option", f"{what} is one column, not {len(names)}: make one of them first")
    return names[0]


def number_between(value: float, what: str, low: float, high: float = float("inf")) -> float:
    """A number beyond `low` and below `high`.

    Raises:
        EvaluationError: `bad_option`.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not low < float(value) < high:
        bounds = f"above {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        raise EvaluationError("bad_option", f"{what} is a number {bounds}, not {value!r:.60}")
    return float(value)


def whole_from(value: int, what: str, least: int) -> int:
    """A whole number that is not below `least`.

    Raises:
        EvaluationError: `bad_option`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise EvaluationError("bad_option", f"{what} is a whole number from {least}, not {value!r:.60}")
    return int(value)


def confidence(alpha: float) -> float:
    """1 - alpha, of an alpha between 0 and 1.

    Raises:
        EvaluationError: `bad_option`.
    """
    return 1 - number_between(alpha, "alpha", 0, 1)


def two_sided(alpha: float) -> float:
    """Below what lies the rest of an alpha's upper half, as `confidence`."""
    return 1 - number_between(alpha, "alpha", 0, 1) / 2


def as_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column as numbers, NaN where a value is missing.

    Raises:
        EvaluationError: `not_a_number` for words, times and infinite values, naming the column and never a value.
    """
    if _is_plain(column):
        numbers = column.to_numpy(dtype=float)
        wrong = np.isinf(numbers)
    else:
        numbers, wrong = _read(column)
    if wrong.any():
        sentence = f"{column.name} holds something else than a number in {int(wrong.sum())} of {len(column)} rows"
        raise EvaluationError("not_a_number", sentence)
    return pd.Series(numbers, index=column.index, name=column.name, copy=False)


def _is_plain(column: "pd.Series[Any]") -> bool:
    """Whether numpy keeps it as truth values or numbers."""
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"


def _read(column: "pd.Series[Any]") -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Numbers that are kept as something else, and which values are none."""
    if _is_time(column):
        raise EvaluationError("not_a_number", f"{column.name} is a time: make a number of it, such as years")
    told = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    numbers = pd.to_numeric(told, errors="coerce").astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(numbers, dtype=np.float64), (np.isnan(numbers) & told.notna().to_numpy()) | np.isinf(numbers)


def _is_time(column: "pd.Series[Any]") -> bool:
    types = pd.api.types
    return (
        types.is_datetime64_any_dtype(column)
        or types.is_timedelta64_dtype(column)
        or isinstance(column.dtype, pd.PeriodDtype)
    )


def is_number(column: "pd.Series[Any]") -> bool:
    """Whether a column holds numbers (truth values are none), also when Python objects keep them."""
    plain = column.infer_objects() if column.dtype == object else column
    return bool(pd.api.types.is_numeric_dtype(plain)) and not pd.api.types.is_bool_dtype(plain)


def whole_rows(data: pd.DataFrame, used: Sequence[str]) -> pd.DataFrame:
    """The rows that have every column used.

    Raises:
        EvaluationError: `too_few` when there is none, naming the column that is missing most often.
    """
    chosen = data[list(used)].dropna()
    if len(chosen) == 0:
        missing = data[list(used)].isna().sum()
        most = f": {missing.idxmax()} is missing in {missing.max()} of {len(data)}" if len(data) else ""
        raise EvaluationError("too_few", f"no row has every column that is used{most}")
    return chosen


def month_span(months: Sequence[int]) -> npt.NDArray[np.int64]:
    """Every month from the first to the last.

    Raises:
        EvaluationError: `months` when they are not two whole numbers, or the first comes after the last.
    """
    ends = list(months) if isinstance(months, Iterable) else []
    if len(ends) != 2 or not all(isinstance(end, Real) and end == end // 1 for end in ends) or ends[0] > ends[1]:
        raise EvaluationError("months", f"months are the first and the last, such as (1, 36), not {months!r:.60}")
    return np.arange(int(ends[0]), int(ends[1]) + 1)


def in_months(panel: pd.DataFrame, span: npt.NDArray[np.int64]) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """The rows of the span, and each one's place in it.

    Raises:
        EvaluationError: `not_a_number` for a month that is not whole.
    """
    month = _whole(panel["month"])
    inside = (month >= span[0]) & (month <= span[-1])
    return panel[inside], month[inside] - span[0]


def _whole(months: pd.Series) -> npt.NDArray[Any]:
    if not pd.api.types.is_numeric_dtype(months):
        raise EvaluationError("not_a_number", "month counts months from the start, as whole numbers")
    whole = months.to_numpy(dtype=np.int64)
    if pd.api.types.is_float_dtype(months) and (whole != months.to_numpy(dtype=float)).any():
        raise EvaluationError("not_a_number", "month counts months from the start, as whole numbers")
    return whole


def refuse_twice(person: npt.NDArray[Any], place: npt.NDArray[np.int64], width: int) -> None:
    """Raises EvaluationError `month_twice` where a person (by number from 0) has two rows in a month of the span."""
    if len(person) and np.bincount(person * width + place).max() > 1:
        raise EvaluationError("month_twice", "a person has two rows in the same month: whom would they count as?")
