"""People drawn to an arm, and specialists in position, for the tests of the rooms that follow them up."""

from uuid import uuid4

from tests.cast import Cast, acting
from tests.factories import consented
from trial.access.models import User
from trial.access.planes import maintenance
from trial.allocation.models import Allocation, LogHead
from trial.audit import clock
from trial.audit.guards import writing
from trial.enrolment.actions import mark_allocated, mark_enrolled
from trial.enrolment.models import Participant
from trial.followup.actions import add_employer, appoint_specialist, assign
from trial.followup.models import Employer, EmploymentSpecialist
from trial.studies.models import Office


def drawn(cast: Cast, arm: str, *, by: User | None = None, office: Office | None = None) -> Participant:
    """Someone drawn to the arm named. Written past the draw: that no action lets anyone choose an arm is its point."""
    caseworker = by or cast.kari
    participant = consented(cast, by=caseworker, office=office)
    with acting(caseworker):
        mark_enrolled(by=caseworker, participant=participant)
        mark_allocated(by=caseworker, participant=participant)
    with maintenance(), writing():
        place = Allocation.objects.count()
        Allocation.objects.create(
            participant=participant,
            trial=cast.trial,
            office=participant.office,
            who=uuid4().hex,
            stratum=participant.stratum,
            position=place,
            enrolled_at=clock.now(),
            enrol_seq=2 * place,
            arm=cast.trial.arms.get(code=arm),
            drawn_at=clock.now(),
            alloc_seq=2 * place + 1,
            receipt={},
        )
        LogHead.objects.get_or_create(trial=cast.trial)
        participant.refresh_from_db()
    return participant


def specialist(cast: Cast, share: int = 100) -> EmploymentSpecialist:
    """Jon in position at Moss."""
    with acting(cast.siri):
        return appoint_specialist(by=cast.siri, user=cast.jon, office=cast.moss, position_share=share)


def assigned(cast: Cast) -> Participant:
    """Someone of the intervention arm whom Jon follows."""
    post, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=post)
        participant.refresh_from_db()
    return participant


def employer(cast: Cast, number: str = "889640782", name: str = "Moss Bakeri") -> Employer:
    """An employer whom Jon's office knows; the usual number is Nav's own."""
    with acting(cast.jon):
        return add_employer(by=cast.jon, office=cast.moss, organisation_number=number, name=name)
