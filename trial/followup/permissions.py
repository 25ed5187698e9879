"""Who may do what in the follow-up of a person: the right in the trial, and for specialists their own people."""

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.enrolment.models import Participant
from trial.followup.models import Assignment, Retractable
from trial.studies.models import Trial
from trial.studies.permissions import can, require
from trial.studies.states import TrialState

OPEN = (TrialState.OPENED, TrialState.ARCHIVED)


def require_follow_up(user: User, participant: Participant) -> None:
    """Let a job specialist write about own people, and a supervisor about everyone of the office.

    Raises:
        Refusal: `not_allowed`, or `not_your_participant` for a colleague's person.
    """
    require(user, participant.trial, Permission.FOLLOW_UP, participant.office)
    if can(user, participant.trial, Permission.ASSIGN, participant.office):
        return
    if not Assignment.objects.filter(participant=participant, end=None, specialist__user=user).exists():
        raise Refusal(
            "not_your_participant",
            _("Deltakeren følges opp av en annen. Be metodeveilederen om å overføre deltakeren først."),
            status=403,
        )


def require_correction(user: User, row: Retractable) -> None:
    """Let whoever wrote a row correct it, and otherwise whoever may write about the person.

    Raises:
        Refusal: `not_allowed`, `not_your_entry`, or `not_your_participant`.
    """
    require(user, row.trial, Permission.FOLLOW_UP, row.office)
    if row.participant is None:
        require_own_entry(user, row)
    elif row.written_by != user.pk:
        require_follow_up(user, row.participant)


def require_own_entry(user: User, row: Retractable) -> None:
    """Let whoever wrote a row take it back, and whoever leads the office's follow-up.

    Raises:
        Refusal: `not_your_entry`.
    """
    if not may_take_back(user, row):
        raise Refusal("not_your_entry", _("Be den som skrev det, eller metodeveilederen, om å rette det."), status=403)


def may_take_back(user: User, row: Retractable) -> bool:
    """Whether a row is the user's own, or the user leads the office's follow-up."""
    return row.written_by == user.pk or can(user, row.trial, Permission.ASSIGN, row.office)


def require_arms(user: User, trial: Trial) -> None:
    """Let whoever sees participants by number see counts by arm, and everyone of monitoring once the trial is opened.

    Raises:
        Refusal: `not_allowed`.
    """
    if not sees_arms(user, trial):
        require(user, trial, Permission.SEE_PARTICIPANTS)


def sees_arms(user: User, trial: Trial) -> bool:
    """Whether counts by arm are for this user, so that a page may lead to them."""
    opened = trial.state in OPEN and can(user, trial, Permission.SEE_MONITORING)
    return opened or can(user, trial, Permission.SEE_PARTICIPANTS)
