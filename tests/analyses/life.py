"""A small trial lived from plan to deliveries: unattended draws, two offices, simulated registers."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from evaluation.plan import seklar_plan
from evaluation.simulation import simulate_seklar
from tests.cast import Cast, acting, drafted
from tests.factories import consented
from tests.registers.files import checked
from trial.access.planes import maintenance
from trial.allocation.actions import enrol
from trial.allocation.decisions import approve_protocol, propose_protocol
from trial.allocation.models import Allocation
from trial.analyses.actions import lock_plan, propose_plan
from trial.analyses.models import Plan
from trial.audit import clock
from trial.registers.actions import accept
from trial.studies.actions import close_recruitment, lock_data, start_recruiting
from trial.studies.models import Mode

BEGINNING = datetime(2014, 1, 7, 9, 0, tzinfo=UTC)
FOLLOWED_UP = datetime(2018, 1, 10, 9, 0, tzinfo=UTC)
DATA_TO = date(2017, 12, 31)
PEOPLE_AN_OFFICE = 16
SEED = 7


def planned(code: str = "se-klar") -> tuple[Cast, Plan]:
    """A trial under planning whose plan the analyst proposed and the trial lead locked."""
    cast = drafted(code, mode=Mode.UNATTENDED)
    with acting(cast.analyst):
        plan = propose_plan(by=cast.analyst, trial=cast.trial, content=plan_content(code))
    with acting(cast.lead):
        return cast, lock_plan(by=cast.lead, plan=plan)


def plan_content(code: str) -> dict[str, Any]:
    """The published plan without the income, which the cast's consent form does not ask for.

    Adjusted for age only: the draw is a new one each time, and in so few people shares may coincide.
    """
    content = seklar_plan(code, data_to=DATA_TO.isoformat()).to_dict()
    baseline = [name for name in content["baseline"] if name != "income_at_start"]
    return content | {"baseline": baseline, "covariates": ["age"]}


def recruited(cast: Cast) -> None:
    """The protocol locked, and people drawn at Moss and at Hurum."""
    cast.trial.refresh_from_db()
    with acting(cast.lead):
        protocol = propose_protocol(by=cast.lead, trial=cast.trial, reason="Som i den publiserte studien")
    with acting(cast.second_lead):
        approve_protocol(by=cast.second_lead, protocol=protocol)
        start_recruiting(by=cast.second_lead, trial=cast.trial)
    for caseworker, office in ((cast.kari, cast.moss), (cast.hanne, cast.hurum)):
        for place in range(PEOPLE_AN_OFFICE):
            participant = consented(cast, by=caseworker, office=office)
            with acting(caseworker):
                enrol(by=caseworker, participant=participant, idempotency_key=f"{office.prefix}-{place}")


def delivered(cast: Cast) -> None:
    """Every register sent, checked and accepted; recruitment is over."""
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
    frames = simulate_seklar(true_arms(cast), seed=SEED, data_to=DATA_TO.isoformat())
    for register, frame in frames.items():
        if register in cast.trial.register_sources:
            text = frame.to_csv(sep=";", decimal=",", index=False, date_format="%Y-%m-%d")
            delivery = checked(cast, text, register=register)
            with acting(cast.data_manager):
                accept(by=cast.data_manager, delivery=delivery)


def true_arms(cast: Cast) -> pd.DataFrame:
    """Number, office, arm and start of everyone, read past every plane: what the masked view must not show."""
    with maintenance():
        rows = [
            (one.participant.number, one.stratum, one.arm.code, pd.Timestamp(clock.on_date(one.enrolled_at)))
            for one in Allocation.objects.filter(trial=cast.trial).select_related("participant", "arm")
        ]
    return pd.DataFrame(rows, columns=["participant_number", "office", "arm", "start_date"])


def followed_up(time: clock.SimulatedClock) -> tuple[Cast, Plan]:
    """A trial whose people were followed up and whose deliveries are in force; its data are not locked yet."""
    cast, plan = planned()
    recruited(cast)
    time.set(FOLLOWED_UP)
    delivered(cast)
    return cast, plan


def data_locked(cast: Cast) -> None:
    with acting(cast.lead):
        cast.trial.refresh_from_db()
        lock_data(by=cast.lead, trial=cast.trial)
