"""The patterns that an office lead is shown; by hand, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from trial.enrolment.oddities import LABELS, MANY, OFTEN, Odd, Shown, oddities

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def shown(key, *, user=1, subject=None, at=MONDAY, shielded=False):
    return Shown(key, user, UUID(int=key if subject is None else subject), at, shielded)


def test_an_ordinary_day_has_nothing_odd():
    assert oddities(shown(key, at=MONDAY + 20 * key * MINUTE) for key in range(15)) == {}


def test_many_different_people_within_an_hour_are_marked_whole():
    rush = [shown(key, at=MONDAY + 2 * key * MINUTE) for key in range(MANY)]
    assert oddities(rush) == {key: [Odd.MANY] for key in range(MANY)}


@pytest.mark.parametrize(
    "calm",
    [
        [shown(key, at=MONDAY + 2 * key * MINUTE) for key in range(MANY - 1)],
        [shown(key, at=MONDAY + 4 * key * MINUTE) for key in range(MANY)],
        [shown(key, user=key % 2, at=MONDAY + 2 * key * MINUTE) for key in range(MANY)],
        [shown(key, subject=key % 5, at=MONDAY + timedelta(days=key % 4) + key * MINUTE) for key in range(MANY)],
    ],
    ids=["one fewer", "slower", "two colleagues", "the same few people"],
)
def test_less_than_that_is_not(calm):
    assert oddities(calm) == {}


def test_the_same_person_again_and_again_on_a_day():
    again = [shown(key, subject=7, at=MONDAY + 30 * key * MINUTE) for key in range(OFTEN)]
    assert oddities(again) == {key: [Odd.OFTEN] for key in range(OFTEN)}
    assert oddities(again[1:]) == {}


@pytest.mark.parametrize(
    ("at", "odd"),
    [
        (datetime(2026, 3, 2, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 5, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 18, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 19, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 4, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 10, 0, tzinfo=UTC), True),
    ],
    ids=["before six", "six in winter", "before eight", "eight in the evening", "six in summer", "a Saturday"],
)
def test_outside_working_hours_in_oslo(at, odd):
    assert oddities([shown(1, at=at)]) == ({1: [Odd.HOURS]} if odd else {})


def test_a_shielded_person_is_always_marked():
    assert oddities([shown(1, shielded=True)]) == {1: [Odd.SHIELDED]}


def test_every_pattern_has_its_words():
    assert set(LABELS) == set(Odd)


def test_the_steps_of_a_registration_are_no_looking_up():
    """Whoever goes back and forth in a registration sees the same person many times; from then on it counts."""
    steps = [replace(shown(key, subject=7), registering=True) for key in range(2 * OFTEN)]
    assert oddities(steps) == {}
    later = [shown(100 + key, subject=7) for key in range(OFTEN)]
    assert oddities([*steps, *later]) == {100 + key: [Odd.OFTEN] for key in range(OFTEN)}
