"""A database that commits, a folder for snapshots, and people at their desks; one of each for a module."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.databases import database_copy
from tests.journey.desks import Desks


@pytest.fixture
def desks(chromium: Browser, server: LiveServer) -> Iterator[Desks]:
    """Desks whose windows had neither a complaint in the console nor a request to another host."""
    opened = Desks(chromium, server)
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture(scope="module")
def journey_database(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A copy of the test database which the server's threads see too, with a folder of its own for snapshots."""
    before = settings.SNAPSHOT_ROOT
    settings.SNAPSHOT_ROOT = tmp_path_factory.mktemp("journey") / "snapshots"
    with django_db_blocker.unblock(), database_copy("journey"):  # type: ignore[attr-defined]
        yield
    settings.SNAPSHOT_ROOT = before
