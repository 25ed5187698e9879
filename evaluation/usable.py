"""What an analysis was given: columns that are there, keys without gaps, outcomes that are numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.shares import require_columns


def given(frame: pd.DataFrame, *, numbers: Sequence[str], keys: Sequence[str]) -> pd.DataFrame:
    """The frame, when an analysis can use it: nobody is left out, or counted elsewhere, because of an empty cell.

    Args:
        numbers: outcomes and covariates; they may be missing, but hold nothing besides numbers and truth values.
        keys: columns that say where a row belongs; none of their cells is empty.

    Returns:
        The same frame; without its index where the index has the name of a column.

    Raises:
        EvaluationError: `unknown_outcome` for a column that is not there, `empty_cell`, `not_a_number`.
    """
    refuse_one_name(numbers)
    require_columns(frame, [*numbers, *keys])
    for name in keys:
        empty = int(frame[name].isna().sum())
        if empty:
            raise EvaluationError("empty_cell", f"{name} is empty in {empty} of {len(frame)} rows")
    for name in dict.fromkeys(numbers):
        require_numbers(frame[name])
    return frame.reset_index(drop=True) if set(frame.index.names) & set(frame.columns) else frame


def refuse_one_name(outcomes: Sequence[Any]) -> None:
    """Raises EvaluationError `unknown_outcome` where one name stands for a list: its letters would be the columns."""
    if isinstance(outcomes, str):
        raise EvaluationError("unknown_outcome", f"name a list of columns, such as ['{outcomes}']")


def require_numbers(column: pd.Series) -> None:
    """Raises EvaluationError `not_a_number` where a column holds words, or a number without end."""
    try:
        values = column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise EvaluationError("not_a_number", f"{column.name} holds other values than numbers") from error
    if np.isinf(values).any():
        raise EvaluationError("not_a_number", f"{column.name} is infinite in {int(np.isinf(values).sum())} rows")


def month_span(months: Sequence[int]) -> npt.NDArray[np.int64]:
    """Every month from the first to the last.

    Raises:
        EvaluationError: `months` when they are not two, or the first comes after the last.
    """
    if len(months) != 2 or months[0] > months[1]:
        raise EvaluationError("months", f"months are the first and the last, such as (1, 36), not {tuple(months)}")
    return np.arange(int(months[0]), int(months[1]) + 1)


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
