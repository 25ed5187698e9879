"""The worker's share of this room."""

from time import monotonic
from uuid import UUID

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError

from trial.access import planes
from trial.access.planes import DatabaseRole, Plane
from trial.audit.queue import alone, send
from trial.registers import checking, leftovers, retention
from trial.registers.actions import (
    CHECK_TASK,
    begin_check,
    finish_check,
    refuse_file,
    report_progress,
)
from trial.registers.mapping import ask_for_columns
from trial.registers.models import Delivery
from trial.registers.states import DeliveryState
from trial.registers.uploads import throw_stale_uploads
from trial.studies.models import Trial

RESEND_EXPIRES_SECONDS = 30
TELL_EVERY_SECONDS = 1

log = structlog.get_logger(__name__)


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=True, max_retries=5)
def check(key: str, trial: int) -> None:
    """Check a delivery, unless that is done or another process does it. A second message does nothing."""
    with planes.acting_in(Plane(DatabaseRole.ANALYST, trials=(trial,))), alone("delivery", key) as held:
        if held:
            _check(UUID(key))


@shared_task
def resume_checks() -> None:
    """Send the message of every unchecked delivery again: it may have been lost with a broker or a killed worker."""
    every_trial = tuple(Trial.objects.values_list("pk", flat=True))
    with planes.entered(Plane(DatabaseRole.ANALYST, trials=every_trial)):
        waiting = list(
            Delivery.objects.filter(state=DeliveryState.RECEIVED, awaits_columns=False, destroyed_at=None).values_list(
                "pk", "trial_id"
            )
        )
    for key, trial in waiting:
        send(CHECK_TASK, str(key), trial, expires=RESEND_EXPIRES_SECONDS)


@shared_task
def destroy_due() -> None:
    """Destroy the register data of every trial whose date has passed."""
    everyone = list(Trial.objects.all())
    plane = Plane(DatabaseRole.ANALYST, trials=tuple(trial.pk for trial in everyone))
    with planes.acting_in(plane):
        with planes.transaction():
            trials = retention.due(everyone)
        for trial in trials:
            with planes.transaction():
                retention.destroy_data(by=None, trial=trial)
            log.info("register_data_destroyed", trial=trial.code)


@shared_task
def tidy() -> None:
    """Throw away uploads that nobody goes on with, and what killed processes have left behind."""
    everyone = list(Trial.objects.all())
    with planes.acting_in(Plane(DatabaseRole.ANALYST, trials=tuple(trial.pk for trial in everyone))):
        for trial in everyone:
            with planes.transaction():
                thrown = throw_stale_uploads(by=None, trial=trial)
                unneeded = leftovers.forget_unneeded(by=None, trial=trial)
            if thrown or unneeded:
                log.info("tidied", trial=trial.code, uploads=thrown, files=unneeded)
        with planes.transaction():
            abandoned = leftovers.forget_abandoned(by=None, trials=everyone)
        if abandoned:
            log.info("tidied", abandoned=abandoned)


def _check(key: UUID) -> None:
    with planes.transaction():
        delivery = begin_check(by=None, delivery=Delivery(pk=key))
    if delivery is None:
        return
    try:
        checked = checking.check(delivery, _Watched(delivery))
    except checking.ColumnsUnknown as unknown:
        with planes.transaction():
            ask_for_columns(
                by=None, delivery=delivery, missing=unknown.missing, header=unknown.header, sample=unknown.sample
            )
    except checking.FileRefused as refused:
        with planes.transaction():
            refuse_file(by=None, delivery=delivery, code=refused.code, missing=refused.missing)
    else:
        with planes.transaction():
            finish_check(by=None, delivery=delivery, checked=checked)
    log.info("delivery_checked", delivery=str(key), register=delivery.register)


class _Watched:
    """Passes the check's progress on to its row, now and then: a file has more pieces than anyone looks at."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.told = 0.0

    def __call__(self, stage: str, rows: int) -> None:
        if monotonic() - self.told < TELL_EVERY_SECONDS:
            return
        self.told = monotonic()
        with planes.transaction():
            report_progress(by=None, delivery=self.delivery, stage=stage, rows=rows)
