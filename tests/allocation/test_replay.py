"""The application, the verifier, and the definition written down once more, slowly: three times the same arms."""

import hashlib
import hmac
import json

import pytest

from evaluation.design import weights
from tests.allocation.bundles import random_bundle
from tests.allocation.trials import SEED, DrawCast, drawing
from tests.cast import acting
from trial.allocation.decisions import approve_opening, request_opening
from trial.allocation.queries import anchors_of, bundle_of
from trial.allocation.verify import findings
from trial.audit.clock import SimulatedClock
from trial.studies.actions import close_recruitment, lock_data

PROTOCOLS = 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PROTOCOLS))
def test_application_and_verifier_agree_on_a_random_protocol(seed: int) -> None:
    bundle, anchors = random_bundle(seed)
    assert list(findings(bundle, anchors)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PROTOCOLS))
def test_every_arm_follows_from_the_definition_by_recounting_the_whole_history(seed: int) -> None:
    bundle, _anchors = random_bundle(seed)
    assert list(slow_arms(bundle)) == [leaf["arm"] for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"]


def slow_arms(bundle):
    """ALLOCATION sections 3 and 4 word by word: no state is kept, each draw counts everything before it again."""
    protocol = bundle["protocol"]
    people = [leaf for leaf in bundle["leaves"] if leaf["type"] == "ENROL"]
    drawn = []
    for place, person in enumerate(people):
        earlier = [
            (arm, other["factors"])
            for arm, other in zip(drawn, people[:place], strict=True)
            if protocol["method"]["kind"] == "minimisation" or other["stratum"] == person["stratum"]
        ]
        stratum = person["stratum"]
        chances = weights(
            protocol["method"],
            [tuple(arm) for arm in protocol["arms"]],
            earlier,
            factors=person["factors"],
            block_number=lambda block, stratum=stratum: number(bundle, [stratum, "block", block]),
        )
        left = number(bundle, [stratum, "draw", person["position"]]) % sum(chances)
        running = [sum(chances[: count + 1]) for count in range(len(chances))]
        drawn.append(next(code for (code, _), upto in zip(protocol["arms"], running, strict=True) if left < upto))
        yield drawn[-1]


def number(bundle, context):
    said = json.dumps([bundle["protocol"]["trial"], *context], separators=(",", ":"), ensure_ascii=False).encode()
    parts = [int.from_bytes(hmac.digest(key_of(bundle, party), said, "sha256"), "big") for party in bundle["seeds"]]
    return parts[0] ^ parts[1]


def key_of(bundle, party):
    document = json.dumps(bundle["protocol"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    salt = bytes.fromhex(bundle["beacon"]) or bytes(32)
    inner = hmac.new(salt, bytes.fromhex(bundle["seeds"][party]), hashlib.sha256).digest()
    return hmac.new(inner, b"navtrial/key/v1" + hashlib.sha256(document).digest() + b"\x01", hashlib.sha256).digest()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "method"),
    [
        ("attended", {"kind": "permuted_blocks", "multipliers": [1, 2]}),
        ("unattended", {"kind": "permuted_blocks", "multipliers": [1]}),
        ("attended", {"kind": "simple"}),
        ("unattended", {"kind": "simple"}),
    ],
)
def test_a_trial_drawn_by_the_real_actions_is_what_the_verifier_computes(
    db: None, simulated_clock: SimulatedClock, mode: str, method: dict
) -> None:
    made = drawing(mode=mode, method=method)
    for person in made.people(20):
        made.enrol(person)
    if mode == "attended":
        made.draw()
    bundle, anchors = opened(made)
    assert list(findings(bundle, anchors)) == []
    drawn = [leaf["arm"] for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"]
    assert drawn == list(slow_arms(bundle))
    assert len(drawn) == len(anchors["receipts"]) == 20


def opened(made: DrawCast):
    """The two files of a trial after its end."""
    cast = made.cast
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=made.trial)
        lock_data(by=cast.lead, trial=made.trial)
        attended = made.trial.mode == "attended"
        opening = request_opening(by=cast.lead, trial=made.trial, researcher_seed=SEED if attended else None)
    with acting(cast.researcher):
        approve_opening(by=cast.researcher, opening=opening)
        made.trial.refresh_from_db()
        return bundle_of(made.trial), anchors_of(made.trial)
