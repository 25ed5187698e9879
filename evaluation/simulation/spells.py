"""Monthly states to spells with days.

A spell holds on the last day of exactly the months that it was made from: it begins on the first day of its first month
(or later in it, where `Calendar.later` is used) and ends on the last day of its last one. What still holds in the last
month of the register is ongoing; what holds in the first month has begun some months earlier.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.simulation.joint import FIRST_MONTH

Ints = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Month = np.datetime64

EARLIER_MONTHS = 18  # mean months by which spells that hold in the first month have begun before it
EARLIEST_MONTHS = 60


@dataclass(frozen=True)
class Runs:
    """Stretches of months in one state: person, state, first and last column (inclusive)."""

    person: Ints
    state: Ints
    begin: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.person)

    def __getitem__(self, kept: Any) -> "Runs":
        return Runs(self.person[kept], self.state[kept], self.begin[kept], self.end[kept])


def runs_of(states: npt.NDArray[Any]) -> Runs:
    """The stretches of every state but 0 in persons x months, by person and time."""
    edge = np.zeros((len(states), 1), dtype=states.dtype)
    padded = np.concatenate([edge, states, edge], axis=1)
    changed = padded[:, 1:] != padded[:, :-1]
    person, begin = np.nonzero(changed[:, :-1] & (states != 0))
    _person, end = np.nonzero(changed[:, 1:] & (states != 0))
    return Runs(person, states[person, begin].astype(np.int64), begin, end)


@dataclass(frozen=True)
class Calendar:
    """Where columns lie in time. first: each person's calendar month of column 0; last: last month of the registers."""

    numbers: npt.NDArray[Any]
    first: Days
    last: Month

    @property
    def columns(self) -> int:
        return int((self.last - self.first.min()).astype(int)) + 1

    @property
    def last_column(self) -> Ints:
        return (self.last - self.first).astype(np.int64)

    def covered(self, states: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The states with 0 after the last month of the registers."""
        return np.where(np.arange(states.shape[1]) <= self.last_column[:, None], states, 0)

    def spells(self, runs: Runs, rng: np.random.Generator, later: Truth | None = None) -> dict[str, Any]:
        """participant_number, start and end of each run. later: runs that begin on a random day of their month."""
        earlier = np.minimum(rng.geometric(1 / EARLIER_MONTHS, len(runs)), EARLIEST_MONTHS)
        first = self.first[runs.person] + runs.begin - np.where(runs.begin == 0, earlier, 0)
        start = first.astype("datetime64[D]")
        if later is not None:
            start = start + np.where(later, rng.integers(0, 28, len(runs)), 0)
        end = (self.first[runs.person] + runs.end + 1).astype("datetime64[D]") - 1
        ongoing = runs.end >= self.last_column[runs.person]
        return {
            "participant_number": self.numbers[runs.person],
            "start": pd.Series(start.astype("datetime64[s]")),
            "end": pd.Series(end.astype("datetime64[s]")).where(~ongoing),
        }


def calendar_of(participants: pd.DataFrame, last: Month) -> Calendar:
    """The calendar of these persons in registers whose last month is `last`."""
    return Calendar(participants["participant_number"].to_numpy(), start_months(participants) + FIRST_MONTH, last)


def start_months(participants: pd.DataFrame) -> Days:
    """The calendar month of each person's start."""
    return participants["start_date"].to_numpy().astype("datetime64[M]")
