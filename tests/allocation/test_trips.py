"""The turn in which a trial's draws come, and what is left to do for whoever was drawn while waiting for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest
from django.db import DatabaseError, connection

from tests.allocation.faults import address
from tests.allocation.trials import drawing
from tests.cast import acting
from trial.access.planes import maintenance
from trial.allocation.actions import _draw_at_once, _take_place
from trial.allocation.models import IdempotencyRecord, LogLeaf
from trial.allocation.trips import QUEUE, DrawTransaction
from trial.audit.actions import post
from trial.audit.models import AuditEvent, OutboxMessage
from trial.audit.rows import ask

pytestmark = pytest.mark.slow


WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
PATIENCE = 20  # seconds


def until_waiting(many: int) -> None:
    """Go on when so many wait for a turn in this database; other tests share the server."""
    end = monotonic() + PATIENCE
    with psycopg.connect(address(), autocommit=True) as database:
        while database.execute(WAITING, (QUEUE,)).fetchone() != (many,):
            if monotonic() > end:
                raise TimeoutError(f"there were never {many} who waited for a turn")
            sleep(0.01)


def test_whoever_comes_first_has_the_first_turn(committed_database):
    trial = drawing(mode="unattended").trial
    taken, order = threading.Event(), []

    def hold() -> None:
        with DrawTransaction(trial) as transaction:
            with transaction.reading():
                ask("SELECT 1")
            taken.set()
            until_waiting(5)
        connection.close()

    def come(name: int) -> None:
        with DrawTransaction(trial) as transaction:
            with transaction.reading():
                ask("SELECT 1")
            order.append(name)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(hold)
        assert taken.wait(PATIENCE)
        others = []
        for name in range(4):
            others.append(pool.submit(come, name))
            until_waiting(name + 1)
        others.append(pool.submit(come, 4))  # lets the holder go
        for each in (first, *others):
            each.result(timeout=PATIENCE)
    assert order == [0, 1, 2, 3, 4]


def test_trials_do_not_wait_for_one_another(committed_database):
    one, other = (drawing(code, mode="unattended").trial for code in ("ett", "to"))

    def come() -> None:
        with DrawTransaction(other) as transaction, transaction.reading():
            ask("SELECT 1")
        connection.close()

    with DrawTransaction(one) as transaction:
        with transaction.reading():
            ask("SELECT 1")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(come).result(timeout=10)


def test_what_is_written_is_not_committed_after_an_error_in_it(committed_database):
    trial = drawing(mode="unattended").trial

    def write() -> None:
        with DrawTransaction(trial) as transaction:
            with transaction.reading():
                ask("SELECT 1")
            with transaction.writing():
                post(kind="first", to="a")
                IdempotencyRecord(pk=999_999).changed(answer="x")

    with maintenance():
        before = OutboxMessage.objects.count(), AuditEvent.objects.count()
    with pytest.raises(DatabaseError, match="met 0 rows"):
        write()
    with maintenance():
        assert (OutboxMessage.objects.count(), AuditEvent.objects.count()) == before


def test_whoever_was_drawn_while_waiting_for_a_turn_is_told_the_same_and_nothing_is_drawn_again(db):
    made = drawing(mode="unattended")
    kari, people = made.cast.kari, made.people(3)
    with acting(kari):
        taken = [_take_place(by=kari, participant=person, key=person.number) for person in people]
        first = _draw_at_once(by=kari, allocation=taken[0][0], kept=taken[0][1])
    with maintenance():
        drawn = LogLeaf.objects.filter(kind="ALLOC").count()
        arms = {place.participant_id: place.arm for place in made.trial.allocations.select_related("arm")}
    assert (drawn, first.arm) == (3, arms[people[0].pk])
    with acting(kari):
        for place, kept in taken[1:]:
            told = _draw_at_once(by=kari, allocation=place, kept=kept)
            assert (told.arm, told.participant.state) == (arms[place.pk], "allocated")
            assert f'"arm":"{told.arm.code}"' in kept.answer
    with maintenance():
        assert LogLeaf.objects.filter(kind="ALLOC").count() == drawn
