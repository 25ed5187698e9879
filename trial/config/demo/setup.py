"""Setting a demonstration trial up, from the first draft to the first day of recruitment, by two trial leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from evaluation import seklar_plan
from trial.access.models import User
from trial.access.planes import entered, maintenance
from trial.access.roles import Role
from trial.allocation.decisions import approve_protocol, propose_protocol
from trial.analyses.actions import lock_plan, propose_plan
from trial.config.demo.accounts import ACCOUNTS, OFFICES, by_role
from trial.config.demo.keys import ResearcherKey
from trial.enrolment.actions import publish_consent_form, set_criteria
from trial.enrolment.models import ConsentForm
from trial.followup.actions import appoint_specialist
from trial.followup.models import EmploymentSpecialist
from trial.studies.actions import add_member, add_office, create_trial, set_arms, start_recruiting
from trial.studies.models import LegalBasis, Office, Trial
from trial.studies.queries import plane_for
from trial.surveys.design import use_standard

ARMS = (
    {"code": "intervention", "name": "Intervensjonsgruppe", "name_en": "Intervention group", "ratio": 5},
    {"code": "control", "name": "Kontrollgruppe", "name_en": "Control group", "ratio": 3, "is_control": True},
)
METHOD = {"kind": "permuted_blocks", "multipliers": [1, 2]}
REGISTERS = ("participants", "employment", "benefits", "measures", "education", "work_capacity", "income")
OPTIONAL = ("survey",)  # with a tick of its own in the consent
CRITERIA = (
    {"code": "reduced_capacity", "question": "Har personen nedsatt arbeidsevne eller behov for særskilt bistand?"},
    {"code": "wants_work", "question": "Ønsker personen ordinært, lønnet arbeid?"},
    {"code": "working_age", "question": "Er personen mellom 18 og 62 år?"},
    {"code": "other_trial", "question": "Deltar personen i et annet forsøk?", "required": False},
)
ANSWERS = {"reduced_capacity": True, "wants_work": True, "working_age": True, "other_trial": False}
CONSENT = {
    "nb": (
        "Jeg har fått informasjon om forsøket og vet at det trekkes lodd om hvilken oppfølging jeg får. Nav kan "
        "utlevere opplysninger om arbeid, ytelser, tiltak, utdanning, innsatsgruppe og inntekt til forskerne, uten "
        "navn. Jeg kan krysse av for at jeg også vil få spørreskjemaer. Det er frivillig å delta. Jeg kan når som "
        "helst trekke samtykket uten at det får følger for ytelsene mine."
    ),
    "en": (
        "I have been informed about the trial and know that lots are drawn for the follow-up I receive. Nav may hand "
        "over information on work, benefits, measures, education, effort group and income to the researchers, without "
        "my name. I may tick that I would like to get questionnaires as well. Taking part is voluntary. I may "
        "withdraw at any time without any consequence for my benefits."
    ),
}
PRIVACY = {
    "controller": "Arbeids- og velferdsdirektoratet (demonstrasjon)",
    "project_leader": "Robert Forsker, ph.d. (oppdiktet)",
    "questions_to": "se-klar@example.no",
    "privacy_officer": "personvernombudet@example.no",
    "legal_basis": LegalBasis.CONSENT,
    "approvals": "Sikt 000000, PVK 2012/0 (oppdiktede numre)",
}
WHY_FORESEEABLE = (
    "Med fem til tre gjetter man riktig i over 60 prosent av trekningene bare ved å gjette på den største gruppen. "
    "Forskeren trekker ukentlig for flere kontor samlet, så ingen ved et kontor kan styre hvem som er neste."
)
POSITION_SHARES = (100, 80)  # of the two job specialists at each office


@dataclass
class DemoTrial:
    """A demonstration trial with everything that is needed to live through it."""

    trial: Trial
    users: Mapping[str, User]
    offices: dict[str, Office]
    form: ConsentForm
    key: ResearcherKey
    specialists: dict[str, list[EmploymentSpecialist]]

    def user(self, role: Role, office: str = "") -> User:
        return self.users[by_role(role, office).username]


def set_up(users: Mapping[str, User], code: str, name: str, settings: Mapping[str, Any]) -> DemoTrial:
    """Draft the trial, lock plan and protocol by two persons each, staff the offices, and open for recruitment."""
    leads = users["leder"], users["medleder"]
    with maintenance():
        trial = create_trial(
            by=leads[0],
            code=code,
            name=name,
            settings={"method": METHOD, "register_sources": list(REGISTERS), "mode": "attended", **PRIVACY, **settings},
        )
    with entered(plane_for(leads[0])):
        offices, form = _draft(leads[0], trial)
        _staff(leads[0], trial, users, offices)
    key = ResearcherKey.make(trial.code)
    _lock(leads, users["analytiker"], trial, key)
    specialists = {name: _appoint(users, office) for name, office in offices.items()}
    return DemoTrial(trial, users, offices, form, key, specialists)


def _draft(lead: User, trial: Trial) -> tuple[dict[str, Office], ConsentForm]:
    set_arms(by=lead, trial=trial, arms=ARMS)
    offices = {
        office.short: add_office(by=lead, trial=trial, number=office.number, name=office.name, prefix=office.prefix)
        for office in OFFICES
    }
    set_criteria(by=lead, trial=trial, criteria=CRITERIA)
    use_standard(by=lead, trial=trial)
    covers = [*REGISTERS, *OPTIONAL]
    return offices, publish_consent_form(by=lead, trial=trial, text=CONSENT, covers=covers, optional=list(OPTIONAL))


def _staff(lead: User, trial: Trial, users: Mapping[str, User], offices: Mapping[str, Office]) -> None:
    for account in ACCOUNTS:
        if account.username != lead.username:
            user, office = users[account.username], offices.get(account.office)
            add_member(by=lead, trial=trial, user=user, role=account.role, office=office)


def _lock(leads: tuple[User, User], analyst: User, trial: Trial, key: ResearcherKey) -> None:
    """The plan first, since the protocol names its hash; then the protocol. One proposes, another locks."""
    last = trial.planned_end or date(2020, 12, 31)
    plan = seklar_plan(trial.code, data_to=date(last.year + 3, 12, 31).isoformat())
    design = {"method": METHOD, "arms": [[arm["code"], arm["ratio"]] for arm in ARMS]}
    content = plan.to_dict() | {"further": [*plan.further, "randomisation"], "design": design}
    with entered(plane_for(analyst)):
        proposed = propose_plan(by=analyst, trial=trial, content=content)
    with entered(plane_for(leads[0])):
        lock_plan(by=leads[0], plan=proposed)
        trial.refresh_from_db()
        protocol = propose_protocol(
            by=leads[0], trial=trial, researcher_commitment=key.commitment, reason=WHY_FORESEEABLE
        )
    key.protocol_sha256 = protocol.sha256
    with entered(plane_for(leads[1])):
        approve_protocol(by=leads[1], protocol=protocol)
        trial.refresh_from_db()
        start_recruiting(by=leads[1], trial=trial)


def _appoint(users: Mapping[str, User], office: Office) -> list[EmploymentSpecialist]:
    supervisor = users[by_role(Role.SUPERVISOR, office.stratum).username]
    mine = [a for a in ACCOUNTS if a.role == Role.SPECIALIST and a.office == office.stratum]
    with entered(plane_for(supervisor)):
        return [
            appoint_specialist(by=supervisor, user=users[account.username], office=office, position_share=share)
            for account, share in zip(mine, POSITION_SHARES, strict=True)
        ]
