"""The trial that the browser tests walk through: planned by two persons, recruiting since 2014 at four offices."""

from pathlib import Path

import pandas as pd

from evaluation.plan import seklar_plan
from evaluation.simulation import simulate_seklar
from tests.allocation.trials import SEED, DrawCast, proposed
from tests.analyses.life import DATA_TO, true_arms
from tests.cast import OPTIONAL, REGISTERS, Cast, acting, drafted, new_user
from tests.factories import checked as found_eligible
from tests.factories import consented
from tests.registers.files import checked, employment_of
from trial.access.models import User
from trial.access.planes import DatabaseRole, Plane, acting_in, maintenance
from trial.access.roles import Role
from trial.allocation.decisions import approve_protocol
from trial.allocation.models import Allocation
from trial.analyses.actions import lock_plan, propose_plan, request_run
from trial.analyses.calculation import carry_out
from trial.analyses.models import Run
from trial.audit import clock
from trial.config.demo.keys import ResearcherKey
from trial.enrolment.actions import publish_consent_form
from trial.enrolment.models import Participant
from trial.followup.actions import appoint_specialist, assign, log_contact, record_deviation, record_measure
from trial.followup.models import ContactKind, DeviationKind, EmploymentSpecialist
from trial.registers.actions import accept
from trial.results.actions import release_results, request_release
from trial.studies.actions import add_member, close_recruitment, lock_data, start_recruiting
from trial.studies.models import Mode, Office

SOURCES = [*REGISTERS, "income"]
CONSENT = {"nb": "Jeg samtykker til å delta i forsøket.", "en": "I consent to take part in the trial."}
PEOPLE_AN_OFFICE = 16  # whole blocks, and enough for a regression on all the covariates of the plan
SIMULATION_SEED = 7


def recruiting() -> DrawCast:
    """Plan and protocol locked by two persons each, with the published plan and every register that it uses."""
    cast = drafted(mode=Mode.ATTENDED, register_sources=SOURCES)
    _lock_plan(cast)
    protocol = proposed(cast)
    with acting(cast.second_lead):
        approve_protocol(by=cast.second_lead, protocol=protocol)
        cast.trial.refresh_from_db()
        start_recruiting(by=cast.second_lead, trial=cast.trial)
    return DrawCast(cast, protocol)


def _lock_plan(cast: Cast) -> None:
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


def followed(cast: Cast) -> None:
    """Jon follows two of those drawn at Moss; someone of the control group was contacted by mistake."""
    specialist = appointed(cast)
    for participant in drawn_at_moss(cast, "intervention")[:2]:
        with acting(cast.siri):
            assign(by=cast.siri, participant=participant, specialist=specialist)
        with acting(cast.jon):
            log_contact(by=cast.jon, participant=participant, kind=ContactKind.MEETING, minutes=45, note="Om ønsker.")
            record_measure(by=cast.jon, participant=participant, code="PRAKSORD", start=clock.today())
    with acting(cast.siri):
        control = drawn_at_moss(cast, "control")[0]
        record_deviation(by=cast.siri, participant=control, kind=DeviationKind.CONTROL_FOLLOWED, reason="Feil nummer.")


def drawn_at_moss(cast: Cast, arm: str) -> list[Participant]:
    """Those drawn to an arm at Moss, in the order of enrolment."""
    with maintenance():
        drawn = Allocation.objects.filter(trial=cast.trial, office=cast.moss, arm__code=arm).order_by("enrol_seq")
        return [place.participant for place in drawn.select_related("participant__trial", "participant__office")]


def waiting(draw: DrawCast) -> None:
    """One who waits for the draw, one who could be enrolled, one about whom only the questions are answered."""
    draw.enrol(consented(draw.cast))
    consented(draw.cast)
    found_eligible(draw.cast)


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


def analysed(cast: Cast, frames: dict[str, pd.DataFrame]) -> None:
    """Deliveries accepted but for one that waits, data locked, the plan run on both kinds of arms, results let out."""
    _deliver(cast, frames)
    with acting(cast.lead):
        cast.trial.refresh_from_db()
        close_recruitment(by=cast.lead, trial=cast.trial)
    _run(cast, masked=True)
    with acting(cast.lead):
        lock_data(by=cast.lead, trial=cast.trial)
    for run in (_run(cast, masked=False), _run(cast, masked=False)):
        with acting(cast.analyst):
            release = request_release(by=cast.analyst, run=run)
    with acting(cast.checker):
        release_results(by=cast.checker, release=release)


def _deliver(cast: Cast, frames: dict[str, pd.DataFrame]) -> None:
    for register, frame in without_arms(frames).items():
        delivery = checked(cast, frame.to_csv(index=False, date_format="%Y-%m-%d"), register=register)
        with acting(cast.data_manager):
            accept(by=cast.data_manager, delivery=delivery)
    checked(cast, employment_of("MOS-0000-0", drawn_at_moss(cast, "control")[0].number))


def _run(cast: Cast, *, masked: bool) -> Run:
    with acting(cast.analyst):
        plan = cast.trial.plans.get()
        run = request_run(by=cast.analyst, plan=plan, masked=masked)
    with acting_in(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        carry_out(run.pk)
    with acting(cast.analyst):
        run.refresh_from_db()
    return run
