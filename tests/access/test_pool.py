"""Connections that many requests share never carry one office's rows into another office's request."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import connections
from django.test import Client

from tests.cast import recruiting
from tests.factories import registered
from trial.access.models import User
from trial.audit import clock
from trial.enrolment.models import Participant

pytestmark = pytest.mark.slow
POOL = 3
SEED = 20260324


@pytest.fixture
def pool(committed_database: None) -> Iterator[list[Any]]:
    """Connections that requests take in turn and give back, as from a pool; none is closed in between."""
    own = connections["default"]
    made = [connections.create_connection("default") for _number in range(POOL)]
    yield made
    connections["default"] = own
    for each in made:
        each.close()


@pytest.mark.parametrize("requests", [2000, pytest.param(20_000, marks=pytest.mark.nightly)])
def test_pooled_requests_never_show_another_office(pool: list[Any], requests: int) -> None:
    cast = recruiting()
    people = {cast.kari: registered(cast), cast.hanne: registered(cast, by=cast.hanne, office=cast.hurum)}
    connections.close_all()
    taken = np.random.default_rng(SEED).integers(POOL, size=requests)
    browsers = {user: Client(raise_request_exception=False) for user in people}
    with clock.simulated(clock.now()):
        for user, browser in browsers.items():
            browser.force_login(user)
        for turn in range(requests):
            connections["default"] = pool[taken[turn]]
            user = (cast.kari, cast.hanne)[turn % 2]
            _asks(browsers[user], user, people, broken=turn % 7 == 0)


def _asks(browser: Client, user: User, people: dict[User, Participant], *, broken: bool) -> None:
    """The list holds the own person only; every seventh request breaks off, so that its connection goes back dirty."""
    other = next(person for each, person in people.items() if each != user)
    if broken:
        answer = browser.get(f"/api/v1/trials/se-klar/participants/{other.number}/")
        assert answer.status_code == 404
        return
    answer = browser.get("/api/v1/trials/se-klar/participants/")
    assert [each["number"] for each in answer.json()["results"]] == [people[user].number]
