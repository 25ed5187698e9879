"""What is right just now, decided without a database: capacity, assignment, dates of measures and contacts.

Every function takes plain values and returns a verdict. `sentences.py` says it to people, `actions.py` acts on it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import ceil, floor

from evaluation.codes import Measure as MeasureCode

FULL_POSITION = 100  # a share of a position is counted in percent of a full one
WHOLE_PERSON = 100  # someone's weight in a caseload is counted in hundredths
LEAST_USE = 12 / 20
CODES_OF = date(2025, 1, 1)  # the edition of Nav's list of measures that `evaluation.codes` holds
LONGEST_CONTACT = 12 * 60  # minutes; more than a working day with travel is a slip of the finger
MOST_HOURS_A_WEEK = 60
CHECK_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
ONE_AT_A_TIME = frozenset({"wage_subsidy", "sheltered_work"})

Spell = tuple[date, date | None]  # first and last day, both included; None: still going on


class Verdict(StrEnum):
    """The outcome of a decision; everything but the first two is a refusal, and the value is its code."""

    ACCEPTED = "accepted"
    ACCEPTED_OVER_CAPACITY = "accepted_over_capacity"

    NOT_DRAWN = "not_drawn"
    NOT_FOLLOWED = "not_followed"
    CONTROL_NOT_ASSIGNABLE = "control_not_assignable"
    CONTROL_CONTACTED = "control_contacted"
    OTHER_OFFICE = "other_office"
    SPECIALIST_NOT_THERE = "specialist_not_there"
    ALREADY_ASSIGNED = "already_assigned"
    OVER_CAPACITY = "over_capacity"

    UNKNOWN_CODE = "unknown_code"
    CODE_NOT_VALID = "code_not_valid"
    END_BEFORE_START = "end_before_start"
    IN_FUTURE = "in_future"
    OVERLAPS = "measure_overlaps"
    GROUP_OVERLAPS = "measure_group_overlaps"
    MINUTES_OUT_OF_RANGE = "minutes_out_of_range"

    NUMBER_MALFORMED = "organisation_number_malformed"
    NUMBER_WRONG_DIGIT = "organisation_number_wrong_digit"
    HOURS_OUT_OF_RANGE = "hours_out_of_range"
    END_WITHOUT_REASON = "end_without_reason"
    REASON_WITHOUT_END = "reason_without_end"

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
    """People followed against the capacity of the position (or of several).

    `hundredths`: what the people count for together where the trial weights them by stage, 100 for one whole person;
    None where everyone counts one. `away`: nobody new can be given, whatever room there is.
    """

    people: int
    capacity: int
    hundredths: int | None = None
    away: bool = False

    @property
    def used(self) -> float:
        """Places taken: people, or their weights."""
        return self.people if self.hundredths is None else self.hundredths / WHOLE_PERSON

    @property
    def room(self) -> float:
        """How many more there is room for; negative when over capacity."""
        return self.capacity - self.used

    @property
    def free(self) -> int:
        """Whole people who can be given now."""
        return 0 if self.away else max(0, floor(self.room))

    @property
    def is_full(self) -> bool:
        return self.free == 0

    @property
    def is_over(self) -> bool:
        return self.room < 0

    @property
    def is_under(self) -> bool:
        """Below what makes good use of the position: Nav's guidance is 12 to 20 people, so three fifths."""
        return self.used < LEAST_USE * self.capacity

    @property
    def percent(self) -> int:
        """Places taken in percent of the capacity, rounded; 100 for someone without capacity who follows anyone."""
        if not self.capacity:
            return 100 if self.people else 0
        return round(100 * self.used / self.capacity)


def together(loads: Iterable[Load]) -> Load:
    """Several specialists' loads as one, for an office or a trial."""
    known = list(loads)
    weighted = any(load.hundredths is not None for load in known)
    return Load(
        sum(load.people for load in known),
        sum(load.capacity for load in known),
        round(sum(WHOLE_PERSON * load.used for load in known)) if weighted else None,
    )


def most_room(loads: Sequence[Load]) -> int | None:
    """The place of the load to propose: the most room of those who are there, and of equals the least full.

    None where nobody is there.
    """
    there = [place for place, load in enumerate(loads) if not load.away]
    return max(there, key=lambda place: (loads[place].room, -loads[place].percent, -place), default=None)


def expected_weeks(place: int, free: int, freed_a_week: float) -> int | None:
    """Weeks until the one at `place` (0 first) of a waiting list is likely to get a specialist.

    `free`: places free now; `freed_a_week`: places that became free per week of late. 0: now; None: cannot be told.
    """
    ahead = place + 1 - free
    if ahead <= 0:
        return 0
    return ceil(ahead / freed_a_week) if freed_a_week > 0 else None


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


def decide_group(group: str, spell: Spell, earlier: Iterable[tuple[str, Spell]]) -> Verdict:
    """Whether a spell may stand beside the person's measures of other codes.

    Someone is in one wage subsidy and in one sheltered workplace at a time: each is a position of its own. Everything
    else may go on together, as training beside work practice does.
    """
    same = [spell for known, spell in earlier if known == group and group in ONE_AT_A_TIME]
    return Verdict.GROUP_OVERLAPS if decide_overlap(spell, same).is_refusal else Verdict.ACCEPTED


def together_in_time(spell: Spell, other: Spell) -> bool:
    """Whether two spells share a day."""
    return decide_overlap(spell, [other]).is_refusal


def decide_organisation_number(number: str) -> Verdict:
    """Whether nine digits are an organisation number: the last is a check digit modulo 11 (Brønnøysundregistrene)."""
    if len(number) != len(CHECK_WEIGHTS) + 1 or not (number.isascii() and number.isdigit()):
        return Verdict.NUMBER_MALFORMED
    digits = [int(digit) for digit in number]
    rest = sum(weight * digit for weight, digit in zip(CHECK_WEIGHTS, digits, strict=False)) % 11
    return Verdict.ACCEPTED if (11 - rest) % 11 == digits[-1] else Verdict.NUMBER_WRONG_DIGIT


def decide_job(*, hours: float, start: date, end: date | None, reason: str, today: date) -> Verdict:
    """Whether a job may be recorded: begun by today, and where it has ended, by today and for a reason."""
    if not 0 < hours <= MOST_HOURS_A_WEEK:
        return Verdict.HOURS_OUT_OF_RANGE
    if end is None:
        return Verdict.REASON_WITHOUT_END if reason else decide_day(start, today)
    if end < start:
        return Verdict.END_BEFORE_START
    if not reason:
        return Verdict.END_WITHOUT_REASON
    return decide_day(end, today)


def decide_day(day: date, today: date) -> Verdict:
    """Whether something can have happened on a day."""
    return Verdict.IN_FUTURE if day > today else Verdict.ACCEPTED


def decide_minutes(minutes: int) -> Verdict:
    """Whether a contact can have lasted so long."""
    return Verdict.ACCEPTED if 0 < minutes <= LONGEST_CONTACT else Verdict.MINUTES_OUT_OF_RANGE
