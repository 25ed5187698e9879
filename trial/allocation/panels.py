"""What the participant's page shows of the draw."""

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.allocation.corrections import corrections_of
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
    told = corrections_of(participant)
    events = [Event(place.drawn_at, _("Loddtrekning"), str(place.arm))] if place.drawn_at else []
    events += [Event(each.asked_at, each.get_kind_display(), each.reason) for each in told]
    context = {
        "place": place,
        "trial": participant.trial,
        "participant": participant,
        "corrections": told,
        "may_correct": can(user, participant.trial, Permission.RECORD_DEVIATION, participant.office),
    }
    return Section(_("Loddtrekning"), "allocation/panel.html", context, events)
