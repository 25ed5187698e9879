"""A trial that asks its participants, and people at each step of answering, brought there by the real actions."""

from datetime import date

from tests.cast import REGISTERS, Cast, acting
from tests.followup.people import drawn
from trial.access import planes
from trial.access.models import User
from trial.enrolment.actions import give_consent, publish_consent_form
from trial.enrolment.models import Participant
from trial.identity.actions import keep
from trial.identity.models import Person
from trial.identity.queries import person_of
from trial.studies.models import Office
from trial.surveys.actions import make_letter, open_waves
from trial.surveys.design import use_standard
from trial.surveys.links import hash_of, plane_of
from trial.surveys.models import Invitation
from trial.surveys.queries import Opened, opened

FIRST_DAY = date(2026, 3, 2)
ABILITY = ("work_ability", "work_ability")
SURE = [("return_to_work_self_efficacy", f"item_{number}") for number in (1, 2, 3)]
TIME = ("expected_time_to_work", "expected_time_to_work")
GIVEN = {ABILITY: "7", SURE[0]: "5", SURE[1]: "6", SURE[2]: "10", TIME: "do_not_know"}


def asking(cast: Cast) -> Cast:
    """The trial with the study's instruments and waves, and a consent form that covers them."""
    with acting(cast.lead):
        use_standard(by=cast.lead, trial=cast.trial)
        cast.form = publish_consent_form(
            by=cast.lead,
            trial=cast.trial,
            text={"nb": "Jeg samtykker til å delta og til å få spørreskjemaer."},
            covers=[*REGISTERS, "survey"],
            optional=["survey"],
        )
    return cast


def enrolled(
    cast: Cast, *, covers: bool = True, contact: str = "", by: User | None = None, office: Office | None = None
) -> Participant:
    """Someone drawn to the intervention, who consented to questionnaires (or not) and can be reached so."""
    caseworker = by or cast.kari
    participant = drawn(cast, "intervention", by=caseworker, office=office)
    with acting(caseworker):
        if covers:
            give_consent(by=caseworker, participant=participant, form=cast.form, covers=["survey"])
        write_contact(caseworker, participant, contact)
    return participant


def write_contact(caseworker: User, participant: Participant, contact: str) -> None:
    """Write down how someone is reached."""
    person = person_of(participant.key)
    reached = Person(name=person.name, national_id=person.national_id, contact=contact)
    keep(
        by=caseworker,
        subject=participant.key,
        trial_code=participant.trial.code,
        office_id=participant.office_id,
        person=reached,
    )


def invited(cast: Cast, *, contact: str = "", by: User | None = None, office: Office | None = None) -> Invitation:
    """Someone for whom T1 is open."""
    caseworker = by or cast.kari
    participant = enrolled(cast, contact=contact, by=by, office=office)
    with acting(caseworker):
        open_waves(by=caseworker, trial=cast.trial)
        return Invitation.objects.select_related("wave", "trial", "participant", "office").get(participant=participant)


def code_for(cast: Cast, invitation: Invitation) -> str:
    """A code that opens the questionnaire."""
    with acting(cast.kari):
        return make_letter(by=cast.kari, invitation=invitation)


def holding(code: str):
    """Do what follows as whoever holds the code."""
    return planes.entered(plane_of(hash_of(code)))


def opened_by(code: str) -> Opened:
    with holding(code):
        return opened()
