"""What this room holds on a participant, for the person's own extract."""

from django.utils.translation import gettext as _

from trial.allocation.queries import allocation_of
from trial.enrolment.documents import Section
from trial.enrolment.extract import moment
from trial.enrolment.models import Participant


def draw(participant: Participant) -> list[Section]:
    """The place in the draw, and what was drawn."""
    place = allocation_of(participant)
    if place is None:
        return []
    rows = [
        (_("Meldt inn"), moment(place.enrolled_at)),
        (_("Trukket"), moment(place.drawn_at)),
        (_("Gruppe"), str(place.arm) if place.arm else _("Venter på loddtrekning")),
    ]
    return [Section(_("Loddtrekning"), rows=rows)]
