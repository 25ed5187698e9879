"""What leaves the house or lies outside the identity plane, gathered while people work with canaries.

Answers to everyone who is no office, logs, the security log, mails, files, the broker, and every table of the database.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from psycopg import sql

from tests.access.world import World
from tests.worker import PREFIX
from trial.access.models import User
from trial.access.planes import maintenance
from trial.audit import cef
from trial.config import logs
from trial.config.endpoints import endpoints
from trial.config.rules import RULES, SIGN_IN, Rule
from trial.studies.queries import plane_for


@contextmanager
def heard() -> Iterator[dict[str, io.StringIO]]:
    """What the house writes to its log and to the security log, set up as in production."""
    root, before, error = logging.getLogger(), logging.getLogger().handlers, sys.stderr
    level = root.level
    written = {"log": io.StringIO(), "security log": io.StringIO()}
    listener = logging.StreamHandler(written["security log"])
    sys.stderr = written["log"]
    logs.configure()
    cef.LOGGER.addHandler(listener)
    try:
        yield written
    finally:
        cef.LOGGER.removeHandler(listener)
        root.handlers, sys.stderr = before, error
        root.setLevel(level)


def answers_to(world: World, user: User, read: set[tuple[str, ...]]) -> Iterator[tuple[str, bytes]]:
    """Everything that a user reads by following addresses: body and headers, of refusals too.

    `read`: what somebody on the same plane of data has read already, and need not be made again.
    """
    client = Client(raise_request_exception=False)
    client.force_login(user)
    with maintenance():
        plane = plane_for(user).role
    for endpoint in endpoints():
        rule = RULES.get(endpoint.name, Rule())
        if endpoint.name in SIGN_IN or rule.get is None:
            continue
        for office in list(world.places)[: None if rule.per_person else 1]:
            if (plane, endpoint.name, office) in read:
                continue
            arguments, _exists = world.arguments(endpoint, office)
            answer = client.get(reverse(endpoint.name, kwargs=arguments))
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if answer.status_code == 200:
                read.add((plane, endpoint.name, office))
            yield f"{user} reads {endpoint.path} at {office}", body
            yield f"{user} reads the headers of {endpoint.path}", str(dict(answer.headers)).encode()


def tables() -> Iterator[tuple[str, bytes]]:
    """Every table as a dump writes it: sessions, queues, and the identity plane's own, which are ciphertext."""
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        for (table,) in cursor.fetchall():
            rows = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(table))
            with cursor.copy(rows) as copy:
                yield f"table {table}", b"".join(map(bytes, copy))


def files() -> Iterator[tuple[str, bytes]]:
    """Every file under the folders that the house writes to, with its name."""
    for folder in (settings.SNAPSHOT_ROOT, settings.UPLOAD_ROOT, settings.WORK_ROOT):
        for path in Path(folder).rglob("*"):
            if path.is_file():
                yield f"file {path.name}", path.read_bytes()
                yield "the name of a file", path.name.encode()


def messages() -> Iterator[tuple[str, bytes]]:
    """What waits at the broker: the names and arguments of tasks, and answers."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    readers = {
        b"list": lambda key: broker.lrange(key, 0, -1), b"hash": broker.hgetall, b"set": broker.smembers,
        b"zset": lambda key: broker.zrange(key, 0, -1), b"string": broker.get,
    }  # fmt: skip
    for key in broker.scan_iter(f"{PREFIX}*"):
        yield f"broker {key.decode()}", repr(readers[broker.type(key)](key)).encode()
    broker.close()


def mails() -> Iterator[tuple[str, bytes]]:
    """Mails without the line that says to whom."""
    for message in mail.outbox:
        message.to = ["someone@example.no"]
        yield f"mail {message.subject}", message.message().as_bytes()
