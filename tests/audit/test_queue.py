"""Work is done by one process at a time, and a broker that does not answer stops nobody."""

import time
from uuid import UUID, uuid4

import psycopg
import pytest
from celery import Celery, current_app
from django.conf import settings
from django.db import connection, transaction

from trial.audit.queue import after_commit, alone, send

NOBODY_LISTENS = "redis://localhost:1/0"


@pytest.fixture
def dead_broker():
    """Messages of this process go to a port where nothing listens."""
    usual = current_app._get_current_object()
    unreachable = Celery("unreachable", broker=NOBODY_LISTENS)
    unreachable.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    unreachable.set_current()
    yield
    usual.set_current()


def _other_session() -> psycopg.Connection:
    known = connection.get_connection_params()
    way = {key: known[key] for key in ("host", "port", "user", "password") if key in known}
    return psycopg.connect(**way, dbname=connection.settings_dict["NAME"], autocommit=True)


def _may_have(session: psycopg.Connection, number: int) -> bool:
    found = session.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
    return bool(found and found[0])


def _free(key: UUID) -> bool:
    with alone("run", key) as held:
        return held


def _held_numbers() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        return [number for (number,) in cursor.fetchall()]


def test_a_piece_of_work_is_held_by_one_session_and_free_after_it(db):
    key = uuid4()
    with _other_session() as other:
        with alone("run", key) as held:
            (number,) = _held_numbers()
            assert held
            assert not _may_have(other, number)
        assert _may_have(other, number)
        with alone("run", key) as held:
            assert not held


def test_a_session_that_dies_holds_nothing(db):
    key = uuid4()
    with alone("run", key):
        (number,) = _held_numbers()
    other = _other_session()
    assert _may_have(other, number)
    other.close()
    deadline = time.monotonic() + 10  # the server notices within milliseconds
    while not _free(key):
        assert time.monotonic() < deadline


def test_two_pieces_of_work_do_not_hinder_each_other(db):
    key = uuid4()
    with alone("run", key) as first, alone("delivery", key) as second:
        assert first
        assert second


def test_a_broker_that_does_not_answer_stops_nobody_and_keeps_nobody_waiting(
    db, dead_broker, django_capture_on_commit_callbacks
):
    begun = time.monotonic()
    assert send("trial.analyses.tasks.run_plan", str(uuid4()), 1) is False
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        after_commit("trial.analyses.tasks.run_plan", str(uuid4()), 1)
    assert time.monotonic() - begun < 2
