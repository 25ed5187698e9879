"""What a caller gave, read as it was meant: one name or several, numbers however they are kept; the rest is named."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError


def names_of(given: str | Sequence[str]) -> list[str]:
    """One name, or several."""
    return [given] if isinstance(given, str) else list(given)


def as_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column as numbers, NaN where a value is missing.

    Raises:
        EvaluationError: `not_a_number` for words, times and infinite values, naming the column and never a value.
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        numbers = column.to_numpy(dtype=float)
        wrong = np.isinf(numbers)
    else:
        numbers, wrong = _read(column)
    if wrong.any():
        sentence = f"{column.name} holds something else than a number in {int(wrong.sum())} of {len(column)} rows"
        raise EvaluationError("not_a_number", sentence)
    return pd.Series(numbers, index=column.index, name=column.name, copy=False)


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
