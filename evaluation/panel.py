"""Spells of registers to one row a person and month.

A spell adds one where it begins and takes it away after it ends; the running sum over months says whether a state holds
(a difference array). Hours are summed as whole millionths, so that the sum of concurrent jobs does not depend on their
order and a job that ends leaves exactly nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.outcomes import HOUR_UNITS, declare_outcomes
from evaluation.register_frames import (
    Coverage,
    coverage_of,
    days_of,
    municipalities_of,
    numbers_of,
    places_of,
    require_register,
)

Rule = Literal["last_day", "any_day"]
Grid = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """The months of each person: `first[i]` is the calendar month (year x 12 + month - 1) of column 0 of person i."""

    numbers: pd.Index
    first: npt.NDArray[np.int64]
    months: tuple[int, int]
    on: Rule

    @property
    def width(self) -> int:
        return self.months[1] - self.months[0] + 1

    @cached_property
    def calendar(self) -> Grid:
        """Calendar month of every cell, persons x months."""
        return self.first[:, None] + np.arange(self.width)


def person_months(
    participants: pd.DataFrame,
    *,
    employment: pd.DataFrame | None = None,
    benefits: pd.DataFrame | None = None,
    measures: pd.DataFrame | None = None,
    education: pd.DataFrame | None = None,
    work_capacity: pd.DataFrame | None = None,
    unemployment: pd.DataFrame | None = None,
    months: tuple[int, int] = (-36, 36),
    on: Rule = "last_day",
    data_to: Coverage = None,
    data_from: Coverage = None,
    min_hours: float = 4,
    exclude_in_measure: bool = False,
) -> pd.DataFrame:
    """One row a person and month, with every outcome that the given registers can tell.

    Args:
        participants: participant_number, office, arm, start_date (one row a person); municipality, with unemployment.
        employment, benefits, measures, education, work_capacity: spells (EVALUATION: register deliveries); `end` empty
            means ongoing. A register left out leaves out the outcomes that need it. Days are timestamps, dates, or text
            as yyyy-mm-dd or dd.mm.yyyy; a spell that ends before it starts is none, a job without hours adds none.
        unemployment: municipality, month (any day of it), rate in per cent; joined on the participant's municipality.
        months: first and last month, month 0 being the calendar month of start_date.
        on: a state holds in a month when it holds on its `last_day`, or on `any_day` of it.
        data_to: last day that the registers cover: one date (or its text), or one per register. Months that end later
            are missing.
        data_from: first day that they cover, likewise. Months that begin earlier are missing.
        min_hours: weekly hours from which a person counts as employed.
        exclude_in_measure: count as employed only outside measures, wage subsidies excepted (the Proba rule).

    Returns:
        participant_number, office, arm, month, calendar_month (period), then outcomes as float64: shares 0 or 1,
        `hours` in hours a week, missing outside what the registers cover; `unemployment_rate` in per cent where it was
        given. Sorted by person in the given order, month.

    Raises:
        EvaluationError: `duplicate_participant`, `missing_column`, `missing_number`, `missing_start_date`,
            `unknown_rule`, `wrong_months`, `not_a_date`, `not_a_number`, `different_numbers` when participant numbers
            are text in one frame and numbers in another, `unknown_register` in `data_to` or `data_from`.
    """
    _check(participants, on, months)
    window = _window(participants, months, on)
    spells = {
        "employment": employment,
        "benefits": benefits,
        "measures": measures,
        "education": education,
        "work_capacity": work_capacity,
    }
    given = {name: located(frame, window, name) for name, frame in spells.items() if frame is not None}
    states = RegisterMonths(window, given, data_to, data_from)
    columns = declare_outcomes(states, min_hours=min_hours, exclude_in_measure=exclude_in_measure)
    if unemployment is not None:
        columns["unemployment_rate"] = _rates(participants, unemployment, window)
    return _frame(participants, window, columns)


def _check(participants: pd.DataFrame, on: str, months: tuple[int, int]) -> None:
    for column in ("participant_number", "office", "arm", "start_date"):
        if column not in participants:
            raise EvaluationError("missing_column", f"participants has no column {column}")
    if participants["participant_number"].duplicated().any():
        raise EvaluationError("duplicate_participant", "a participant number occurs twice in participants")
    if participants["participant_number"].isna().any():
        raise EvaluationError("missing_number", "a participant has no participant_number")
    if days_of(participants["start_date"], "start_date").isna().any():
        raise EvaluationError("missing_start_date", "a participant has no start_date")
    if len(months) != 2 or any(int(month) != month for month in months) or months[0] > months[1]:
        raise EvaluationError("wrong_months", "months are the first and the last month, whole numbers")
    if on not in ("last_day", "any_day"):
        raise EvaluationError("unknown_rule", "on is last_day or any_day")


def _window(participants: pd.DataFrame, months: tuple[int, int], on: Rule) -> Window:
    first, last = (int(month) for month in months)
    start = days_of(participants["start_date"], "start_date")
    return Window(pd.Index(participants["participant_number"]), month_number(start) + first, (first, last), on)


def month_number(days: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    return days.year.to_numpy().astype(np.int64) * 12 + days.month.to_numpy() - 1


@dataclass(frozen=True)
class Spells:
    """Spells with known persons, as month columns: `begin` to `end` inclusive, clipped to the window."""

    frame: pd.DataFrame
    person: npt.NDArray[np.int64]
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def located(frame: pd.DataFrame, window: Window, register: str) -> Spells:
    """Find the person and the first and last month column of each spell; drop those that touch no month.

    Raises:
        EvaluationError: `missing_column`, `not_a_date`, `missing_start` of a spell, `different_numbers`.
    """
    require_register(register, frame)
    person = places_of(window.numbers, frame["participant_number"], register)
    if (person < 0).any():
        frame, person = frame[person >= 0], person[person >= 0]
    start, stop = (days_of(frame[name], f"{name} of {register}") for name in ("start", "end"))
    if start.isna().any():
        raise EvaluationError("missing_start", f"a spell of {register} has no start")
    ongoing = np.asarray(stop.isna())
    stop = stop.where(~ongoing, pd.Timestamp("2200-12-31"))
    last = month_number(stop)
    if window.on == "last_day":
        last = last - (~np.asarray(stop.is_month_end)).astype(np.int64)
    offset = window.first[person]
    begin = np.clip(month_number(start) - offset, 0, None)
    end = np.minimum(last - offset, window.width - 1)
    keep = (begin <= end) & np.asarray(start <= stop)
    return Spells(frame.loc[keep].reset_index(drop=True), person[keep], begin[keep], end[keep])


class RegisterMonths:
    """What the registers say in every person-month; the outcomes are declared on it (`outcomes.py`)."""

    def __init__(
        self, window: Window, spells: Mapping[str, Spells], data_to: Coverage = None, data_from: Coverage = None
    ) -> None:
        self._window = window
        self._spells = spells
        self._first = {name: first_whole_month(day) for name, day in coverage_of(data_from, "data_from").items()}
        self._last = {name: last_whole_month(day) for name, day in coverage_of(data_to, "data_to").items()}

    def has(self, *registers: str) -> bool:
        return all(register in self._spells for register in registers)

    def observed(self, *registers: str) -> npt.NDArray[np.bool_]:
        """Where all the named registers cover the whole month."""
        known = np.ones(self._window.calendar.shape, dtype=bool)
        for register in registers:
            if register in self._last:
                known &= self._window.calendar <= self._last[register]
            if register in self._first:
                known &= self._window.calendar >= self._first[register]
        return known

    def holds(self, register: str, column: str = "", codes: Any = None) -> npt.NDArray[np.bool_]:
        """Where at least one spell of the register (with one of `codes` in `column`) is in force."""
        spells = self._spells[register]
        chosen = _are_among(spells.frame[column], list(codes)) if column else slice(None)
        return self._running_sum(spells, chosen) > 0

    def hours(self) -> Grid:
        """Weekly hours in millionths, summed over concurrent jobs."""
        spells = self._spells["employment"]
        full, percent = (numbers_of(spells.frame[name], name) for name in ("full_time_hours", "position_percent"))
        weekly = np.nan_to_num(full * percent / 100)
        # Halves go up, as in every database; numpy would round them to the even number.
        units = np.floor(weekly * HOUR_UNITS + 0.5).astype(np.int64)
        return self._running_sum(spells, slice(None), units)

    def chosen(self, condition: npt.NDArray[np.bool_], value: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value where the condition holds, and 0 elsewhere."""
        return np.where(condition, value, 0.0)

    def _running_sum(self, spells: Spells, chosen: Any, amount: npt.NDArray[np.int64] | None = None) -> Grid:
        """The sum over the spells in force, persons x months; without an amount, their number."""
        persons, width = len(self._window.numbers), self._window.width
        row = spells.person[chosen] * (width + 1)
        weights = None if amount is None else amount[chosen]
        change = _added(row + spells.begin[chosen], weights, persons * (width + 1))
        change -= _added(row + spells.end[chosen] + 1, weights, persons * (width + 1))
        return np.cumsum(change.reshape(persons, width + 1)[:, :width], axis=1)


