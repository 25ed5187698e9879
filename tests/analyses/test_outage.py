"""The broker stops: draws go on, nobody at a page waits for it, and what was queued is done once it is back."""

import os
import signal
import subprocess
import time as machine
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery, current_app
from django.test import Client
from django.urls import reverse

from tests import worker as workers
from tests.allocation.trials import DrawCast, drawing
from tests.cast import acting
from trial.access.planes import maintenance
from trial.allocation.models import Allocation
from trial.analyses.actions import request_run
from trial.analyses.models import Result, Run
from trial.analyses.states import RunState
from trial.config.services.broker import INSTALLED
from trial.config.services.processes import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("worker")]

WITHOUT_ROUNDS = """
from trial.config.celery import LookRound, app
app.steps["consumer"].discard(LookRound)
app.start(argv=["worker", "-Q", "analyses,deliveries,notices", "--concurrency", "1", "--without-mingle"])
"""
BEARABLE_SECONDS = 5.0  # of a click while the broker is away, on a busy machine


class OwnBroker:
    """A Redis of the test's own, which can be killed, and started again at the same address with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        self.process = subprocess.Popen([INSTALLED / "redis-server", *options], stdout=subprocess.DEVNULL)
        workers.wait_for(self.answers)

    def kill(self) -> None:
        if self.process:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@pytest.fixture
def broker(tmp_path: Path, settings) -> Iterator[OwnBroker]:
    """The broker that this process and its workers speak to, as long as the test lasts."""
    own = OwnBroker(tmp_path)
    own.start()
    settings.REDIS_URL = own.url
    usual, other = current_app._get_current_object(), Celery("outage")
    other.config_from_object("django.conf:settings", namespace="CELERY")
    other.conf.broker_url = own.url
    other.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {
        "global_keyprefix": workers.PREFIX
    }
    other.set_current()
    yield own
    usual.set_current()
    other.close()
    own.kill()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


def state_of(run: Run) -> str:
    with maintenance():
        run.refresh_from_db()
    return run.state


def queued(lived_and_committing) -> Run:
    cast, plan = lived_and_committing
    with acting(cast.analyst):
        return request_run(by=cast.analyst, plan=plan, masked=True)


def ready(log: Path) -> bool:
    return log.exists() and " ready." in log.read_text()


def asked_for_a_draw(made: DrawCast) -> None:
    """The office's last button, on the page."""
    person = made.people()[0]
    client = Client()
    client.force_login(made.cast.kari)
    begun = machine.monotonic()
    answer = client.post(reverse("allocation:enrol", args=[made.trial.code, person.number]), follow=True)
    assert answer.status_code == 200
    assert machine.monotonic() - begun < BEARABLE_SECONDS
    with maintenance():
        assert Allocation.objects.get(participant=person).arm_id


def test_while_the_broker_is_away_draws_go_on_and_a_run_waits_for_its_return(lived_and_committing, broker, log):
    made = drawing("se-klar-2", mode="unattended")
    worker = workers.Worker(log)
    try:
        workers.wait_for(lambda: ready(log), worker)
        broker.kill()
        asked_for_a_draw(made)
        begun = machine.monotonic()
        run = queued(lived_and_committing)
        assert machine.monotonic() - begun < BEARABLE_SECONDS
        assert Client().get("/isready").status_code == 200
        assert state_of(run) == RunState.QUEUED
        broker.start()
        workers.wait_for(lambda: state_of(run) == RunState.DONE, worker)
    finally:
        worker.stop()
    assert run.attempt == 1


def test_a_broker_that_dies_under_a_run_costs_an_attempt_and_no_number(lived_and_committing, broker, log):
    worker = workers.Worker(log)
    try:
        run = queued(lived_and_committing)
        workers.wait_for(lambda: state_of(run) == RunState.RUNNING and run.progress_done > 1, worker)
        broker.kill()
        broker.start()
        workers.wait_for(lambda: state_of(run) == RunState.DONE, worker)
    finally:
        worker.stop()
    with maintenance():
        names = list(Result.objects.values_list("name", flat=True))
        assert names
        assert len(names) == len(set(names)) == run.results.count()
    assert run.attempt <= 2


def test_control_without_rounds_a_run_whose_message_was_lost_waits_for_ever(lived_and_committing, broker, log):
    run = queued(lived_and_committing)
    broker.kill()
    broker.start()
    worker = workers.Worker(log, program=WITHOUT_ROUNDS)
    try:
        workers.wait_for(lambda: ready(log), worker)
        machine.sleep(2)
        assert state_of(run) == RunState.QUEUED
    finally:
        worker.stop()
