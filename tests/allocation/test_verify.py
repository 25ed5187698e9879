"""The verifier finds every change that someone with the whole database could make, unless nothing is held outside."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.allocation.bundles import anchors_of, random_bundle
from trial.allocation import verify
from trial.allocation.verify import findings

SEEDS = range(25)


def alloc(bundle, rng):
    return bundle["leaves"][int(rng.choice([i for i, leaf in enumerate(bundle["leaves"]) if leaf["type"] == "ALLOC"]))]


def enrol(bundle, rng):
    return bundle["leaves"][int(rng.choice([i for i, leaf in enumerate(bundle["leaves"]) if leaf["type"] == "ENROL"]))]


def other_arm(bundle, rng):
    leaf = alloc(bundle, rng)
    leaf["arm"] = next(code for code, _ in bundle["protocol"]["arms"] if code != leaf["arm"])


def swapped_arms(bundle, rng):
    leaves = [leaf for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"]
    first = leaves[int(rng.integers(len(leaves)))]
    second = next(leaf for leaf in leaves if leaf["who"] != first["who"])
    first["who"], second["who"] = second["who"], first["who"]


def renumbered(bundle):
    for seq, leaf in enumerate(bundle["leaves"]):
        leaf["seq"] = seq


def removed_person(bundle, rng):
    who = enrol(bundle, rng)["who"]
    bundle["leaves"] = [leaf for leaf in bundle["leaves"] if leaf.get("who") != who]
    renumbered(bundle)


def removed_last(bundle, rng):
    del bundle["leaves"][-2:]


def repeated_draw(bundle, rng):
    bundle["leaves"].append(copy.deepcopy(alloc(bundle, rng)))
    renumbered(bundle)


def flipped_seed(bundle, rng):
    party = str(rng.choice(["server", "researcher"]))
    seed = bytearray.fromhex(bundle["seeds"][party])
    seed[int(rng.integers(32))] ^= 1
    bundle["seeds"][party] = seed.hex()


def field(name, value, of=alloc):
    def change(bundle, rng):
        of(bundle, rng)[name] = value

    change.__name__ = f"{name}_of_{of.__name__}"
    return change


def protocol(name, value):
    def change(bundle, rng):
        bundle["protocol"][name] = value

    change.__name__ = f"protocol_{name}"
    return change


def reordered(bundle, rng):
    place = int(rng.integers(1, len(bundle["leaves"]) - 2))
    bundle["leaves"][place], bundle["leaves"][place + 2] = bundle["leaves"][place + 2], bundle["leaves"][place]
    renumbered(bundle)


def ratio(bundle, rng):
    bundle["protocol"]["arms"][0][1] += 1


def moved_position(bundle, rng):
    enrol(bundle, rng)["position"] += 1


def beacon(bundle, rng):
    bundle["beacon"] = "cd" * 16


def event_without_person(bundle, rng):
    event = {"time": 1, "nonce": "a" * 64, "type": "EVENT", "who": "nobody", "kind": "withdrawn", "note_sha256": ""}
    bundle["leaves"].append({"seq": len(bundle["leaves"])} | event)


TAMPERINGS = [
    other_arm,
    swapped_arms,
    removed_person,
    removed_last,
    repeated_draw,
    flipped_seed,
    reordered,
    ratio,
    moved_position,
    beacon,
    event_without_person,
    field("share", "00" * 32),
    field("nonce", "b" * 64),
    field("time", 99),
    field("who", "somebody else"),
    field("stratum", "Oslo", enrol),
    field("consent", "d" * 64, enrol),
    field("factors", {"sex": "woman"}, enrol),
    protocol("consent_form", "e" * 64),
    protocol("trial", "another"),
    protocol("strata", ["Moss"]),
    protocol("mode", "neither"),
]


@pytest.mark.slow
@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda change: change.__name__)
def test_every_tampering_is_found_with_what_is_held_outside(tamper) -> None:
    changed = 0
    for seed in SEEDS:
        bundle, anchors = random_bundle(seed, draws=12)
        before = copy.deepcopy(bundle)
        tamper(bundle, np.random.default_rng(seed))
        if bundle != before:
            changed += 1
            assert list(findings(bundle, anchors)), f"seed {seed}"
    assert changed > len(SEEDS) // 2


@pytest.mark.slow
def test_control_a_full_rewrite_is_missed_when_the_anchors_come_from_the_inside() -> None:
    for seed in SEEDS:
        bundle, _held_outside = random_bundle(seed, draws=12)
        rewritten, _ = random_bundle(seed + 1000, draws=12)
        assert list(findings(rewritten, anchors_of(rewritten, every=7))) == []
        assert list(findings(rewritten, anchors_of(bundle, every=7)))


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"leaves": 3}', '{"protocol": {"arms": []}}', "{" * 5000])
def test_a_file_of_any_kind_is_a_finding_and_no_traceback(tmp_path: Path, content: str) -> None:
    good, anchors = tmp_path / "good.json", tmp_path / "anchors.json"
    bundle, held = random_bundle(1, draws=4)
    good.write_text(json.dumps(bundle))
    anchors.write_text(json.dumps(held))
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    for pair in ((bad, anchors), (good, bad)):
        told = audited(*pair)
        assert told.returncode == 1
        assert told.stdout
        assert not told.stderr
    assert audited(good, anchors).returncode == 0


def audited(bundle: Path, anchors: Path) -> subprocess.CompletedProcess[str]:
    """What an auditor does: Python without this project, and two files."""
    command = [sys.executable, "-I", verify.__file__, str(bundle), str(anchors)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
