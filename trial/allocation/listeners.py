"""What the log keeps of things that happen in the rooms below."""

from trial.access.models import User
from trial.allocation.actions import log_event
from trial.enrolment.listeners import on_withdrawal
from trial.enrolment.models import Participant


@on_withdrawal
def log_withdrawal(by: User, participant: Participant) -> None:
    """A withdrawal leaves the slot used and the person in the intention-to-treat set; the log says when it came."""
    log_event(by=by, trial=participant.trial, kind="withdrawn", participant=participant, note=participant.withdrawal)
