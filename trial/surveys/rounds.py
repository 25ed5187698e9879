"""The daily round: opens waves whose time has come and sends the first messages and reminders that are due.

It reads how people are reached, so it speaks as the offices' plane and runs where that is allowed: as a command on a
schedule, never in the Celery worker, which connects as `analyst` and cannot read an address. Waves open for shielded
people too, whose address it does not see: the colleagues who do, find them among those who should answer.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog

from trial.access import planes
from trial.access.planes import DatabaseRole, Plane
from trial.audit import clock
from trial.studies.models import Office, Trial
from trial.surveys import sending
from trial.surveys.actions import ASKS, open_waves, send_due
from trial.surveys.models import Invitation
from trial.surveys.queries import maybe_due

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Round:
    """What a round did: questionnaires opened, messages sent, messages that did not leave."""

    opened: int = 0
    sent: int = 0
    failed: int = 0

    def __add__(self, other: "Round") -> "Round":
        return Round(self.opened + other.opened, self.sent + other.sent, self.failed + other.failed)


def go_round() -> Round:
    """Do the round of every trial that asks. Safe to run again at any time: what is sent is not sent twice."""
    return sum((_of_trial(trial) for trial in Trial.objects.filter(state__in=ASKS)), Round())


def _of_trial(trial: Trial) -> Round:
    with planes.maintenance():
        offices = tuple(Office.objects.filter(trial=trial).values_list("pk", flat=True))
        opened = open_waves(by=None, trial=trial)
    with planes.acting_in(Plane(DatabaseRole.OFFICE, offices=offices, trials=(trial.pk,))):
        with planes.transaction():
            waiting = list(maybe_due(trial, clock.today()).values_list("pk", flat=True))
        return sum((_send(key) for key in waiting), Round(opened=opened))


def _send(key: UUID) -> Round:
    """One message in a transaction of its own: one that fails keeps no other from leaving."""
    try:
        with planes.transaction():
            return Round(sent=int(send_due(by=None, invitation=Invitation(pk=key))))
    except sending.FAILURES as error:
        log.warning("survey_not_sent", invitation=str(key), error=type(error).__name__)
        return Round(failed=1)
