"""The fixed cast: one trial, its four offices, and someone in every role. Everything comes about by real actions."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from trial.access.models import User
from trial.access.planes import entered, maintenance
from trial.access.roles import Role
from trial.enrolment.actions import publish_consent_form, set_criteria
from trial.enrolment.models import ConsentForm
from trial.studies.actions import add_member, add_office, create_trial, move_trial, set_arms, start_recruiting
from trial.studies.models import Office, Trial
from trial.studies.queries import plane_for
from trial.studies.states import TrialState

BEGINNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PASSWORD = "et langt passord til testene"

ARMS = [
    {"code": "intervention", "name": "Intervensjonsgruppe", "name_en": "Intervention group", "ratio": 5},
    {"code": "control", "name": "Kontrollgruppe", "name_en": "Control group", "ratio": 3, "is_control": True},
]
OFFICES = [
    ("0628", "Nav Hurum", "HUR"),
    ("0104", "Nav Moss", "MOS"),
    ("0136", "Nav Rygge", "RYG"),
    ("0627", "Nav Røyken", "RØY"),
]
CRITERIA = [
    {"code": "reduced_capacity", "question": "Har personen nedsatt arbeidsevne?"},
    {"code": "wants_work", "question": "Ønsker personen ordinært arbeid?"},
    {"code": "in_work", "question": "Er personen i ordinært arbeid nå?", "required": False},
]
ELIGIBLE = {"reduced_capacity": True, "wants_work": True, "in_work": False}
REGISTERS = ["participants", "employment", "benefits", "measures", "education", "work_capacity"]
OPTIONAL = ["later_contact"]
METHOD = {"kind": "permuted_blocks", "multipliers": [1, 2]}

# attribute of the cast -> display name, role, office (for the roles held at one)
PEOPLE = {
    "lead": ("Liv Forsøksleder", Role.TRIAL_LEAD, ""),
    "second_lead": ("Lars Forsøksleder", Role.TRIAL_LEAD, ""),
    "kari": ("Kari Veileder", Role.CASEWORKER, "Moss"),
    "hanne": ("Hanne Veileder", Role.CASEWORKER, "Hurum"),
    "jon": ("Jon Jobbspesialist", Role.SPECIALIST, "Moss"),
    "siri": ("Siri Metodeveileder", Role.SUPERVISOR, "Moss"),
    "researcher": ("Robert Forsker", Role.RESEARCHER, ""),
    "coordinator": ("Kristin Koordinator", Role.COORDINATOR, ""),
    "data_manager": ("Dag Dataforvalter", Role.DATA_MANAGER, ""),
    "analyst": ("Anne Analytiker", Role.ANALYST, ""),
    "checker": ("Olav Resultatkontrollør", Role.OUTPUT_CHECKER, ""),
    "auditor": ("Astrid Revisor", Role.AUDITOR, ""),
}


@dataclass
class Cast:
    """A trial with everyone who works in it. `kari` sees Moss, `hanne` Hurum; `outsider` belongs to no trial."""

    trial: Trial
    lead: User
    outsider: User
    second_lead: User = field(init=False)
    kari: User = field(init=False)
    hanne: User = field(init=False)
    jon: User = field(init=False)
    siri: User = field(init=False)
    researcher: User = field(init=False)
    coordinator: User = field(init=False)
    data_manager: User = field(init=False)
    analyst: User = field(init=False)
    checker: User = field(init=False)
    auditor: User = field(init=False)
    offices: dict[str, Office] = field(default_factory=dict)
    form: ConsentForm = field(init=False)

    @property
    def moss(self) -> Office:
        return self.offices["Moss"]

    @property
    def hurum(self) -> Office:
        return self.offices["Hurum"]

    @property
    def everyone(self) -> dict[str, User]:
        """Every user by attribute name, the outsider included."""
        return {part.name: user for part in fields(self) if isinstance(user := getattr(self, part.name), User)}


def acting(user: User) -> AbstractContextManager[None]:
    """Do what follows as this user, on the user's plane of data."""
    return entered(plane_for(user))


def new_user(name: str, display_name: str) -> User:
    return User.objects.create_user(username=name, password=PASSWORD, display_name=display_name)


def drafted(code: str = "se-klar", **settings: object) -> Cast:
    """A trial under planning: arms, offices, criteria, consent form, people."""
    with maintenance():
        lead = new_user(f"{code}-lead", PEOPLE["lead"][0])
        chosen = {"method": METHOD, "register_sources": REGISTERS, "planned_size": 268} | settings
        trial = create_trial(by=lead, code=code, name="SE-KLAR", settings=chosen)
        cast = Cast(trial=trial, lead=lead, outsider=new_user(f"{code}-outsider", "Unni Utenfor"))
    with acting(lead):
        set_arms(by=lead, trial=trial, arms=ARMS)
        for number, name, prefix in OFFICES:
            office = add_office(by=lead, trial=trial, number=number, name=name, prefix=prefix)
            cast.offices[office.stratum] = office
        set_criteria(by=lead, trial=trial, criteria=CRITERIA)
        cast.form = publish_consent_form(
            by=lead,
            trial=trial,
            text={"nb": "Jeg samtykker til å delta i forsøket.", "en": "I consent to take part in the trial."},
            covers=[*REGISTERS, *OPTIONAL],
            optional=OPTIONAL,
        )
    _join(cast)
    return cast


def recruiting(code: str = "se-klar", **settings: object) -> Cast:
    """A trial that takes people in."""
    cast = drafted(code, **settings)
    with acting(cast.lead):
        move_trial(by=cast.lead, trial=cast.trial, to=TrialState.LOCKED, verb="protocol_locked")
        start_recruiting(by=cast.lead, trial=cast.trial)
    return cast


def _join(cast: Cast) -> None:
    """In one maintenance and one act of the lead: a thousand tests begin here, and changing planes takes its time."""
    others = {attribute: role for attribute, role in PEOPLE.items() if attribute != "lead"}
    with maintenance():
        for attribute, (display_name, _role, _stratum) in others.items():
            setattr(cast, attribute, new_user(f"{cast.trial.code}-{attribute}", display_name))
    with acting(cast.lead):
        for attribute, (_name, role, stratum) in others.items():
            user = getattr(cast, attribute)
            add_member(by=cast.lead, trial=cast.trial, user=user, role=role, office=cast.offices.get(stratum))
