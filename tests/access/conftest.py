"""The two trials of `world`, lived through once; each module has a copy of them to itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from tests.access.world import World, made
from tests.databases import database_copy, kept_copy


@pytest.fixture(scope="session")
def snapshot_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world") / "snapshots"


@pytest.fixture(scope="session")
def lived_world(django_db_setup: None, django_db_blocker: object, snapshot_folder: Path) -> Iterator[tuple[str, World]]:
    def live() -> World:
        with snapshots_in(snapshot_folder):
            return made()

    with django_db_blocker.unblock(), kept_copy("lived", live) as lived:  # type: ignore[attr-defined]
        yield lived


@pytest.fixture(scope="module")
def world(lived_world: tuple[str, World], django_db_blocker: object, snapshot_folder: Path) -> Iterator[World]:
    name, lived = lived_world
    with django_db_blocker.unblock(), snapshots_in(snapshot_folder), database_copy("world", of=name):  # type: ignore[attr-defined]
        yield lived


@contextmanager
def snapshots_in(folder: Path) -> Iterator[None]:
    before = settings.SNAPSHOT_ROOT
    settings.SNAPSHOT_ROOT = folder
    yield
    settings.SNAPSHOT_ROOT = before
