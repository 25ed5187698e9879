"""Random protocols drawn by the application's own functions, as the two files that an auditor holds."""

from typing import Any

import numpy as np

from evaluation.canonical import canonical_json, sha256_of
from trial.allocation import leaves, merkle
from trial.allocation.contributions import commitment_of, party_key
from trial.allocation.drawing import Parties, draw_one
from trial.allocation.protocols import Document

FACTORS = {"sex": ["man", "woman"], "age": ["under_30", "30_or_more"]}
EVEN = (("intervention", 1), ("control", 1))


def random_bundle(seed: int, draws: int = 60) -> tuple[dict[str, Any], dict[str, Any]]:
    """(bundle, anchors) of a trial with a random protocol; every draw by `drawing.draw_one`."""
    rng = np.random.default_rng(seed)
    protocol, seeds = _protocol(rng, draws)
    document, beacon = Document(protocol), bytes.fromhex("ab" * 16) if protocol["beacon"] else b""
    sha256 = sha256_of(protocol)
    keys = [party_key(secret, protocol_sha256=sha256, beacon=beacon) for secret in seeds]
    parties = Parties(protocol["trial"], server=keys[0], researcher=keys[1], shares={})
    log = [leaves.protocol_leaf(seq=0, time=1, protocol_sha256=sha256)]
    states: dict[str, Any] = {}
    positions = dict.fromkeys(protocol["strata"], 0)
    for _draw in range(draws):
        stratum = str(rng.choice(protocol["strata"]))
        factors = {name: str(rng.choice(levels)) for name, levels in protocol["factors"].items()}
        key = document.state_key(stratum)
        state = states.get(key, document.rule(int).start())
        drawn = draw_one(document, parties, place=(stratum, positions[stratum]), state=state, factors=factors)
        states[key] = drawn.state
        who = leaves.new_who()
        place = {"who": who, "stratum": stratum, "position": positions[stratum], "factors": factors}
        log.append(leaves.enrol_leaf(seq=len(log), time=len(log), **place, consent="c" * 64))
        share = drawn.share.hex() if document.attended else ""
        log.append(
            leaves.alloc_leaf(seq=len(log), time=len(log), who=who, arm=protocol["arms"][drawn.arm][0], share=share)
        )
        positions[stratum] += 1
    bundle = {
        "protocol": protocol,
        "seeds": dict(zip(("server", "researcher"), (secret.hex() for secret in seeds), strict=True)),
        "beacon": beacon.hex(),
        "leaves": log,
    }
    return bundle, anchors_of(bundle, every=7)


def anchors_of(bundle: dict[str, Any], *, every: int) -> dict[str, Any]:
    """What is held outside: a checkpoint every so many leaves and at the end, and a receipt of every allocation."""
    hashes = [merkle.leaf_hash(canonical_json(leaf)) for leaf in bundle["leaves"]]
    sizes = sorted({*range(0, len(hashes) + 1, every), len(hashes)})
    return {
        "protocol_sha256": sha256_of(bundle["protocol"]),
        "beacon": bundle["beacon"],
        "checkpoints": [{"size": size, "root": merkle.root(hashes[:size]).hex()} for size in sizes],
        "receipts": [
            {"seq": seq, "leaf": hashes[seq].hex()}
            for seq, leaf in enumerate(bundle["leaves"])
            if leaf["type"] == "ALLOC"
        ],
    }


def _protocol(rng: np.random.Generator, draws: int) -> tuple[dict[str, Any], list[bytes]]:
    method, arms = _method(rng, draws)
    seeds = [rng.bytes(32), rng.bytes(32)]
    trial = f"trial-{rng.integers(1000)}"
    commitments = [commitment_of(trial, secret) for secret in seeds]
    return {
        "version": 1,
        "trial": trial,
        "mode": str(rng.choice(["attended", "unattended"])),
        "arms": arms,
        "strata": ["Hurum", "Moss", "Røyken"][: int(rng.integers(1, 4))],
        "method": method,
        "factors": FACTORS if method["kind"] == "minimisation" else {},
        "beacon": str(rng.choice(["", "drand 4711"])),
        "commitments": dict(zip(("server", "researcher"), commitments, strict=True)),
        "consent_form": "f" * 64,
        "analysis_plan": "",
    }, seeds


def _method(rng: np.random.Generator, draws: int) -> tuple[dict[str, Any], list[list[Any]]]:
    several = [[f"arm{place}", int(rng.integers(1, 6))] for place in range(int(rng.integers(2, 5)))]
    choices: list[tuple[dict[str, Any], list[list[Any]]]] = [
        ({"kind": "simple"}, several),
        ({"kind": "fixed_counts", "counts": {code: draws * ratio for code, ratio in several}}, several),
        ({"kind": "permuted_blocks", "multipliers": [1, 2, 3][: int(rng.integers(1, 4))]}, several),
        ({"kind": "biased_coin", "probability": [2, 3]}, [list(arm) for arm in EVEN]),
        ({"kind": "big_stick", "bound": int(rng.integers(1, 5))}, [list(arm) for arm in EVEN]),
        ({"kind": "urn", "alpha": int(rng.integers(0, 3)), "beta": 1}, [list(arm) for arm in EVEN]),
        ({"kind": "maximal", "bound": 3, "length": 2 * draws}, [list(arm) for arm in EVEN]),
        ({"kind": "minimisation", "factors": {"sex": 2, "age": 1}, "probability": [4, 5]}, several),
    ]
    return choices[int(rng.integers(len(choices)))]
