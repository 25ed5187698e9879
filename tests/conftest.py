"""Fixtures that every room's tests share: the cast, its clock, and a database whose commits are real."""

from collections.abc import Iterator

import pytest
from django.test.utils import setup_databases, teardown_databases

from tests import cast as casting
from tests.databases import database_copy
from trial.audit import clock
from trial.config import translations

pytest_plugins = ["tests.hostile", "tests.spread", "tests.browser"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the English texts once, before the workers of pytest-xdist start."""
    if not hasattr(session.config, "workerinput"):
        translations.compile_all()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: object
) -> Iterator[None]:
    """The test database, also where every chosen test works on a copy of it: pytest-django would then not make it."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        teardown_databases(made, verbosity=0)


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
    """A copy of the test database in which transactions really commit, for tests with several connections."""
    with django_db_blocker.unblock(), database_copy("committed"):  # type: ignore[attr-defined]
        yield
