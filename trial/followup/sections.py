"""What the participant's page shows of follow-up, and what it adds to the case line."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trial.access.models import User
from trial.access.permissions import Permission
from trial.enrolment.models import Participant
from trial.enrolment.queries import Event
from trial.enrolment.sections import Section
from trial.enrolment.states import BEFORE_ENROLMENT, ParticipantState
from trial.followup.queries import Course, course_of
from trial.studies.permissions import can

BEFORE_FOLLOW_UP = BEFORE_ENROLMENT | {ParticipantState.ENROLLED}
CONTACTS_SHOWN = 3


def follow_up(user: User, participant: Participant) -> Section | None:
    """The specialist, the stage, the latest contacts and the measures, after the draw; for those who may know the
    person, as free text goes with it."""
    allowed = can(user, participant.trial, Permission.SEE_IDENTITY, participant.office)
    if participant.state in BEFORE_FOLLOW_UP or not allowed:
        return None
    course = course_of(participant, contacts=CONTACTS_SHOWN)
    return Section(
        heading=gettext_lazy("Oppfølging"),
        template="followup/section.html",
        context={"course": course},
        events=list(_events(course)),
    )


def _events(course: Course) -> Iterator[Event]:
    for assignment in course.assignments:
        yield Event(assignment.assigned_at, _("Fikk jobbspesialist"), str(assignment.specialist))
        if assignment.ended_at:
            yield Event(assignment.ended_at, _("Avsluttet hos jobbspesialisten"), str(assignment.specialist))
    for stage in course.stages:
        yield Event(stage.moved_at, _("Ny fase"), stage.get_stage_display())
    for deviation in course.deviations:
        yield Event(deviation.recorded_at, _("Avvik registrert"), deviation.get_kind_display())
