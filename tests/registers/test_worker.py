"""Checks on a real worker: one effect each, whatever happens to messages and workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests import evidence
from tests import worker as workers
from tests.cast import Cast, recruiting
from tests.registers.files import employment_of, enrolled, received
from trial.access.planes import maintenance
from trial.audit.queue import send
from trial.registers.actions import CHECK_TASK
from trial.registers.models import Delivery, RejectedRow
from trial.registers.states import DeliveryState

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("worker")]

AMOUNTS = [20, pytest.param(500, marks=pytest.mark.nightly)]
KILLS = 3

AS_WORKER = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print(cursor.fetchone()[0])
    cursor.execute("SELECT count(*) FROM identity_identityrecord")
"""


@pytest.fixture
def cast(committed_database: None, simulated_clock: object) -> Iterator[Cast]:
    workers.forget_messages()
    yield recruiting()
    workers.forget_messages()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


def _states(deliveries: list[Delivery]) -> list[str]:
    with maintenance():
        return [Delivery.objects.get(pk=delivery.pk).state for delivery in deliveries]


def _all_checked(deliveries: list[Delivery]) -> bool:
    return _states(deliveries) == [DeliveryState.CHECKED] * len(deliveries)


def _checked(deliveries: list[Delivery]) -> int:
    return _states(deliveries).count(DeliveryState.CHECKED)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_messages_that_come_twice_and_workers_that_die_leave_one_effect_each(cast, log, amount):
    number = enrolled(cast).number
    days = [date(2015, 1, 1) + timedelta(days=day) for day in range(amount)]
    deliveries = [received(cast, employment_of(number, "XYZ-0000-0", start=day.isoformat())) for day in days]
    for delivery in deliveries * 2:
        assert send(CHECK_TASK, str(delivery.pk), cast.trial.pk)
    kills = KILLS if amount > AMOUNTS[0] else 1
    for done in range(kills):
        doomed = workers.Worker(log)
        workers.wait_for(lambda least=done * amount // kills: _checked(deliveries) > least, doomed)
        doomed.kill()
    last = workers.Worker(log)
    try:
        for part in range(1, 11):  # each tenth has the patience of one
            workers.wait_for(lambda least=part * amount // 10: _checked(deliveries) >= least, last)
    finally:
        last.stop()
    with maintenance():
        assert RejectedRow.objects.count() == len(deliveries)
        assert all(found.rows == 2 and found.accepted_rows == 1 for found in Delivery.objects.all())
    if amount > AMOUNTS[0]:
        evidence.keep(
            "celery", tasks=amount, messages=2 * amount, workers_killed=kills, effects=len(deliveries), stuck=0
        )


def test_a_delivery_whose_message_was_lost_is_checked_when_a_worker_looks_round(cast, log):
    delivery = received(cast, employment_of(enrolled(cast).number))
    workers.forget_messages()
    worker = workers.Worker(log)
    try:
        workers.wait_for(lambda: _all_checked([delivery]), worker)
    finally:
        worker.stop()


def test_the_worker_is_analyst_from_its_first_statement_and_cannot_read_an_identity(cast):
    environment = os.environ | workers.environment() | {"DJANGO_SETTINGS_MODULE": "trial.config.settings"}
    done = subprocess.run([sys.executable, "-c", AS_WORKER], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "analyst"
    assert "permission denied for table identity_identityrecord" in done.stderr
    with connection.cursor() as cursor:  # the control: the very statement works for the owner of the tables
        cursor.execute("SELECT count(*) FROM identity_identityrecord")
