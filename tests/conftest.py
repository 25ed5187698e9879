"""Fixtures that every room's tests share: the cast, its clock, and a database whose commits are real."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections

from tests import cast as casting
from trial.audit import clock
from trial.config import translations

pytest_plugins = ["tests.hostile", "tests.browser"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the English texts once, before the workers of pytest-xdist start."""
    if not hasattr(session.config, "workerinput"):
        translations.compile_all()


@pytest.fixture
def simulated_clock() -> Iterator[clock.SimulatedClock]:
    """The domain's clock, standing at the beginning of the trial until the test moves it."""
    with clock.simulated(casting.BEGINNING) as moved:
        yield moved


@pytest.fixture
def cast(db: None, simulated_clock: clock.SimulatedClock) -> casting.Cast:
    """The trial in recruitment, with everyone who works in it."""
    return casting.recruiting()


@pytest.fixture
def drafted_cast(db: None, simulated_clock: clock.SimulatedClock) -> casting.Cast:
    """The trial under planning."""
    return casting.drafted()


@pytest.fixture
def committed_database(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """A copy of the test database in which transactions really commit, for tests with several connections.

    The usual way (`transaction=True`) empties the tables afterwards, and append-only tables refuse to be emptied.
    """
    settings = connection.settings_dict
    original = settings["NAME"]
    copy = f"{original}_committed"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.close_all()
        _administer(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)', f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
        settings["NAME"] = copy
        try:
            yield
        finally:
            connections.close_all()
            settings["NAME"] = original
            _administer(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    known = {key: parameters[key] for key in ("host", "port", "user", "password", "dbname") if parameters.get(key)}
    with psycopg.connect(**known, autocommit=True) as administrator:
        for statement in statements:
            administrator.execute(statement)
