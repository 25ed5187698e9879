"""What the log keeps of things that happen in the rooms below."""

from trial.access.models import User
from trial.access.planes import entered
from trial.allocation.actions import log_event
from trial.allocation.models import LogHead
from trial.allocation.queries import DRAW
from trial.enrolment.listeners import on_withdrawal
from trial.enrolment.models import Participant
from trial.studies.listeners import on_state
from trial.studies.models import Trial

LOGGED = {"recruitment_closed", "recruitment_reopened", "data_locked"}  # the opening is the draw's own action


@on_withdrawal
def log_withdrawal(by: User, participant: Participant) -> None:
    """A withdrawal leaves the slot used and the person in the intention-to-treat set; the log says when it came."""
    log_event(by=by, trial=participant.trial, kind="withdrawn", participant=participant, note=participant.withdrawal)


@on_state
def log_change_of_state(by: User | None, trial: Trial, verb: str) -> None:
    """When recruitment ended is part of what an auditor reads; a trial without a draw has no log."""
    if verb in LOGGED and _has_log(trial):
        log_event(by=by, trial=trial, kind=verb)


def _has_log(trial: Trial) -> bool:
    with entered(DRAW):
        return LogHead.objects.filter(trial=trial).exists()
