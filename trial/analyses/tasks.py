"""The worker's share of this room. evaluation (and with it statsmodels) is imported once, before the pool forks."""

from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError

from trial.access import planes
from trial.access.planes import DatabaseRole, Plane
from trial.analyses import calculation
from trial.analyses.actions import RUN_TASK
from trial.analyses.models import Run
from trial.analyses.states import UNDER_WAY
from trial.audit.queue import alone, send
from trial.studies.models import Trial

RESEND_EXPIRES_SECONDS = 30


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=True, max_retries=5)
def run_plan(key: str, trial: int) -> None:
    """Carry a run out, unless it is over or another process has it. A second message of the same run does nothing."""
    with planes.acting_in(Plane(DatabaseRole.ANALYST, trials=(trial,))), alone("run", key) as held:
        if held:
            calculation.carry_out(UUID(key))


@shared_task
def resume_runs() -> None:
    """Send the message of every unfinished run again: it may have been lost with a broker or a killed worker."""
    every_trial = tuple(Trial.objects.values_list("pk", flat=True))
    with planes.entered(Plane(DatabaseRole.ANALYST, trials=every_trial)):
        unfinished = list(Run.objects.filter(state__in=UNDER_WAY).values_list("pk", "trial_id"))
    for key, trial in unfinished:
        send(RUN_TASK, str(key), trial, expires=RESEND_EXPIRES_SECONDS)
