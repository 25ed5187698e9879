"""Work for the worker: handed over after the commit, done by one process at a time, never lost.

The rows in PostgreSQL say what is to be done; a message only says "look now". A message that is lost (the broker was
down, a worker was killed) is sent again by the sweep of its room, and one that comes twice does nothing.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def after_commit(task: str, *keys: str | int, expires: int | None = None) -> None:
    """Ask the worker for `task` once the transaction at hand is committed. `keys` are database keys only."""
    transaction.on_commit(lambda: send(task, *keys, expires=expires), robust=True)


def send(task: str, *keys: str | int, expires: int | None = None) -> bool:
    """Send a message now; False when the broker does not answer, which nobody needs to wait for."""
    try:
        current_app.send_task(task, args=keys, expires=expires, retry=False)
    except OperationalError:
        log.warning("broker_unreachable", task=task, keys=keys)
        return False
    return True


@contextmanager
def alone(kind: str, key: UUID | str) -> Iterator[bool]:
    """Hold a piece of work; False when another process does it.

    A session's advisory lock in PostgreSQL: it ends with the connection, so a killed worker holds nothing and needs no
    heartbeat, and a slow one is never taken for dead. It needs a direct connection (no transaction pooling).
    """
    number = int.from_bytes(hashlib.sha256(f"{kind}/{key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        held: bool = cursor.fetchone()[0]
    try:
        yield held
    finally:
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
