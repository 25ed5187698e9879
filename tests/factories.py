"""People at each step of their way into the trial, brought there by the caseworker's own actions."""

from datetime import date
from itertools import count

from evaluation.national_id import synthetic_national_id
from tests.cast import ELIGIBLE, Cast, acting
from trial.access.models import User
from trial.enrolment.actions import check_eligibility, give_consent, register_person
from trial.enrolment.models import EligibilityCheck, Participant
from trial.identity.models import Person
from trial.studies.models import Office

FIRST_NAMES = ("Nora", "Jakob", "Emma", "Aksel", "Ingrid", "Sander", "Åse", "Øyvind")
LAST_NAMES = ("Testvik", "Prøvestad", "Eksempelrud", "Øvre", "Syntetisk")
_serial = count(10_000)  # beyond the serial numbers that tests name: nobody is met twice


def synthetic_person(serial: int | None = None) -> Person:
    """Somebody who does not exist; another one at each call, or the one of a serial number."""
    place = next(_serial) if serial is None else serial
    born = date(1960 + place % 40, 1 + place % 12, 1 + place % 28)
    name = f"{FIRST_NAMES[place % len(FIRST_NAMES)]} {LAST_NAMES[place % len(LAST_NAMES)]}"
    return Person(name=name, national_id=synthetic_national_id(born, place // 840))


def checked(
    cast: Cast, *, by: User | None = None, office: Office | None = None, factors: dict[str, str] | None = None
) -> EligibilityCheck:
    """Someone found eligible at the caseworker's office (Kari's at Moss unless said otherwise)."""
    caseworker = by or cast.kari
    with acting(caseworker):
        return check_eligibility(by=caseworker, office=office or cast.moss, answers=ELIGIBLE, factors=factors)


def registered(
    cast: Cast, *, by: User | None = None, office: Office | None = None, person: Person | None = None, **factors: str
) -> Participant:
    """Someone with a number."""
    caseworker = by or cast.kari
    check = checked(cast, by=caseworker, office=office, factors=factors)
    with acting(caseworker):
        return register_person(by=caseworker, check=check, person=person or synthetic_person())


def consented(
    cast: Cast, *, by: User | None = None, office: Office | None = None, person: Person | None = None, **factors: str
) -> Participant:
    """Someone who has consented to the current form, and can be enrolled."""
    caseworker = by or cast.kari
    participant = registered(cast, by=caseworker, office=office, person=person, **factors)
    with acting(caseworker):
        give_consent(by=caseworker, participant=participant, form=cast.form, covers=[], paper_reference="Perm 1")
    return participant
