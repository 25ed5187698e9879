"""A second, slow implementation of the draw, written from its definition and sharing nothing with the application.

It makes whole bundles and anchors, so that verifier and application have something outside both to be held against.
Every weight is recounted from the whole history each time, and every root from all the leaves.
"""

import copy
import hashlib
import hmac
import json
from fractions import Fraction
from math import lcm

import numpy as np

ARMS = [["intervention", 5], ["control", 3]]
EQUAL = [["a", 1], ["b", 1]]
METHODS = {
    "simple": ({"kind": "simple"}, ARMS),
    "fixed_counts": ({"kind": "fixed_counts", "counts": {"a": 60, "b": 60}}, EQUAL),
    "permuted_blocks": ({"kind": "permuted_blocks", "multipliers": [1, 2, 3]}, ARMS),
    "biased_coin": ({"kind": "biased_coin", "probability": [2, 3]}, EQUAL),
    "big_stick": ({"kind": "big_stick", "bound": 2}, EQUAL),
    "urn": ({"kind": "urn", "alpha": 1, "beta": 2}, EQUAL),
    "maximal": ({"kind": "maximal", "bound": 3, "length": 120}, EQUAL),
    "minimisation": (
        {"kind": "minimisation", "factors": {"sex": 2, "age": 1}, "probability": [4, 5]},
        [["a", 2], ["b", 1], ["c", 1]],
    ),
}
FACTORS = {"sex": ["man", "woman"], "age": ["18-29", "30-49", "50+"]}
STRATA = ["Hurum", "Moss", "Røyken"]


