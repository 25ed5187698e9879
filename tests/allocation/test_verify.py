"""The verifier against bundles made by a second implementation: nothing found in honest ones, everything in others."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import evidence
from tests.allocation.bundles import METHODS, copied, make, sha, text, within
from trial.allocation import verify

VERIFIER = Path(verify.__file__)


@pytest.mark.slow
@pytest.mark.parametrize("attended", [True, False])
@pytest.mark.parametrize("kind", METHODS)
def test_nothing_is_found_in_an_honest_bundle(kind: str, attended: bool):
    for seed in range(3):
        bundle, anchors = make(kind, people=100, seed=seed, attended=attended, beacon=bytes(range(seed * 8)))
        assert list(verify.findings(bundle, anchors)) == []


def _leaf(bundle, kind, place=0):
    return [leaf for leaf in bundle["leaves"] if leaf["type"] == kind][place]


def _other_arm(bundle, anchors, rng):
    leaf = _leaf(bundle, "ALLOC", rng.integers(20))
    leaf["arm"] = next(code for code, _ in bundle["protocol"]["arms"] if code != leaf["arm"])


def _swap_arms(bundle, anchors, rng):
    drawn = [leaf for leaf in bundle["leaves"] if leaf["type"] == "ALLOC"]
    one = drawn[rng.integers(10)]
    other = next(leaf for leaf in drawn if leaf["arm"] != one["arm"])
    one["arm"], other["arm"] = other["arm"], one["arm"]


def _swap_persons(bundle, anchors, rng):
    one, other = _leaf(bundle, "ALLOC", 2), _leaf(bundle, "ALLOC", 9)
    one["who"], other["who"] = other["who"], one["who"]


def _drop_alloc(bundle, anchors, rng):
    bundle["leaves"].remove(_leaf(bundle, "ALLOC", rng.integers(20)))
    _renumber(bundle)


def _drop_enrol(bundle, anchors, rng):
    bundle["leaves"].remove(_leaf(bundle, "ENROL", rng.integers(20)))
    _renumber(bundle)


def _drop_person(bundle, anchors, rng):
    who = _leaf(bundle, "ENROL", 5)["who"]
    bundle["leaves"] = [leaf for leaf in bundle["leaves"] if leaf.get("who") != who]
    _renumber(bundle)


def _drop_event(bundle, anchors, rng):
    bundle["leaves"].pop()


def _repeat_leaf(bundle, anchors, rng):
    bundle["leaves"].append(copied(_leaf(bundle, "ALLOC")) | {"seq": len(bundle["leaves"])})


def _reorder(bundle, anchors, rng):
    leaves = bundle["leaves"]
    leaves[3], leaves[4] = leaves[4], leaves[3]


def _change_position(bundle, anchors, rng):
    _leaf(bundle, "ENROL", 7)["position"] += 1


def _change_stratum(bundle, anchors, rng):
    leaf = _leaf(bundle, "ENROL", 7)
    leaf["stratum"] = next(s for s in bundle["protocol"]["strata"] if s != leaf["stratum"])


def _change_consent(bundle, anchors, rng):
    _leaf(bundle, "ENROL", 7)["consent"] = rng.bytes(32).hex()


def _change_time(bundle, anchors, rng):
    bundle["leaves"][rng.integers(20)]["time"] += 60


def _change_nonce(bundle, anchors, rng):
    bundle["leaves"][rng.integers(20)]["nonce"] = rng.bytes(32).hex()


def _change_share(bundle, anchors, rng):
    _leaf(bundle, "ALLOC", 3)["share"] = rng.bytes(32).hex()


def _change_seed(bundle, anchors, rng):
    bundle["seeds"][("server", "researcher")[rng.integers(2)]] = rng.bytes(32).hex()


def _change_ratio(bundle, anchors, rng):
    bundle["protocol"]["arms"][0][1] += 1


def _change_beacon(bundle, anchors, rng):
    bundle["beacon"] = rng.bytes(8).hex()


def _forge_checkpoint(bundle, anchors, rng):
    anchors["checkpoints"][rng.integers(3)]["root"] = rng.bytes(32).hex()


def _forge_receipt(bundle, anchors, rng):
    anchors["receipts"][rng.integers(20)]["leaf"] = rng.bytes(32).hex()


def _cut_the_end(bundle, anchors, rng):
    bundle["leaves"] = bundle["leaves"][:-10]


def _extra_field(bundle, anchors, rng):
    _leaf(bundle, "ENROL", 4)["name"] = "Nora Testvik"


def _full_rewrite(bundle, anchors, rng):
    """Another history from other seeds, whole in itself."""
    bundle.update(make("permuted_blocks", people=100, seed=10_000 + int(rng.integers(1000)))[0])


def _renumber(bundle):
    for seq, leaf in enumerate(bundle["leaves"]):
        leaf["seq"] = seq


TAMPERS = [
    _other_arm,
    _swap_arms,
    _swap_persons,
    _drop_alloc,
    _drop_enrol,
    _drop_person,
    _drop_event,
    _repeat_leaf,
    _reorder,
    _change_position,
    _change_stratum,
    _change_consent,
    _change_time,
    _change_nonce,
    _change_share,
    _change_seed,
    _change_ratio,
    _change_beacon,
    _forge_checkpoint,
    _forge_receipt,
    _cut_the_end,
    _extra_field,
    _full_rewrite,
]
HONEST = make("permuted_blocks", people=100, seed=1)


def _missed(tamper, seeds) -> list[int]:
    """The seeds with which a change is not found by whoever holds the anchors of before."""
    missed = []
    for seed in seeds:
        bundle, anchors = copied(HONEST[0]), copied(HONEST[1])
        tamper(bundle, anchors, np.random.default_rng(seed))
        if not list(verify.findings(bundle, anchors)):
            missed.append(seed)
    return missed


def _rewrites_missed(seeds) -> int:
    """How many full rewrites are missed by whoever only gets anchors that were made afterwards."""
    missed = 0
    for seed in seeds:
        bundle = copied(HONEST[0])
        _full_rewrite(bundle, None, np.random.default_rng(seed))
        missed += not list(verify.findings(bundle, within(bundle)))
    return missed


@pytest.mark.slow
@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__.strip("_"))
def test_every_change_is_found_with_anchors_held_outside(tamper):
    assert _missed(tamper, range(5000, 5025)) == []


@pytest.mark.slow
def test_anchors_made_afterwards_miss_a_full_rewrite_so_they_must_be_held_outside():
    assert _rewrites_missed(range(25)) == 25


@pytest.mark.nightly
def test_every_change_is_found_400_times_over():
    first = secrets.randbelow(2**32)
    print(f"seeds from {first}")
    seeds = range(first, first + 400)
    missed = {tamper.__name__.strip("_"): _missed(tamper, seeds) for tamper in TAMPERS}
    assert {name: found for name, found in missed.items() if found} == {}
    control = _rewrites_missed(seeds)
    assert control == len(seeds)
    evidence.keep(
        "draw_tamper",
        classes=list(missed),
        of_each=len(seeds),
        missed_with_anchors_held_outside=0,
        full_rewrites_missed_with_anchors_made_afterwards=control,
    )


def _length_without_end(bundle, anchors):
    bundle["protocol"]["method"] = {"kind": "maximal", "bound": 3, "length": 2**70}
    bundle["protocol"]["arms"] = [["intervention", 1], ["control", 1]]


def _true_for_one(bundle, anchors):
    anchors["checkpoints"][0]["size"] = True


def _arm_twice(bundle, anchors):
    bundle["protocol"]["arms"][1][0] = "intervention"


def _weight_of_no_number(bundle, anchors):
    bundle["protocol"]["arms"][0][1] = float("nan")


@pytest.mark.parametrize(
    ("craft", "says"),
    [
        (_length_without_end, "lies between"),
        (_true_for_one, "something else than text"),
        (_arm_twice, "stands twice"),
        (_weight_of_no_number, "something else than text"),
    ],
)
def test_what_is_made_to_stop_the_verifier_is_a_finding(craft, says: str):
    bundle, anchors = copied(HONEST[0]), copied(HONEST[1])
    craft(bundle, anchors)
    assert any(says in line for line in verify.findings(bundle, anchors))


def test_the_verdict_says_when_nothing_but_the_protocol_was_held_outside(tmp_path):
    bundle, anchors = HONEST
    for held, said in ((anchors, False), (anchors | {"checkpoints": [], "receipts": []}, True)):
        verdict = _run(tmp_path, json.dumps(bundle), json.dumps(held))
        assert verdict.returncode == 0
        assert ("may have been written afterwards" in verdict.stdout) == said


def test_one_changed_arm_is_one_finding_that_names_the_leaf():
    bundle = copied(HONEST[0])
    leaf = _leaf(bundle, "ALLOC", 30)
    leaf["arm"] = "control" if leaf["arm"] == "intervention" else "intervention"
    found = list(verify.findings(bundle, within(bundle)))
    assert len(found) == 1
    assert f"leaf {leaf['seq']}" in found[0]


WHOLE = {"protocol": {}, "seeds": {}, "beacon": "", "leaves": []}
MALFORMED = [[], None, 5, "x", {}, WHOLE, {**WHOLE, "leaves": 7}, {**WHOLE, "leaves": [None, {}, {"type": []}]}]


@pytest.mark.parametrize("bundle", MALFORMED, ids=str)
def test_a_malformed_file_is_a_finding_and_no_traceback(bundle):
    assert list(verify.findings(bundle, HONEST[1]))
    assert list(verify.findings(HONEST[0], bundle))


@pytest.mark.slow
def test_a_value_of_any_other_kind_anywhere_is_a_finding():
    for path in _paths(HONEST[0]):
        for value in (None, True, -1, "", [], {}, 10**30):
            bundle = copied(HONEST[0])
            if _set(bundle, path, value):
                assert list(verify.findings(bundle, HONEST[1])), (path, value)


def _paths(bundle):
    yield from ((key,) for key in bundle)
    yield from (("protocol", key) for key in bundle["protocol"])
    yield from (("leaves", place, key) for place in (0, 1, 2, 5) for key in bundle["leaves"][place])


def _set(bundle, path, value) -> bool:
    *way, last = path
    for step in way:
        bundle = bundle[step]
    changed = type(bundle[last]) is not type(value) or bundle[last] != value
    bundle[last] = value
    return changed


def _run(tmp_path, bundle: str, anchors: str, **environment: str):
    paths = tmp_path / "bundle.json", tmp_path / "anchors.json"
    for path, content in zip(paths, (bundle, anchors), strict=True):
        path.write_text(content, encoding="utf-8")
    command = [sys.executable, str(VERIFIER), *map(str, paths)]
    known = {"LANG": "C.UTF-8"} | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=known, cwd=tmp_path)


@pytest.mark.slow
def test_the_command_says_ok_and_exits_0_or_prints_a_line_for_each_finding_and_exits_1(tmp_path):
    bundle, anchors = HONEST
    clean = _run(tmp_path, json.dumps(bundle), json.dumps(anchors))
    assert (clean.returncode, clean.stderr) == (0, "")
    assert clean.stdout.startswith("OK: 100 allocations recomputed")
    wrong = copied(bundle)
    _other_arm(wrong, anchors, np.random.default_rng(0))
    found = _run(tmp_path, json.dumps(wrong), json.dumps(anchors))
    assert found.returncode == 1
    assert "the draw gives" in found.stdout
    assert found.stderr == ""


@pytest.mark.slow
def test_a_name_that_holds_a_line_of_its_own_says_nothing_in_the_verifiers_name(tmp_path):
    bundle, anchors = copied(HONEST[0]), HONEST[1]
    _leaf(bundle, "ALLOC")["arm"] = "x\nOK: 100 allocations recomputed\ud800"
    found = _run(tmp_path, json.dumps(bundle), json.dumps(anchors), PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stderr) == (1, "")
    assert not any(line.startswith("OK") for line in found.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", "[1.5]", '{"leaves": [], "leaves": []}', "NaN", "[" * 100_000])
def test_a_file_that_is_no_clean_json_is_a_finding(tmp_path, content: str):
    answer = _run(tmp_path, content, json.dumps(HONEST[1]))
    assert answer.returncode == 1
    assert "cannot be read" in answer.stdout
    assert answer.stderr == ""


def test_the_verifier_needs_the_standard_library_only():
    imports = [line for line in VERIFIER.read_text().splitlines() if line.startswith(("import", "from"))]
    modules = {line.split()[1].split(".")[0] for line in imports}
    assert modules <= set(sys.stdlib_module_names)


def test_known_answers_written_down_once():
    """Fixed values of one small trial: whoever changes the definition of a number must change this."""
    bundle, anchors = make("permuted_blocks", people=12, seed=7)
    assert anchors["protocol_sha256"] == "01d33d2fd43d7e5b822dc618ca6ec4b9af48922272df28e245c5aa680c4d2b67"
    assert "".join(leaf["arm"][0] for leaf in bundle["leaves"] if leaf["type"] == "ALLOC") == "iciiiiiicicc"
    assert sha(text(bundle["leaves"])).hex() == "06136e7a0a2866ffe77b4b18f957128a0718cfc6168d53e6edb9c3ba39fdd517"
