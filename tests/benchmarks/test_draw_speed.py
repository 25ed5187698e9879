"""How fast people are drawn, against the bare floor: the same rows in as many transactions by plain psycopg.

Run by name: ``pytest -m benchmark tests/benchmarks/test_draw_speed.py -n 0 -s``. Both run on the same server, over
the same number of connections, one after the other; seconds are this machine's, the ratio is what counts.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from psycopg.types.json import Jsonb

from tests.allocation.trials import DrawCast, drawing
from trial.access.planes import acting_in, maintenance
from trial.allocation.actions import enrol
from trial.allocation.models import Allocation, LogLeaf
from trial.studies.queries import plane_for

CONNECTIONS = 8
PEOPLE = 200
LEAF = "INSERT INTO floor_leaf (trial_id, seq, kind, text, leaf_hash) VALUES (1, %s, 'ENROL', %s, %s)"
AUDIT = (
    "INSERT INTO floor_audit (id, time, actor, verb, trial, subject, details) "
    "VALUES (%s, now(), 'a', 'b', 'c', 'd', '{}')"
)
OUTBOX = (
    "INSERT INTO floor_outbox (id, created_at, kind, recipient, payload, attempts) "
    "VALUES (%s, now(), 'k', 'r', '{}', 0)"
)
TABLES = """
CREATE TABLE floor_leaf (LIKE allocation_logleaf INCLUDING ALL);
CREATE TABLE floor_audit (LIKE audit_auditevent INCLUDING ALL);
CREATE TABLE floor_outbox (LIKE audit_outboxmessage INCLUDING ALL);
CREATE TABLE floor_place (key uuid PRIMARY KEY, position bigint UNIQUE, arm int, receipt jsonb);
CREATE TABLE floor_key (key text PRIMARY KEY, fingerprint text, answer text);
CREATE TABLE floor_state (id int PRIMARY KEY, size bigint, frontier jsonb);
INSERT INTO floor_state VALUES (1, 0, '[]');
"""


def timed(work: Callable[[Any], object], items: Sequence[Any]) -> tuple[float, list[float]]:
    """(items a second, seconds of each) over the connections at once."""

    def one(item: Any) -> float:
        began = perf_counter()
        work(item)
        return perf_counter() - began

    began = perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        each = sorted(pool.map(one, items))
        list(pool.map(lambda _: connection.close(), range(CONNECTIONS)))
    return len(items) / (perf_counter() - began), each


def by_action(made: DrawCast) -> Callable[[Any], object]:
    kari = made.cast.kari
    plane = plane_for(kari)

    def work(person: Any) -> None:
        with acting_in(plane):
            enrol(by=kari, participant=person, idempotency_key=str(person.pk))

    return work


@contextmanager
def by_floor(leaf: LogLeaf, place: Allocation) -> Iterator[Callable[[Any], object]]:
    """Two transactions a draw with the rows of a draw, and the lock that puts them in order; nothing else."""
    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("host", "port", "user", "dbname") if parameters.get(key)}
    thread, opened = local(), []

    def append(cursor: psycopg.Cursor[Any]) -> int:
        size = cursor.execute("SELECT size FROM floor_state WHERE id = 1 FOR UPDATE").fetchone()[0]  # type: ignore[index]
        cursor.execute(LEAF, (size, leaf.text, leaf.leaf_hash))
        cursor.execute(
            "UPDATE floor_state SET size = size + 1, frontier = %s WHERE id = 1", (Jsonb([leaf.leaf_hash] * 8),)
        )
        for _ in range(2):
            cursor.execute(AUDIT, (uuid4(),))
        return int(size)

    def work(person: Any) -> None:
        if not hasattr(thread, "database"):
            thread.database = psycopg.connect(**known)
            opened.append(thread.database)
        with thread.database.transaction(), thread.database.cursor() as cursor:
            size = append(cursor)
            cursor.execute("INSERT INTO floor_key VALUES (%s, 'f', '')", (str(person.pk),))
            cursor.execute("INSERT INTO floor_place VALUES (%s, %s)", (person.pk, size))
        with thread.database.transaction(), thread.database.cursor() as cursor:
            append(cursor)
            cursor.execute(
                "UPDATE floor_place SET arm = 1, receipt = %s WHERE key = %s", (Jsonb(place.receipt), person.pk)
            )
            cursor.execute(OUTBOX, (uuid4(),))
            cursor.execute("UPDATE floor_key SET answer = %s WHERE key = %s", (leaf.text * 4, str(person.pk)))

    yield work
    for database in opened:
        database.close()


@pytest.mark.benchmark
def test_draws_a_second_against_plain_psycopg(committed_database: None) -> None:
    made = drawing(mode="unattended")
    people = made.people(PEOPLE)
    rate, each = timed(by_action(made), people)
    with maintenance(), connection.cursor() as cursor:
        leaf, place = LogLeaf.objects.first(), Allocation.objects.first()
        cursor.execute(TABLES)
    with by_floor(leaf, place) as work:
        floor, _ = timed(work, people)
    print(
        f"\n{CONNECTIONS} connections, {PEOPLE} people: {rate:.0f} draws/s, p50 {1000 * each[len(each) // 2]:.0f} ms, "
        f"p99 {1000 * each[int(len(each) * 0.99)]:.0f} ms; floor {floor:.0f} draws/s; {rate / floor:.0%} of the floor"
    )
    with maintenance():
        assert Allocation.objects.filter(arm__isnull=False).count() == PEOPLE
