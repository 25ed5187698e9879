"""Servers that the environment names: asked before anything relies on them, so that a slip is told in a sentence."""

import os
from typing import Any

import dj_database_url
import psycopg
import redis
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from trial.config.services.failures import ServiceFailure

OLDEST = 16  # grants that say who may speak as whom
PATIENCE_SECONDS = 5

ACCOUNT = """
SELECT rolsuper OR rolcreaterole AS may_make_roles, pg_has_role(d.datdba, 'USAGE') AS owns_database
FROM pg_roles r JOIN pg_database d ON d.datname = current_database() WHERE r.rolname = current_user
"""


def check_named(*, for_demonstration: bool) -> None:
    """Ask the servers that DATABASE_URL and REDIS_URL name; those that are not named are made later.

    Only the demonstration needs a broker at once, and a database that it may fill. Raises `ServiceFailure`.
    """
    if database := os.environ.get("DATABASE_URL", ""):
        check_database(database, to_fill=for_demonstration)
    if (broker := os.environ.get("REDIS_URL", "")) and for_demonstration:
        check_broker(broker)


def check_database(url: str, *, to_fill: bool = False) -> None:
    """Raise unless a PostgreSQL of a known version answers at `url`; `to_fill`: and its account may make everything."""
    try:
        with psycopg.connect(_conninfo(url), row_factory=dict_row) as connection:
            major = connection.info.server_version // 10_000
            account = connection.execute(ACCOUNT).fetchone() or {}
    except psycopg.Error as error:
        raise ServiceFailure(f"The PostgreSQL that DATABASE_URL names does not answer: {_first_line(error)}") from None
    if major < OLDEST:
        raise ServiceFailure(f"DATABASE_URL names PostgreSQL {major}; {OLDEST} or later is needed.")
    if to_fill and not (account.get("may_make_roles") and account.get("owns_database")):
        raise ServiceFailure(
            "The account of DATABASE_URL cannot fill the database: it must own it and be allowed to make roles "
            "(ALTER ROLE ... CREATEROLE; ALTER DATABASE ... OWNER TO ...)."
        )


def check_broker(url: str) -> None:
    """Raise unless a Redis answers at `url`."""
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS
        ) as broker:
            broker.ping()
    except ValueError:
        raise ServiceFailure("REDIS_URL must look like redis://host:6379/0.") from None
    except redis.RedisError as error:
        raise ServiceFailure(f"The Redis that REDIS_URL names does not answer: {_first_line(error)}") from None


def _conninfo(url: str) -> str:
    """What libpq is told, as Django would tell it."""
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        found = {}
    if not found.get("ENGINE", "").endswith(".postgresql"):
        raise ServiceFailure("DATABASE_URL must look like postgres://account:password@host:5432/database.")
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    given = {ours: found[theirs] for ours, theirs in names.items() if found.get(theirs)}
    return make_conninfo(**{"connect_timeout": PATIENCE_SECONDS} | given | found.get("OPTIONS", {}))


def _first_line(error: Exception) -> str:
    """What went wrong, in one line; neither client tells a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].removesuffix(".") + "."
