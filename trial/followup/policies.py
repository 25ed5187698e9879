"""What is right just now, decided without a database: capacity, assignment, dates of measures and contacts.

Every function takes plain values and returns a verdict. `sentences.py` says it to people, `actions.py` acts on it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evaluation.codes import Measure as MeasureCode

FULL_POSITION = 100  # a share of a position is counted in percent of a full one
CODES_OF = date(2025, 1, 1)  # the edition of Nav's list of measures that `evaluation.codes` holds
LONGEST_CONTACT = 12 * 60  # minutes; more than a working day with travel is a slip of the finger

Spell = tuple[date, date | None]  # first and last day, both included; None: still going on


class Verdict(StrEnum):
    """The outcome of a decision; everything but the first two is a refusal, and the value is its code."""

    ACCEPTED = "accepted"
    ACCEPTED_OVER_CAPACITY = "accepted_over_capacity"

    NOT_DRAWN = "not_drawn"
    NOT_FOLLOWED = "not_followed"
    CONTROL_NOT_ASSIGNABLE = "control_not_assignable"
    OTHER_OFFICE = "other_office"
    SPECIALIST_NOT_THERE = "specialist_not_there"
    ALREADY_ASSIGNED = "already_assigned"
    OVER_CAPACITY = "over_capacity"

    UNKNOWN_CODE = "unknown_code"
    CODE_NOT_VALID = "code_not_valid"
    END_BEFORE_START = "end_before_start"
    IN_FUTURE = "in_future"
    OVERLAPS = "measure_overlaps"
    MINUTES_OUT_OF_RANGE = "minutes_out_of_range"

    @property
    def is_refusal(self) -> bool:
        return self not in (Verdict.ACCEPTED, Verdict.ACCEPTED_OVER_CAPACITY)


def capacity(share: int, per_position: int) -> int:
    """How many people a share of a position (percent) can follow: whole people, rounded down.

    `per_position`: people per full position, the trial's setting (Nav's guidance is 12 to 20).
    """
    return share * per_position // FULL_POSITION


@dataclass(frozen=True)
class Load:
    """A specialist's people against the capacity of the position share."""

    people: int
    capacity: int

    @property
    def room(self) -> int:
        """How many more there is room for; negative when over capacity."""
        return self.capacity - self.people

    @property
    def is_full(self) -> bool:
        return self.room <= 0

    @property
    def percent(self) -> int:
        """People in percent of the capacity, rounded; 100 for someone without capacity who follows anyone."""
        if not self.capacity:
            return 100 if self.people else 0
        return round(100 * self.people / self.capacity)


def together(loads: Iterable[Load]) -> Load:
    """Several specialists' loads as one, for an office or a trial."""
    known = list(loads)
    return Load(sum(load.people for load in known), sum(load.capacity for load in known))


def most_room(loads: Sequence[Load]) -> int | None:
    """The place of the load to propose: the most room, and of equals the least full. None where there are none."""
    if not loads:
        return None
    return max(range(len(loads)), key=lambda place: (loads[place].room, -loads[place].percent, -place))


@dataclass(frozen=True)
class AssignmentCase:
    """What is known when someone is to be given to a job specialist.

    `is_control` is None while no arm is drawn. `reason` is why the capacity may be exceeded, empty if not given.
    """

    is_control: bool | None
    is_followed: bool
    same_office: bool
    specialist_there: bool
    is_assigned: bool
    load: Load
    reason: str = ""


def decide_assignment(case: AssignmentCase) -> Verdict:
    """Whether a participant may be given to a specialist. The trial's own rule, the arm, comes before all others."""
    if case.is_control is None:
        return Verdict.NOT_DRAWN
    if case.is_control:
        return Verdict.CONTROL_NOT_ASSIGNABLE
    if not case.is_followed:
        return Verdict.NOT_FOLLOWED
    if not case.same_office:
        return Verdict.OTHER_OFFICE
    if not case.specialist_there:
        return Verdict.SPECIALIST_NOT_THERE
    if case.is_assigned:
        return Verdict.ALREADY_ASSIGNED
    if not case.load.is_full:
        return Verdict.ACCEPTED
    return Verdict.ACCEPTED_OVER_CAPACITY if case.reason.strip() else Verdict.OVER_CAPACITY


def decide_spell(*, start: date, end: date | None, today: date) -> Verdict:
    """Whether a spell may be recorded: begun by today, and not ended before it began. A planned end may lie ahead."""
    if end is not None and end < start:
        return Verdict.END_BEFORE_START
    return decide_day(start, today)


def is_valid_on(code: MeasureCode, day: date) -> bool:
    """Whether a measure that starts on `day` may carry a code.

    Nav's list says which codes are being phased out and which are new, but not from when: the former may be used for
    measures begun before `CODES_OF`, the latter from then on.
    """
    if code.status == "phasing_out":
        return day < CODES_OF
    return code.status != "new" or day >= CODES_OF


def decide_code(code: MeasureCode | None, start: date) -> Verdict:
    """Whether a measure that starts on `start` may carry a code; None: no such code."""
    if code is None:
        return Verdict.UNKNOWN_CODE
    return Verdict.ACCEPTED if is_valid_on(code, start) else Verdict.CODE_NOT_VALID


def decide_overlap(spell: Spell, earlier: Iterable[Spell]) -> Verdict:
    """Whether a spell keeps clear of the earlier ones of the same measure; other measures may go on beside it."""
    start, end = spell
    shared = (
        start <= (their_end or date.max) and their_start <= (end or date.max) for their_start, their_end in earlier
    )
    return Verdict.OVERLAPS if any(shared) else Verdict.ACCEPTED


def decide_day(day: date, today: date) -> Verdict:
    """Whether something can have happened on a day."""
    return Verdict.IN_FUTURE if day > today else Verdict.ACCEPTED


def decide_minutes(minutes: int) -> Verdict:
    """Whether a contact can have lasted so long."""
    return Verdict.ACCEPTED if 0 < minutes <= LONGEST_CONTACT else Verdict.MINUTES_OUT_OF_RANGE
