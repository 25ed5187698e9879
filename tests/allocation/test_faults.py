"""Draws under fault: many at once from two processes, killed anywhere. Nobody is drawn twice, and nobody is lost.

`pytest -m nightly tests/allocation/test_faults.py -n 0` runs the large amounts and keeps what it counted as evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from tests import evidence
from tests.allocation import faults
from tests.allocation.crowds import crowd_of
from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast, drawing
from tests.databases import database_copy
from trial.access.planes import maintenance
from trial.allocation import verify
from trial.allocation.actions import finish_unattended
from trial.allocation.queries import anchors_of, bundle_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("draw faults")]

AMOUNTS = [1_000, pytest.param(10_000, marks=pytest.mark.nightly)]
CONTROL_PEOPLE = 100


@dataclass
class Crowd:
    """A trial that draws at once, and the numbers of those who may be enrolled; in a database to be copied."""

    made: DrawCast
    numbers: list[str]
    nightly: bool


@pytest.fixture(scope="module", params=AMOUNTS)
def crowd(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: object) -> Iterator[Crowd]:
    with django_db_blocker.unblock(), database_copy("crowd"):  # type: ignore[attr-defined]
        made = drawing(mode="unattended")
        numbers = crowd_of(made, request.param)
        yield Crowd(made, numbers, nightly=request.param > AMOUNTS[0])


@pytest.fixture
def own_crowd(crowd: Crowd, django_db_blocker: object) -> Iterator[Crowd]:
    """The crowd in a database of the test's own."""
    with django_db_blocker.unblock(), database_copy("of_its_own"):  # type: ignore[attr-defined]
        yield crowd


def found_by_verifier(made: DrawCast) -> list[str]:
    open_up(made)
    return list(verify.findings(bundle_of(made.trial), anchors_of(made.trial)))


def test_many_are_drawn_from_two_processes_over_16_connections(own_crowd: Crowd, tmp_path: Path):
    numbers = own_crowd.numbers
    history = faults.race(own_crowd.made, faults.requests_from_everywhere(numbers, seed=1), tmp_path)
    assert len(history.answers) == faults.PROCESSES * len(numbers)
    assert {answer.get("refused") for answer in history.answers} <= {None, "in_progress"}
    assert faults.faults(history, expected=numbers) == []
    assert found_by_verifier(own_crowd.made) == []
    if own_crowd.nightly:
        evidence.keep(
            "draw_race",
            people=len(numbers),
            processes=faults.PROCESSES,
            connections=16,
            requests=len(history.answers),
            refused_in_progress=sum("refused" in answer for answer in history.answers),
            **{"drawn twice": 0, "lost": 0, "gaps": 0, "contradictory answers": 0, "found by the verifier": 0},
        )


def test_control_without_the_lock_the_checker_catches_the_race(own_crowd: Crowd, tmp_path: Path):
    with maintenance(), connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE allocation_allocation DROP CONSTRAINT allocation_position_once,"
            " DROP CONSTRAINT allocation_enrol_seq_once, DROP CONSTRAINT allocation_alloc_seq_once;"
            "ALTER TABLE allocation_logleaf DROP CONSTRAINT leaf_seq_once"
        )
    numbers = own_crowd.numbers[:CONTROL_PEOPLE]
    history = faults.race(own_crowd.made, faults.requests_from_everywhere(numbers, seed=2), tmp_path, lock=False)
    found = faults.faults(history, expected=numbers)
    assert found != []
    if own_crowd.nightly:
        evidence.keep("draw_race_control", people=len(numbers), lock="none", faults_found=len(found), first=found[:5])


def test_processes_killed_anywhere_lose_nobody_and_draw_nobody_twice(own_crowd: Crowd, tmp_path: Path):
    shares = faults.requests_with_kills(own_crowd.numbers, seed=3)
    history = faults.race(own_crowd.made, shares, tmp_path, connections=4)
    answered = {answer["number"] for answer in history.answers}
    finished = finish_unattended(trial=own_crowd.made.trial)
    assert set(history.killed) == set(faults.POINTS)
    assert not any("refused" in answer for answer in history.answers)
    assert faults.faults(history, expected=sorted(answered)) == []
    assert found_by_verifier(own_crowd.made) == []
    if own_crowd.nightly:
        evidence.keep(
            "draw_kill",
            people=len(own_crowd.numbers),
            killed=dict(history.killed),
            never_answered=len(own_crowd.numbers) - len(answered),
            finished_afterwards=len(finished),
            **{"drawn twice": 0, "lost": 0, "gaps": 0, "contradictory answers": 0, "found by the verifier": 0},
        )


def test_control_an_enrolment_left_unfinished_is_found(own_crowd: Crowd, tmp_path: Path):
    shares = faults.requests_with_kills(own_crowd.numbers[:CONTROL_PEOPLE], seed=4, points=("enrol_committed",))
    history = faults.race(
        own_crowd.made, [[each | {"gives_up": True} for each in share] for share in shares], tmp_path, connections=4
    )
    assert history.killed["enrol_committed"] > 0
    with maintenance(), connection.cursor() as cursor:  # nobody finishes, and nobody else's draw may have done so
        cursor.execute("SELECT count(*) FROM allocation_allocation WHERE arm_id IS NULL")
        left = cursor.fetchone()[0]
    found = faults.faults(history, expected=[])
    assert len([line for line in found if "is drawn 0 times" in line]) == left
