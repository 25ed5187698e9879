"""Copies of the test database, for what must really commit and for what takes long to live through."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import dj_database_url
import psycopg
from django.db import connection, connections

T = TypeVar("T")


@contextmanager
def database_copy(suffix: str, of: str = "") -> Iterator[None]:
    """Work on a copy of the database at hand (or of another) in which transactions really commit; then drop it.

    The usual way (`transaction=True`) empties the tables afterwards, and append-only tables refuse to be emptied.
    """
    settings = connection.settings_dict
    original = settings["NAME"]
    copy = f"{original}_{suffix}"
    connections.close_all()
    _drop(copy)
    _administer(f'CREATE DATABASE "{copy}" TEMPLATE "{of or original}"')
    settings["NAME"] = copy
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = original
        _drop(copy)


@contextmanager
def other_server(url: str) -> Iterator[None]:
    """Work on the database at `url`, on a server of its own."""
    settings, elsewhere = connection.settings_dict, dj_database_url.parse(url)
    names = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
    original = {name: settings[name] for name in names}
    connections.close_all()
    settings.update({name: elsewhere[name] for name in names})
    try:
        yield
    finally:
        connections.close_all()
        settings.update(original)


@contextmanager
def kept_copy(suffix: str, live: Callable[[], T]) -> Iterator[tuple[str, T]]:
    """Live through something in a copy that nothing works on afterwards: its name to copy from, and what was lived."""
    settings = connection.settings_dict
    original = settings["NAME"]
    with database_copy(suffix):
        name, lived = settings["NAME"], live()
        connections.close_all()
        settings["NAME"] = original
        yield name, lived


def _drop(name: str) -> None:
    """Not by `WITH (FORCE)`: that refuses where autovacuum, which runs as a superuser, is at work in the database.

    A plain drop sends autovacuum away itself and waits until those who were ended have gone.
    """
    _administer(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = current_user",  # noqa: S608 - our own name
        f'DROP DATABASE IF EXISTS "{name}"',
    )


def _administer(*statements: str) -> None:
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    known = {key: parameters[key] for key in ("host", "port", "user", "password", "dbname") if parameters.get(key)}
    with psycopg.connect(**known, autocommit=True) as administrator:
        for statement in statements:
            administrator.execute(statement)
