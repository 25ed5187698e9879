"""Many posts at once under one Idempotency-Key, through the running service: one draw, and one answer byte for byte.

The service is gunicorn with two processes, and the researcher's draws go through it: the answer lists what this very
request drew, so a second draw under the key could not give the same bytes. Control: posts that each bring a key of
their own, which is what a service does that heeds no key; the same checker says so.

`pytest -m nightly tests/allocation/test_one_key.py -n 0` runs the large amount and keeps what it counted as evidence.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any

import pytest
import redis

from evaluation.canonical import canonical_json
from tests import evidence
from tests.allocation import faults
from tests.allocation.crowds import crowd_of
from tests.allocation.trials import SEED, DrawCast, drawing
from trial.access import tokens
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.allocation.contributions import commitment_of, draw_context
from trial.config.services import Durability, Place, run_server, stopped_together
from trial.config.services.broker import Broker
from trial.config.services.processes import free_port
from trial.enrolment.models import Participant

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("draw faults")]

PARALLEL = 64
KEYS = [50, pytest.param(200, marks=pytest.mark.nightly)]
CONTROL_KEYS = 3
Answer = tuple[int, bytes]


class Desk:
    """The posts of one person to the running service, as many at once as wanted."""

    def __init__(self, port: int, secret: str) -> None:
        self.port, self.mine, self.lines = port, threading.local(), list[HTTPConnection]()
        self.headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def post(self, body: dict[str, Any], key: str) -> Answer:
        """The first answer that is not 409: who is told that the request is under work, or is cut off, asks again."""
        while True:
            try:
                status, content = self._once(body, key)
            except (ConnectionError, HTTPException):
                self.mine.line.close()
                continue
            if status != 409:
                return status, content
            time.sleep(0.02)

    def _once(self, body: dict[str, Any], key: str) -> Answer:
        if not hasattr(self.mine, "line"):
            self.mine.line = HTTPConnection("127.0.0.1", self.port, timeout=60)
            self.lines.append(self.mine.line)
        headers = self.headers | {"Idempotency-Key": key}
        self.mine.line.request("POST", "/api/v1/trials/se-klar/draws/", json.dumps(body), headers)
        answer = self.mine.line.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        for line in self.lines:
            line.close()


def secret_of(user: User, role: Role) -> str:
    with maintenance():
        return tokens.issue(user=user, trial="se-klar", role=role, label="x", lifetime=timedelta(hours=1))


@pytest.fixture
def waiting(committed_database: None, request: pytest.FixtureRequest) -> DrawCast:
    """A trial in which as many numbers wait as keys are wanted."""
    made = drawing(method={"kind": "simple"})
    numbers = crowd_of(made, request.param)
    with maintenance():
        people = {person.number: person for person in Participant.objects.select_related("trial", "office")}
    for number in numbers:
        made.enrol(people[number])
    return made


@pytest.fixture
def desk(waiting: DrawCast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("DATABASE_URL", faults.address())
    made = Desk(free_port(), secret_of(waiting.cast.researcher, Role.RESEARCHER))
    with stopped_together(run_server(port=made.port)):
        yield made
        made.close()


def bodies(made: DrawCast, keys: int) -> list[dict[str, Any]]:
    """For each waiting number what the researcher sends for it alone."""
    contexts = [draw_context("se-klar", "Moss", position) for position in range(keys)]
    shares = [{canonical_json(context).decode(): made.contribute(context).hex()} for context in contexts]
    return [{"commitment": commitment_of("se-klar", SEED), "contributions": share} for share in shares]


def under_one_key(
    desk: Desk, bodies: list[dict[str, Any]], *, own_keys: bool = False
) -> list[tuple[list[Answer], Answer]]:
    """For each body the answers to it in parallel, and the one to another body under the same key."""
    serial, found = count(), []
    with ThreadPoolExecutor(PARALLEL) as pool:
        for place, body in enumerate(bodies):
            keys = [f"key-{next(serial) if own_keys else place}" for _ in range(PARALLEL + 1)]
            answers = list(pool.map(desk.post, [body] * PARALLEL, keys))
            found.append((answers, desk.post(body | {"contributions": {}}, keys[-1])))
    return found


def wrong_in(found: list[tuple[list[Answer], Answer]]) -> list[str]:
    """What one key must never give: two answers, a draw of none or of two, a hearing for another body."""
    wrong, told = [], Counter[str]()
    for place, (answers, other) in enumerate(found):
        if {status for status, _content in answers} != {200}:
            wrong.append(f"key {place}: statuses {Counter(status for status, _content in answers)}")
        if len({content for _status, content in answers}) != 1:
            wrong.append(f"key {place}: answers that differ")
        drawn = [each["participant"] for each in json.loads(answers[0][1]).get("drawn", [])]
        told.update(drawn)
        if len(drawn) != 1:
            wrong.append(f"key {place}: drew {drawn}")
        if other[0] != 422:
            wrong.append(f"key {place}: another body was answered {other[0]}")
    return wrong + [f"{number} was drawn under {times} keys" for number, times in told.items() if times > 1]


@pytest.mark.parametrize("waiting", KEYS, indirect=True)
def test_64_posts_at_once_under_one_key_draw_once_and_get_the_same_bytes(
    waiting: DrawCast, desk: Desk, request: pytest.FixtureRequest
):
    keys = request.node.callspec.params["waiting"]
    found = under_one_key(desk, bodies(waiting, keys))
    assert wrong_in(found) == []
    assert faults.faults(faults.History(), expected=[]) == []
    if keys > KEYS[0]:
        evidence.keep(
            "draw_same_key",
            keys=keys,
            parallel=PARALLEL,
            posts=keys * (PARALLEL + 1),
            processes=faults.PROCESSES,
            **{"drawn twice": 0, "answers that differ": 0, "other bodies that were heard": 0},
        )


@pytest.mark.parametrize("waiting", [CONTROL_KEYS], indirect=True)
def test_control_posts_that_each_bring_a_key_of_their_own_are_caught(waiting: DrawCast, desk: Desk):
    found = wrong_in(under_one_key(desk, bodies(waiting, CONTROL_KEYS), own_keys=True))
    assert [line for line in found if "differ" in line]
    assert [line for line in found if "another body was answered 200" in line]


@pytest.fixture
def own_broker(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """A Redis that may be stopped, which the service takes for its own."""
    broker = Broker(Place.at(tmp_path_factory.mktemp("broker"), Durability.THROWAWAY))
    broker.start()
    monkeypatch.setenv("REDIS_URL", broker.url)
    yield broker
    broker.stop()


def test_draws_go_on_when_redis_is_down(own_broker: Broker, committed_database: None, monkeypatch: pytest.MonkeyPatch):
    made = drawing(mode="unattended")
    numbers = crowd_of(made, 4)
    monkeypatch.setenv("DATABASE_URL", faults.address())
    desk = Desk(free_port(), secret_of(made.cast.kari, Role.CASEWORKER))
    with stopped_together(run_server(port=desk.port)), redis.Redis.from_url(own_broker.url) as client:
        before = desk.post({"participant": numbers[0]}, "before")
        assert client.ping()
        own_broker.stop()
        with pytest.raises(redis.ConnectionError):  # control: nobody answers there any more
            client.ping()
        after = [desk.post({"participant": number}, number) for number in numbers[1:]]
        desk.close()
    assert [json.loads(content)["state"] for _status, content in (before, *after)] == ["allocated"] * len(numbers)
    assert faults.faults(faults.History(), expected=numbers) == []
