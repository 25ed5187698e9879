"""The two trials of `world`, lived through once a module; each test has them to itself."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.access.world import World, made
from tests.databases import database_copy


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    before = settings.SNAPSHOT_ROOT
    settings.SNAPSHOT_ROOT = tmp_path_factory.mktemp("world") / "snapshots"
    with django_db_blocker.unblock(), database_copy("world"):  # type: ignore[attr-defined]
        yield made()
    settings.SNAPSHOT_ROOT = before
