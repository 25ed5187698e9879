"""What this room does inside actions of rooms below."""

from trial.access.models import User
from trial.enrolment.listeners import on_withdrawal
from trial.enrolment.models import Participant
from trial.surveys.actions import stop_waves


@on_withdrawal
def stop_at_withdrawal(by: User, participant: Participant) -> None:
    """Whoever withdraws gets no more questionnaires, whatever else was withdrawn."""
    stop_waves(by=by, participant=participant)