def _are_among(values: pd.Series, codes: list[Any]) -> npt.NDArray[np.bool_]:
    """Where a column holds one of the codes; codes that are numbers may have been read as text."""
    if isinstance(codes[0], int):
        return np.isin(numbers_of(values, str(values.name)), codes)
    return values.isin(codes).to_numpy(dtype=bool)


def _added(places: npt.NDArray[np.int64], weights: npt.NDArray[np.int64] | None, size: int) -> npt.NDArray[np.int64]:
    """Amounts summed by place. They are whole and small enough for a double to hold their sums exactly."""
    return np.bincount(places, weights=weights, minlength=size).astype(np.int64, copy=False)


def last_whole_month(until: date) -> int:
    day = pd.Timestamp(until)
    return day.year * 12 + day.month - 1 - (0 if day.is_month_end else 1)


def first_whole_month(since: date) -> int:
    return since.year * 12 + since.month - 1 + (0 if since.day == 1 else 1)


def _rates(participants: pd.DataFrame, unemployment: pd.DataFrame, window: Window) -> npt.NDArray[np.float64]:
    """The rate of each person's municipality in each calendar month, persons x months; missing where there is none.

    Raises:
        EvaluationError: `missing_column`, `duplicate_rate` when a municipality has two rates in a month.
    """
    if "municipality" not in participants:
        raise EvaluationError("missing_column", "participants has no column municipality")
    require_register("unemployment", unemployment)
    if not len(participants):
        return np.empty(window.calendar.shape)
    month = month_number(days_of(unemployment["month"], "month of unemployment"))
    first, last = int(window.calendar.min()), int(window.calendar.max())
    named = municipalities_of(unemployment["municipality"])
    places = named.unique()
    row = places.get_indexer(named)
    inside = (month >= first) & (month <= last)
    cells = np.full((len(places) + 1, last - first + 1), np.nan)  # the last row is of those without a municipality
    if pd.Series(row * 1_000_000 + month).duplicated().any():
        raise EvaluationError("duplicate_rate", "a municipality has two rates of unemployment in a month")
    cells[row[inside], month[inside] - first] = numbers_of(unemployment["rate"], "rate")[inside]
    home = places.get_indexer(municipalities_of(participants["municipality"]))
    return cells[home[:, None], window.calendar - first]


def _frame(participants: pd.DataFrame, window: Window, columns: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    persons, width = len(window.numbers), window.width
    month = np.tile(np.arange(window.months[0], window.months[1] + 1), persons)
    calendar = pd.PeriodIndex.from_ordinals(window.calendar.ravel() - 1970 * 12, freq="M")  # type: ignore[attr-defined]
    person = np.arange(persons).repeat(width)
    head = {name: participants[name].array.take(person) for name in ("participant_number", "office", "arm")}
    body = {name: values.ravel() for name, values in columns.items()}
    # Each column keeps the memory that it was made in: a copy into one block would take longer than all the rest.
    return pd.DataFrame(head | {"month": month, "calendar_month": calendar} | body, copy=False)