def text(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def key_of(seed: bytes, protocol: dict, beacon: bytes) -> bytes:
    inner = hmac.new(beacon or b"\x00" * 32, seed, hashlib.sha256).digest()
    return hmac.new(inner, b"navtrial/key/v1" + sha(text(protocol)) + b"\x01", hashlib.sha256).digest()


def part(key: bytes, context: list) -> bytes:
    return hmac.new(key, text(context), hashlib.sha256).digest()


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\x01" + slow_root(leaves[:split]) + slow_root(leaves[split:]))


def slow_weights(method: dict, arms: list, history: list, factors: dict, block) -> list:
    """One weight an arm, recounted from the whole history, in fractions where the definition has them."""
    codes, ratio = [code for code, _ in arms], [part for _, part in arms]
    count = [sum(arm == code for arm, _ in history) for code in codes]
    kind = method["kind"]
    if kind == "simple":
        return ratio
    if kind == "fixed_counts":
        return [method["counts"][code] - n for code, n in zip(codes, count, strict=True)]
    if kind == "permuted_blocks":
        return _slots(method, codes, ratio, history, block)
    if kind == "minimisation":
        return _minimised(method, codes, ratio, history, factors)
    behind = count[0] - count[1]
    if kind == "urn":
        both = [method["alpha"] + method["beta"] * count[1], method["alpha"] + method["beta"] * count[0]]
        return both if sum(both) else [1, 1]
    if kind == "maximal":
        return [_paths(method, len(history) + 1, behind + step) for step in (1, -1)]
    if behind == 0 or (kind == "big_stick" and abs(behind) < method["bound"]):
        return [1, 1]
    numerator, denominator = method.get("probability", [1, 1])
    return [numerator, denominator - numerator] if behind < 0 else [denominator - numerator, numerator]


def _slots(method, codes, ratio, history, block):
    begin = number = 0
    while True:
        times = method["multipliers"][block(number) % len(method["multipliers"])]
        size = sum(ratio) * times
        if begin + size > len(history):
            taken = [arm for arm, _ in history[begin:]]
            return [r * times - taken.count(code) for code, r in zip(codes, ratio, strict=True)]
        begin, number = begin + size, number + 1


def _paths(method, done, difference, known={}):  # noqa: B006 - a memory of what was counted
    place = (method["length"], method["bound"], done, difference)
    if abs(difference) > method["bound"] or done > method["length"]:
        return 0
    if done == method["length"]:
        return int(difference == 0)
    if place not in known:
        known[place] = _paths(method, done + 1, difference + 1) + _paths(method, done + 1, difference - 1)
    return known[place]


def _minimised(method, codes, ratio, history, factors):
    scores = []
    for joined in codes:
        score = Fraction(0)
        for factor, weight in method["factors"].items():
            same = [arm for arm, levels in history if levels[factor] == factors[factor]] + [joined]
            scaled = [Fraction(same.count(code) * lcm(*ratio), r) for code, r in zip(codes, ratio, strict=True)]
            score += weight * (max(scaled) - min(scaled))
        scores.append(score)
    best = [score == min(scores) for score in scores]
    if all(best):
        return ratio
    numerator, denominator = method["probability"]
    return [
        numerator * (len(codes) - sum(best)) if is_best else (denominator - numerator) * sum(best) for is_best in best
    ]


def slow_arm(number: int, weights: list, codes: list) -> str:
    remainder = number % sum(weights)
    return next(code for place, code in enumerate(codes) if sum(weights[: place + 1]) > remainder)


def make(kind: str, *, people: int, seed: int, attended: bool = True, beacon: bytes = b"") -> tuple[dict, dict]:
    """A bundle of a trial with this method, and the anchors that were held outside meanwhile."""
    rng = np.random.default_rng(seed)
    method, arms = METHODS[kind]
    seeds = {"server": rng.bytes(32), "researcher": rng.bytes(32)}
    protocol = {
        "version": 1,
        "trial": f"forsøk-{seed}",
        "mode": "attended" if attended else "unattended",
        "arms": arms,
        "strata": STRATA,
        "method": method,
        "factors": FACTORS if kind == "minimisation" else {},
        "beacon": "drand 1" if beacon else "",
        "commitments": {
            party: sha(b"navtrial/seed/v1" + f"forsøk-{seed}".encode() + secret).hex()
            for party, secret in seeds.items()
        },
        "consent_form": "c" * 64,
        "analysis_plan": "",
    }
    leaves = _leaves(protocol, seeds, beacon, people, rng)
    texts = [text(leaf) for leaf in leaves]
    anchors = {
        "protocol_sha256": sha(text(protocol)).hex(),
        "beacon": beacon.hex(),
        "checkpoints": [
            {"size": size, "root": slow_root(texts[:size]).hex()} for size in (1, len(texts) // 2, len(texts))
        ],
        "receipts": [
            {"seq": leaf["seq"], "leaf": sha(b"\x00" + texts[leaf["seq"]]).hex()}
            for leaf in leaves
            if leaf["type"] == "ALLOC"
        ],
    }
    bundle = {
        "protocol": protocol,
        "seeds": {party: secret.hex() for party, secret in seeds.items()},
        "beacon": beacon.hex(),
        "leaves": leaves,
    }
    return bundle, anchors


def _leaves(protocol, seeds, beacon, people, rng) -> list[dict]:
    keys = [key_of(seeds[party], protocol, beacon) for party in ("server", "researcher")]
    leaves: list[dict] = []
    waiting: list[dict] = []
    histories: dict[str, list] = {stratum: [] for stratum in (*STRATA, "")}
    codes = [code for code, _ in protocol["arms"]]

    def add(kind, /, **fields):
        leaves.append(
            {"seq": len(leaves), "time": 1_400_000_000 + len(leaves), "nonce": rng.bytes(32).hex(), "type": kind}
            | fields
        )

    def number(*place):
        context = [protocol["trial"], *place]
        server, researcher = part(keys[0], context), part(keys[1], context)
        return int.from_bytes(bytes(a ^ b for a, b in zip(server, researcher, strict=True)), "big"), researcher.hex()

    def draw(person):
        stratum = person["stratum"]
        history = histories["" if protocol["method"]["kind"] == "minimisation" else stratum]
        drawn, share = number(stratum, "draw", person["position"])
        weights = slow_weights(
            protocol["method"], protocol["arms"], history, person["factors"], lambda b: number(stratum, "block", b)[0]
        )
        arm = slow_arm(drawn, weights, codes)
        history.append((arm, person["factors"]))
        add("ALLOC", who=person["who"], arm=arm, share=share if protocol["mode"] == "attended" else "")

    add("PROTOCOL", protocol_sha256=sha(text(protocol)).hex())
    positions = dict.fromkeys(STRATA, 0)
    for _ in range(people):
        stratum = STRATA[rng.integers(len(STRATA))]
        person = {
            "who": rng.bytes(16).hex(),
            "stratum": stratum,
            "position": positions[stratum],
            "factors": {name: levels[rng.integers(len(levels))] for name, levels in protocol["factors"].items()},
        }
        positions[stratum] += 1
        add("ENROL", **person, consent=rng.bytes(32).hex())
        waiting.append(person)
        while waiting and rng.random() < 0.6:
            draw(waiting.pop(0))
    while waiting:
        draw(waiting.pop(0))
    add("EVENT", who=leaves[1]["who"], kind="withdrawn", note_sha256=rng.bytes(32).hex())
    add("EVENT", who="", kind="recruitment_closed", note_sha256=rng.bytes(32).hex())
    return leaves


def within(bundle: dict) -> dict:
    """Anchors that whoever rewrote the bundle made afterwards: the control, which must miss a full rewrite."""
    texts = [text(leaf) for leaf in bundle["leaves"]]
    return {
        "protocol_sha256": sha(text(bundle["protocol"])).hex(),
        "beacon": bundle["beacon"],
        "checkpoints": [{"size": len(texts), "root": slow_root(texts).hex()}],
        "receipts": [],
    }


def copied(bundle: dict) -> dict:
    return copy.deepcopy(bundle)
