"""Frames as callers give them, made into what the panel counts on, or refused: nothing is guessed, and nothing that
was not understood is taken for a zero.
"""

from collections.abc import Mapping
from datetime import date
from numbers import Number
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.columns import REGISTERS
from evaluation.errors import EvaluationError

Coverage = date | str | Mapping[str, date] | Mapping[str, str] | None

NORWEGIAN: Final = r"\d{1,2}\.\d{1,2}\.\d{4}"
NO_DATE: Final = "holds something that is no date: yyyy-mm-dd or dd.mm.yyyy"
MUNICIPALITY_DIGITS: Final = 4


def days_of(values: Any, what: str) -> pd.DatetimeIndex:
    """Days of timestamps (with or without a time zone), dates, periods, or text as yyyy-mm-dd or dd.mm.yyyy.

    What is missing or an empty text is NaT. Numbers are refused: each package counts days from a day of its own.

    Raises:
        EvaluationError: `not_a_date`, naming `what`.
    """
    given = pd.Series(values).reset_index(drop=True)
    if isinstance(given.dtype, pd.CategoricalDtype):
        given = given.astype(given.cat.categories.dtype)
    if isinstance(given.dtype, pd.PeriodDtype):
        given = pd.Series(given.dt.to_timestamp())
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        return _without_zone(given)
    if given.isna().all():
        return pd.DatetimeIndex([pd.NaT] * len(given))
    if pd.api.types.is_numeric_dtype(given.dtype):
        raise EvaluationError("not_a_date", f"{what} {NO_DATE}")
    try:
        return _without_zone(_parsed(given.astype(object)))
    except (ValueError, TypeError) as error:
        raise EvaluationError("not_a_date", f"{what} {NO_DATE}") from error


def _parsed(given: pd.Series) -> pd.Series:
    text = given.map(lambda value: value.strip() if isinstance(value, str) else "")
    written = text != ""
    found = pd.Series(pd.NaT, index=given.index, dtype="datetime64[us]")
    norwegian = written & text.str.fullmatch(NORWEGIAN)
    found[norwegian] = pd.to_datetime(text[norwegian], format="%d.%m.%Y")
    other = written & ~norwegian
    found[other] = pd.to_datetime(text[other], format="ISO8601").astype("datetime64[us]")
    typed = given.notna() & ~given.map(lambda value: isinstance(value, str)).astype(bool)
    if typed.any():
        found[typed] = [_day(value) for value in given[typed]]
    return found


def _day(value: Any) -> pd.Timestamp:
    if isinstance(value, Number):
        raise TypeError("a number is no date")
    return value.to_timestamp() if isinstance(value, pd.Period) else pd.Timestamp(value).tz_localize(None)


def _without_zone(days: pd.Series) -> pd.DatetimeIndex:
    """The day where the clock was read."""
    index = pd.DatetimeIndex(days)
    return index if index.tz is None else index.tz_localize(None)


def day_of(value: Any, what: str) -> pd.Timestamp | None:
    """One day as `days_of` reads it; None for None.

    Raises:
        EvaluationError: `not_a_date`, also for a missing value that is not None.
    """
    if value is None:
        return None
    [day] = days_of([value], what)
    if pd.isna(day):
        raise EvaluationError("not_a_date", f"{what} {NO_DATE}")
    return day


def coverage_of(given: Any, what: str) -> dict[str, pd.Timestamp]:
    """Register -> day, of one day for all registers or a day for each; a register without one is not there.

    Raises:
        EvaluationError: `unknown_register`, `not_a_date`.
    """
    if not isinstance(given, Mapping):
        given = dict.fromkeys(REGISTERS, given)
    unknown = sorted(set(given) - set(REGISTERS))
    if unknown:
        raise EvaluationError("unknown_register", f"{what} names {unknown[0]}; registers: {', '.join(REGISTERS)}")
    days = {register: day_of(day, what) for register, day in given.items()}
    return {register: day for register, day in days.items() if day is not None}


def require_register(register: str, frame: pd.DataFrame) -> None:
    """Refuse a register's frame that lacks a column.

    Raises:
        EvaluationError: `missing_column`.
    """
    missing = [column.name for column in REGISTERS[register].columns if column.required and column.name not in frame]
    if missing:
        raise EvaluationError("missing_column", f"{register} has no column {missing[0]}")


def places_of(numbers: pd.Index, given: Any, register: str) -> npt.NDArray[np.int64]:
    """The place of each row's person among `numbers`, -1 where there is none.

    Raises:
        EvaluationError: `different_numbers` where one of both holds text and the other numbers, of which none is alike.
    """
    theirs = pd.Index(given)
    if len(numbers) and len(theirs) and _is_text(numbers) != _is_text(theirs):
        raise EvaluationError(
            "different_numbers",
            f"participant_number is text in one of participants and {register}, and a number in the other",
        )
    return numbers.get_indexer(theirs).astype(np.int64)


def _is_text(numbers: pd.Index) -> bool:
    kind = numbers.categories.dtype if isinstance(numbers, pd.CategoricalIndex) else numbers.dtype
    return not pd.api.types.is_numeric_dtype(kind) and numbers.dropna().inferred_type not in ("integer", "floating")


def numbers_of(values: pd.Series, what: str) -> npt.NDArray[np.float64]:
    """A column of numbers, also where it was read as text with a decimal comma; missing is NaN.

    Raises:
        EvaluationError: `not_a_number`.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    text = pd.Series(np.asarray(values, dtype=object)).map(lambda v: v.replace(",", ".") if isinstance(v, str) else v)
    try:
        return pd.to_numeric(text.replace("", None)).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise EvaluationError("not_a_number", f"{what} holds something that is no number") from error


def municipalities_of(values: pd.Series) -> pd.Index:
    """Municipality numbers as text of four digits, also where they were read as numbers and 0301 became 301."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Index(values.astype("Int64").astype("string").str.zfill(MUNICIPALITY_DIGITS).astype(object))
    return pd.Index(values.astype(object))
