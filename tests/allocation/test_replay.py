"""Random protocols drawn by the application, and recomputed by the verifier and by the slow implementation.

Some are lived through with everything around the draw, from the first office to the opening; more of them are drawn
in memory, by the same code without its database. `pytest -m nightly tests/allocation/test_replay.py -n 0` runs the
large amounts, with protocols of a new seed that it prints, and keeps what it counted as evidence.
"""

import json
import secrets
from collections import Counter

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests import evidence
from tests.allocation.bundles import copied, key_of, part, slow_arm, slow_weights
from tests.allocation.random_protocols import live_through, open_up, random_document, random_trial
from tests.allocation.trials import DrawCast
from trial.allocation import verify
from trial.allocation.queries import anchors_of, bundle_of
from trial.allocation.rehearsal import PARTIES, Stage

PEOPLE = 12
PROTOCOLS = 50
CHUNK = 5
IN_MEMORY = [200, pytest.param(2_000, marks=pytest.mark.nightly)]
DRAWS = 100


def slow_arms(bundle: dict) -> list[str]:
    """Every arm of a bundle in the order of the log, by the slow implementation."""
    protocol, trial = bundle["protocol"], bundle["protocol"]["trial"]
    beacon = bytes.fromhex(bundle["beacon"])
    keys = [key_of(bytes.fromhex(bundle["seeds"][party]), protocol, beacon) for party in ("server", "researcher")]

    def number(*place):
        one, other = (int(part(key, [trial, *place]).hex(), 16) for key in keys)
        return one ^ other

    people = {leaf["who"]: leaf for leaf in bundle["leaves"] if leaf["type"] == "ENROL"}
    histories: dict[str, list] = {}
    found = []
    for leaf in bundle["leaves"]:
        if leaf["type"] != "ALLOC":
            continue
        person = people[leaf["who"]]
        stratum = person["stratum"]
        history = histories.setdefault("" if protocol["method"]["kind"] == "minimisation" else stratum, [])
        weights = slow_weights(
            protocol["method"],
            protocol["arms"],
            history,
            person["factors"],
            lambda block, stratum=stratum: number(stratum, "block", block),
        )
        arm = slow_arm(number(stratum, "draw", person["position"]), weights, [code for code, _ in protocol["arms"]])
        history.append((arm, person["factors"]))
        found.append(arm)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, PROTOCOLS, CHUNK))
def test_application_verifier_and_slow_implementation_agree(db, simulated_clock, first: int):
    for serial in range(first, first + CHUNK):
        made, rng = random_trial(serial, PEOPLE)
        live_through(made, rng, PEOPLE)
        open_up(made)
        bundle, anchors = bundle_of(made.trial), anchors_of(made.trial)
        method = bundle["protocol"]["method"]
        assert list(verify.findings(bundle, anchors)) == [], (serial, method)
        assert [leaf["arm"] for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"] == slow_arms(bundle), method
        assert len(anchors["receipts"]) == PEOPLE


@pytest.mark.slow
@pytest.mark.parametrize("protocols", IN_MEMORY)
def test_the_three_agree_on_many_protocols_of_a_hundred_draws(protocols: int):
    nightly = protocols > IN_MEMORY[0]
    seed, kinds = secrets.randbelow(2**32) if nightly else 20261130, Counter[str]()
    print(f"seed {seed}")
    for serial in range(protocols):
        rng = np.random.default_rng([seed, serial])
        document = random_document(rng, DRAWS)
        stage, method = Stage(document, {party: rng.bytes(32) for party in PARTIES}), document.method
        for _ in range(DRAWS):
            factors = document.content["factors"].items()
            levels = {name: str(rng.choice(each)) for name, each in factors}
            stage.arrives(str(rng.choice(document.content["strata"])), levels)
        bundle, anchors = stage.files()
        assert list(verify.findings(bundle, anchors)) == [], (seed, serial, method)
        drawn = [leaf["arm"] for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"]
        assert drawn == slow_arms(bundle), (seed, serial, method)
        assert len(drawn) + stage.turned_away == DRAWS
        kinds[method["kind"]] += len(drawn)
    assert len(kinds) == 8
    if nightly:
        evidence.keep(
            "draw_replay", protocols=protocols, draws=kinds.total(), draws_by_method=dict(kinds), differences=0
        )


@pytest.mark.slow
def test_a_bundle_with_one_arm_changed_is_found_so_the_agreement_means_something(db, simulated_clock):
    made, rng = random_trial(3, PEOPLE)
    live_through(made, rng, PEOPLE)
    open_up(made)
    bundle = copied(bundle_of(made.trial))
    leaf = [leaf for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"][5]
    leaf["arm"] = next(code for code, _ in bundle["protocol"]["arms"] if code != leaf["arm"])
    found = list(verify.findings(bundle, anchors_of(made.trial)))
    assert any("the draw gives" in line for line in found)
    assert any("receipt" in line for line in found)


@pytest.mark.slow
def test_the_commands_write_the_two_files(drawn_trial: DrawCast, tmp_path, capsys):
    drawn_trial.enrol(drawn_trial.people()[0])
    drawn_trial.draw()
    code = drawn_trial.trial.code
    with pytest.raises(CommandError, match="ikke åpnet"):
        call_command("allocation_bundle", code)
    open_up(drawn_trial)
    bundle, anchors = tmp_path / "bundle.json", tmp_path / "anchors.json"
    call_command("allocation_bundle", code, out=bundle)
    call_command("allocation_anchors", code)
    anchors.write_text(capsys.readouterr().out)
    assert verify.main([str(bundle), str(anchors)]) == 0
    assert len(json.loads(anchors.read_text())["receipts"]) == 1
    call_command("allocation_monitor")
    call_command("allocation_checkpoint")
    call_command("allocation_finish")
    with pytest.raises(CommandError):
        call_command("allocation_anchors", "unknown")
