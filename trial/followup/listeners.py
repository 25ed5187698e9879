"""What this room says to things that happen in the rooms below."""

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal
from trial.enrolment.listeners import on_move
from trial.enrolment.models import Participant
from trial.followup.models import Assignment


@on_move
def let_go_first(by: User, participant: Participant) -> None:
    """Whoever moves has no specialist at the office that is left, so that the new office can give its own."""
    if Assignment.objects.filter(participant=participant, end=None).exists():
        raise Refusal(
            "has_specialist",
            _("Personen har en jobbspesialist ved kontoret. Velg «Avslutt hos jobbspesialisten» i oppfølgingen først."),
        )
