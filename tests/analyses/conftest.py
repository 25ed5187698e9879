"""The small trial of `life`, lived through once a module; each test has it to itself."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from tests.analyses import life
from tests.cast import Cast
from tests.databases import database_copy
from trial.analyses.models import Plan
from trial.audit import clock


@pytest.fixture(scope="module")
def lived_database(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimpleNamespace]:
    """A database and a folder of snapshots in which the trial has come as far as the data lock."""
    before = settings.SNAPSHOT_ROOT
    settings.SNAPSHOT_ROOT = tmp_path_factory.mktemp("lived") / "snapshots"
    with django_db_blocker.unblock(), database_copy("lived"), clock.simulated(life.BEGINNING) as time:  # type: ignore[attr-defined]
        cast, plan = life.followed_up(time)
        with django_db_blocker.block():  # type: ignore[attr-defined]
            yield SimpleNamespace(cast=cast, plan=plan)
    settings.SNAPSHOT_ROOT = before


@pytest.fixture
def time() -> Iterator[clock.SimulatedClock]:
    with clock.simulated(life.FOLLOWED_UP) as moved:
        yield moved


@pytest.fixture
def lived(lived_database: SimpleNamespace, db: None, time: clock.SimulatedClock) -> tuple[Cast, Plan]:
    """The trial with its deliveries in force, in a transaction that is taken back after the test."""
    return copy.deepcopy((lived_database.cast, lived_database.plan))


@pytest.fixture
def lived_and_committing(
    lived_database: SimpleNamespace, django_db_blocker: object, time: clock.SimulatedClock
) -> Iterator[tuple[Cast, Plan]]:
    """The same in a copy of its own, in which transactions commit: for tests with a worker."""
    with django_db_blocker.unblock(), database_copy("committed"):  # type: ignore[attr-defined]
        yield copy.deepcopy((lived_database.cast, lived_database.plan))


@pytest.fixture
def own_snapshots(tmp_path: Path, settings, lived_database: SimpleNamespace) -> Path:
    """A copy of the snapshots that a test may damage."""
    settings.SNAPSHOT_ROOT = Path(shutil.copytree(settings.SNAPSHOT_ROOT, tmp_path / "snapshots"))
    return settings.SNAPSHOT_ROOT
