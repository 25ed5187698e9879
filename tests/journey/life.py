"""The trial that the browser tests walk through: planned by two persons, recruiting since 2014 at four offices."""

from pathlib import Path

import pandas as pd

from evaluation.plan import seklar_plan
from evaluation.simulation import simulate_seklar
from tests.allocation.trials import SEED, DrawCast, proposed
from tests.analyses.life import DATA_TO, true_arms
from tests.cast import OPTIONAL, REGISTERS, Cast, acting, drafted, new_user
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.allocation.decisions import approve_protocol
from trial.analyses.actions import lock_plan, propose_plan
from trial.analyses.models import Plan
from trial.config.demo.keys import ResearcherKey
from trial.enrolment.actions import publish_consent_form
from trial.followup.actions import appoint_specialist
from trial.followup.models import EmploymentSpecialist
from trial.studies.actions import add_member, start_recruiting
from trial.studies.models import Mode, Office

SOURCES = [*REGISTERS, "income"]
CONSENT = {"nb": "Jeg samtykker til å delta i forsøket.", "en": "I consent to take part in the trial."}
PEOPLE_AN_OFFICE = 8
SIMULATION_SEED = 7


def recruiting() -> tuple[DrawCast, Plan]:
    """Plan and protocol locked by two persons each, with the published plan and every register that it uses."""
    cast = drafted(mode=Mode.ATTENDED, register_sources=SOURCES)
    plan = _locked_plan(cast)
    protocol = proposed(cast)
    with acting(cast.second_lead):
        approve_protocol(by=cast.second_lead, protocol=protocol)
        cast.trial.refresh_from_db()
        start_recruiting(by=cast.second_lead, trial=cast.trial)
    return DrawCast(cast, protocol), plan


def _locked_plan(cast: Cast) -> Plan:
    with acting(cast.lead):
        cast.form = publish_consent_form(
            by=cast.lead, trial=cast.trial, text=CONSENT, covers=[*SOURCES, *OPTIONAL], optional=OPTIONAL
        )
    content = seklar_plan(cast.trial.code, data_to=DATA_TO.isoformat()).to_dict()
    with acting(cast.analyst):
        plan = propose_plan(by=cast.analyst, trial=cast.trial, content=content)
    with acting(cast.lead):
        lock_plan(by=cast.lead, plan=plan)
        cast.trial.refresh_from_db()
    return plan


def recruited(draw: DrawCast) -> None:
    """People of all four offices, enrolled by the offices' caseworkers and drawn by the researcher."""
    for office, caseworker in _caseworkers(draw.cast).items():
        for person in draw.people(PEOPLE_AN_OFFICE, office=office, by=caseworker):
            draw.enrol(person, by=caseworker)
    draw.draw()


def _caseworkers(cast: Cast) -> dict[Office, User]:
    """The cast's two, and one each for the two offices where the cast has none."""
    found = {cast.moss: cast.kari, cast.hurum: cast.hanne}
    for office in cast.offices.values():
        if office not in found:
            with maintenance():
                found[office] = new_user(f"{cast.trial.code}-{office.prefix.lower()}", "Vera Veileder")
            with acting(cast.lead):
                add_member(by=cast.lead, trial=cast.trial, user=found[office], role=Role.CASEWORKER, office=office)
    return found


def appointed(cast: Cast) -> EmploymentSpecialist:
    """Jon in a full position at Moss."""
    with acting(cast.siri):
        return appoint_specialist(by=cast.siri, user=cast.jon, office=cast.moss, position_share=100)


def registers(cast: Cast) -> dict[str, pd.DataFrame]:
    """What the registers know of everyone who has been drawn, to the end of the plan's data.

    `participants` holds the arms as well; they are for the test alone.
    """
    frames = simulate_seklar(true_arms(cast), seed=SIMULATION_SEED, data_to=DATA_TO.isoformat())
    return {register: frames[register] for register in SOURCES}


def without_arms(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The registers as their owners send them."""
    return frames | {"participants": frames["participants"].drop(columns=["office", "arm", "start_date"])}


def key_file(folder: Path, *, code: str = "se-klar", seed: bytes = SEED) -> Path:
    """The researcher's key file as the researcher keeps it."""
    return ResearcherKey(code, seed).write(folder)
