"""What the participant's page shows of the draw."""

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.allocation.queries import allocation_of
from trial.enrolment.models import Participant
from trial.enrolment.queries import Event
from trial.enrolment.sections import Section
from trial.studies.permissions import can


def arm_panel(user: User, participant: Participant) -> Section | None:
    """The arm and the way to the receipt, for whoever may see the arm; nothing before enrolment."""
    if not can(user, participant.trial, Permission.SEE_ARM, participant.office):
        return None
    place = allocation_of(participant)
    if place is None:
        return None
    events = [Event(place.drawn_at, _("Loddtrekning"), str(place.arm))] if place.drawn_at else []
    context = {"place": place, "trial": participant.trial, "participant": participant}
    return Section(_("Loddtrekning"), "allocation/panel.html", context, events)
