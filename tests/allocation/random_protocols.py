"""Random protocols for the application to live through: any method, mode, arms, offices and factors."""

from typing import Any

import numpy as np

from tests.allocation.trials import REASON, SEED, DrawCast
from tests.cast import CRITERIA, Cast, acting, new_user
from tests.factories import consented
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.allocation.contributions import commitment_of
from trial.allocation.decisions import (
    approve_opening,
    approve_protocol,
    propose_protocol,
    record_beacon,
    request_opening,
)
from trial.allocation.protocols import Document
from trial.enrolment.actions import publish_consent_form, set_criteria
from trial.studies.actions import (
    add_member,
    add_office,
    close_recruitment,
    create_trial,
    lock_data,
    set_arms,
    start_recruiting,
)

OFFICES = [("0104", "Nav Moss", "MOS"), ("0628", "Nav Hurum", "HUR"), ("0627", "Nav Røyken", "RØY")]
FACTORS = {"sex": ["man", "woman"], "age": ["18-29", "30-49", "50+"]}


def random_method(rng: np.random.Generator, people: int) -> tuple[dict[str, Any], list[int], dict[str, list[str]]]:
    """A method, the ratio of its arms, and its factors."""
    kind = str(
        rng.choice(
            ["simple", "fixed_counts", "permuted_blocks", "minimisation", "biased_coin", "big_stick", "urn", "maximal"]
        )
    )
    if kind in ("biased_coin", "big_stick", "urn", "maximal"):
        settings = {
            "biased_coin": {"probability": [2, 3]},
            "big_stick": {"bound": int(rng.integers(1, 4))},
            "urn": {"alpha": int(rng.integers(0, 3)), "beta": int(rng.integers(1, 4))},
            "maximal": {"bound": int(rng.integers(1, 4)), "length": 2 * people},
        }
        return {"kind": kind, **settings[kind]}, [1, 1], {}
    ratio = [int(part) for part in rng.integers(1, 5, int(rng.integers(2, 5)))]
    if kind == "fixed_counts":
        return {"kind": kind, "counts": {f"arm-{place}": people for place in range(len(ratio))}}, ratio, {}
    if kind == "permuted_blocks":
        return {"kind": kind, "multipliers": [int(m) for m in rng.integers(1, 4, int(rng.integers(1, 4)))]}, ratio, {}
    if kind == "minimisation":
        return {"kind": kind, "factors": {"sex": 2, "age": 1}, "probability": [4, 5]}, ratio, FACTORS
    return {"kind": kind}, ratio, {}


def random_document(rng: np.random.Generator, people: int) -> Document:
    """A protocol of the same kinds for a trial that is drawn in memory."""
    method, ratio, factors = random_method(rng, people)
    content = {
        "version": 1,
        "trial": f"forsøk-{rng.integers(1000)}",
        "mode": str(rng.choice(["attended", "unattended"])),
        "arms": [[f"arm-{place}", part] for place, part in enumerate(ratio)],
        "strata": [name for _number, name, _prefix in OFFICES[: rng.integers(1, 4)]],
        "method": method,
        "factors": factors,
        "beacon": "drand" if rng.random() < 0.3 else "",
        "consent_form": "",
        "analysis_plan": "",
    }
    return Document(content)


def random_trial(serial: int, people: int) -> tuple[DrawCast, np.random.Generator]:
    """A trial under a random protocol, recruiting at one to three offices with one caseworker for all of them."""
    rng = np.random.default_rng(serial)
    method, ratio, factors = random_method(rng, people)
    mode = str(rng.choice(["attended", "unattended"]))
    code = f"random-{serial}"
    cast = _cast(code, {"method": method, "factors": factors, "mode": mode, "planned_size": people})
    with acting(cast.lead):
        arms = [{"code": f"arm-{place}", "name": f"Gruppe {place}", "ratio": part} for place, part in enumerate(ratio)]
        set_arms(by=cast.lead, trial=cast.trial, arms=arms)
        for number, name, prefix in OFFICES[: rng.integers(1, 4)]:
            office = add_office(by=cast.lead, trial=cast.trial, number=number, name=name, prefix=prefix)
            cast.offices[office.stratum] = office
            add_member(by=cast.lead, trial=cast.trial, user=cast.kari, role=Role.CASEWORKER, office=office)
    return _locked(cast, rng), rng


def live_through(made: DrawCast, rng: np.random.Generator, people: int) -> None:
    """Enrol at random offices; the researcher draws now and then, and for everyone at the end."""
    offices = list(made.cast.offices.values())
    for _ in range(people):
        levels = {name: str(rng.choice(each)) for name, each in made.trial.factors.items()}
        made.enrol(consented(made.cast, office=offices[rng.integers(len(offices))], **levels))
        if rng.random() < 0.2:
            made.draw()
    made.draw()


def open_up(made: DrawCast) -> None:
    """Close, lock the data, and open by two persons."""
    cast = made.cast
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
        lock_data(by=cast.lead, trial=cast.trial)
        opening = request_opening(by=cast.lead, trial=cast.trial)
    seed = SEED if cast.trial.mode == "attended" else None
    with acting(cast.researcher):
        approve_opening(by=cast.researcher, opening=opening, researcher_seed=seed)


def _cast(code: str, settings: dict[str, Any]) -> Cast:
    with maintenance():
        lead = new_user(f"{code}-lead", "Liv")
        trial = create_trial(by=lead, code=code, name=code, settings=settings)
        cast = Cast(trial=trial, lead=lead, outsider=lead)
        cast.second_lead, cast.kari = new_user(f"{code}-second", "Lars"), new_user(f"{code}-kari", "Kari")
        cast.researcher = new_user(f"{code}-researcher", "Robert")
    with acting(lead):
        set_criteria(by=lead, trial=trial, criteria=CRITERIA)
        cast.form = publish_consent_form(by=lead, trial=trial, text={"nb": "Jeg samtykker."}, covers=[])
        add_member(by=lead, trial=trial, user=cast.second_lead, role=Role.TRIAL_LEAD)
        add_member(by=lead, trial=trial, user=cast.researcher, role=Role.RESEARCHER)
    return cast


def _locked(cast: Cast, rng: np.random.Generator) -> DrawCast:
    beacon = rng.bytes(16) if rng.random() < 0.3 else b""
    with acting(cast.lead):
        protocol = propose_protocol(
            by=cast.lead,
            trial=cast.trial,
            researcher_commitment=commitment_of(cast.trial.code, SEED),
            beacon="drand" if beacon else "",
            reason=REASON,
        )
    with acting(cast.second_lead):
        approve_protocol(by=cast.second_lead, protocol=protocol)
        if beacon:
            record_beacon(by=cast.second_lead, trial=cast.trial, value=beacon.hex())
        cast.trial.refresh_from_db()
        start_recruiting(by=cast.second_lead, trial=cast.trial)
    return DrawCast(cast, protocol, beacon)
