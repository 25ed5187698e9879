"""Checks the allocation log of an opened trial. Needs Python and nothing else, and shares no code with the site.

    python verify.py bundle.json anchors.json

bundle.json: what the trial opened (protocol, seeds, beacon, leaves). anchors.json: what others held all along
(protocol hash, beacon, checkpoints, receipts). Prints one line per finding and exits 1 on any, else exits 0.
"""

import hashlib
import hmac
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

HEAD = {"seq": int, "time": int, "nonce": str, "type": str}
SHAPES = {
    "PROTOCOL": {**HEAD, "protocol_sha256": str},
    "ENROL": {**HEAD, "who": str, "stratum": str, "position": int, "factors": dict, "consent": str},
    "ALLOC": {**HEAD, "who": str, "arm": str, "share": str},
    "EVENT": {**HEAD, "who": str, "kind": str, "note_sha256": str},
}
PARTIES = ("server", "researcher")
LARGEST_TABLE = 50_000  # length times bound of the maximal procedure, whose paths are counted


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def findings(bundle: Any, anchors: Any) -> Iterator[str]:
    """Every finding as one line of text. Never raises: whoever made the files may have meant them to stop this."""
    for check in (check_files, check_protocol, check_tree, check_order, check_draws):
        try:
            yield from check(bundle, anchors)
        except Exception as problem:
            yield f"{check.__name__}: the files are not as they must be: {type(problem).__name__} {problem}"


def check_files(bundle: Any, anchors: Any) -> Iterator[str]:
    """What JSON has and a protocol must not: true is not 1 and null is nothing."""
    if not plain([bundle["protocol"], bundle["seeds"], bundle["beacon"], anchors]):
        yield "files: hold something else than text, whole numbers, lists and objects"
    if {type(anchors[kind]) for kind in ("checkpoints", "receipts")} != {list} or type(bundle["leaves"]) is not list:
        yield "files: checkpoints, receipts and leaves must be lists"


def plain(value: Any) -> bool:
    if type(value) in (list, dict):
        return all(map(plain, value.values() if type(value) is dict else value))
    return type(value) in (str, int)


def check_protocol(bundle: Any, anchors: Any) -> Iterator[str]:
    protocol = bundle["protocol"]
    if sha256(canonical(protocol)).hex() != anchors["protocol_sha256"]:
        yield "protocol: its hash is not the one held outside"
    if protocol["version"] != 1 or protocol["mode"] not in ("attended", "unattended"):
        yield "protocol: unknown version or mode"
    for names in ([code for code, _ in protocol["arms"]], protocol["strata"]):
        if len(set(names)) < len(names):
            yield "protocol: an arm or a stratum stands twice"
    for party in PARTIES:
        seed = bytes.fromhex(bundle["seeds"][party])
        opened = sha256(b"navtrial/seed/v1" + protocol["trial"].encode() + seed).hex()
        if len(seed) != 32 or opened != protocol["commitments"][party]:
            yield f"seed of {party}: does not open its commitment"
    if bundle["beacon"] != anchors["beacon"] or bool(protocol["beacon"]) != bool(bundle["beacon"]):
        yield "beacon: not the value held outside, missing, or present where the protocol names none"


def check_tree(bundle: Any, anchors: Any) -> Iterator[str]:
    """The roots of all checkpoints in one pass: the frontier holds the perfect subtrees, largest first."""
    hashes = [sha256(b"\0" + canonical(leaf)) for leaf in bundle["leaves"]]
    wanted = {checkpoint["size"] for checkpoint in anchors["checkpoints"]}
    roots: dict[int, str] = {}
    frontier: list[bytes] = []
    for size in range(len(hashes) + 1):
        if size in wanted:
            root = frontier[-1] if frontier else sha256(b"")
            for peak in reversed(frontier[:-1]):
                root = sha256(b"\1" + peak + root)
            roots[size] = root.hex()
        if size < len(hashes):
            node, rest = hashes[size], size
            while rest & 1:
                node, rest = sha256(b"\1" + frontier.pop() + node), rest >> 1
            frontier.append(node)
    for checkpoint in anchors["checkpoints"]:
        if roots.get(checkpoint["size"]) != checkpoint["root"]:
            yield f"checkpoint of {checkpoint['size']} leaves: not a prefix of the log"
    for receipt in anchors["receipts"]:
        seq = receipt["seq"]
        if type(seq) is not int or not 0 <= seq < len(hashes) or hashes[seq].hex() != receipt["leaf"]:
            yield f"receipt of leaf {seq}: not in the log"


def check_order(bundle: Any, anchors: Any) -> Iterator[str]:
    """Sequence, shape, positions and persons: without gap or repeat."""
    enrolled: dict[str, tuple[str, int]] = {}
    drawn: set[str] = set()
    positions: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    for seq, leaf in enumerate(bundle["leaves"]):
        if {field: type(value) for field, value in leaf.items()} != SHAPES.get(leaf["type"]):
            yield f"leaf {seq}: unknown type, or wrong fields"
            continue
        if leaf["seq"] != seq or leaf["time"] < 0 or not re.fullmatch("[0-9a-f]{64}", leaf["nonce"]):
            yield f"leaf {seq}: sequence, time or nonce is wrong"
        kind, who = leaf["type"], leaf.get("who")
        if (kind == "PROTOCOL") != (seq == 0) or leaf.get("protocol_sha256", anchors["protocol_sha256"]) != (
            anchors["protocol_sha256"]
        ):
            yield f"leaf {seq}: the protocol held outside is the first leaf and only that"
        if kind == "ENROL":
            if who in enrolled or not who or leaf["stratum"] not in bundle["protocol"]["strata"]:
                yield f"leaf {seq}: a person enrolled twice, without a code, or in an unknown stratum"
            if {type(level) for level in leaf["factors"].values()} - {str}:
                yield f"leaf {seq}: the level of a factor is no text"
            if leaf["position"] != positions[leaf["stratum"]]:
                yield f"leaf {seq}: position {leaf['position']} in {leaf['stratum']} repeats or leaves a gap"
            positions[leaf["stratum"]] += 1
            enrolled.setdefault(who, (leaf["stratum"], leaf["position"]))
        elif kind == "ALLOC" and (who in drawn or who not in enrolled):
            yield f"leaf {seq}: a person drawn twice, or without being enrolled"
        elif kind == "ALLOC":
            drawn.add(who)
            stratum, position = enrolled[who]
            if position != turns[stratum]:
                yield f"leaf {seq}: drawn out of turn in {stratum}"
            turns[stratum] += 1
        elif kind == "EVENT" and who and who not in enrolled:
            yield f"leaf {seq}: an event of a person who is not enrolled"
    for who in sorted(enrolled.keys() - drawn):
        yield f"{who}: enrolled and never drawn"


def check_draws(bundle: Any, anchors: Any) -> Iterator[str]:
    """Every arm and every share, recomputed from the seeds."""
    protocol = bundle["protocol"]
    whole_trial, attended = protocol["method"]["kind"] == "minimisation", protocol["mode"] == "attended"
    arms, number = [code for code, _ in protocol["arms"]], numbers(bundle)

    def block_number(stratum: str, block: int) -> int:
        return number(stratum, "block", block)[0]

    tallies: Any = defaultdict(lambda: Tally(len(arms)))
    enrolled: dict[str, Any] = {}
    for seq, leaf in enumerate(bundle["leaves"]):
        if leaf["type"] == "ENROL":
            enrolled.setdefault(leaf["who"], leaf)
        elif leaf["type"] == "ALLOC" and leaf["who"] in enrolled:
            person = enrolled[leaf["who"]]
            stratum, factors = person["stratum"], person["factors"]
            tally = tallies[None if whole_trial else stratum]
            try:
                drawn, share = number(stratum, "draw", person["position"])
                weights = weigh(protocol, tally, factors, partial(block_number, stratum))
                arm = pick(drawn, weights)
            except Exception as problem:
                yield f"leaf {seq}: no arm can be drawn: {type(problem).__name__} {problem}"
                continue
            tally.add(arm, factors)
            if leaf["arm"] != arms[arm]:
                yield f"leaf {seq}: says {leaf['arm']}, the draw gives {arms[arm]}"
            if leaf["share"] != (share.hex() if attended else ""):
                yield f"leaf {seq}: the share is not the researcher's"


def numbers(bundle: Any) -> Callable[..., tuple[int, bytes]]:
    """A function (stratum, kind, position) -> (number of the context, the researcher's contribution)."""
    info = b"navtrial/key/v1" + sha256(canonical(bundle["protocol"])) + b"\1"
    salt, trial = bytes.fromhex(bundle["beacon"]) or bytes(32), bundle["protocol"]["trial"]
    seeds = [bytes.fromhex(bundle["seeds"][party]) for party in PARTIES]
    keys = [hmac.digest(hmac.digest(salt, seed, "sha256"), info, "sha256") for seed in seeds]

    def number(*place: Any) -> tuple[int, bytes]:
        server, researcher = (hmac.digest(key, canonical([trial, *place]), "sha256") for key in keys)
        return int.from_bytes(server, "big") ^ int.from_bytes(researcher, "big"), researcher

    return number


class Tally:
    """What has been drawn so far, counted as it comes: in all, slots left of the block, and by level."""

    def __init__(self, arms: int) -> None:
        self.count, self.block, self.slots = [0] * arms, 0, [0] * arms
        self.levels: dict[Any, list[int]] = {}

    def add(self, arm: int, factors: Any) -> None:
        self.count[arm] += 1
        self.slots[arm] -= 1
        for pair in factors.items():
            self.levels.setdefault(pair, [0] * len(self.count))[arm] += 1


def pick(number: int, weights: Any) -> int:
    if min(weights) < 0 or sum(weights) == 0:
        raise ValueError("the list has run out")
    left = number % sum(weights)
    return next(arm for arm in range(len(weights)) if left < sum(weights[: arm + 1]))


def weigh(protocol: Any, tally: Tally, factors: Any, block_number: Callable[[int], int]) -> Any:
    """One weight an arm, for all eight methods, written from their definition."""
    method, (codes, ratio), count = protocol["method"], zip(*protocol["arms"], strict=True), tally.count
    kind = method["kind"]
    if kind == "simple":
        return ratio
    if kind == "fixed_counts":
        return [method["counts"][code] - n for code, n in zip(codes, count, strict=True)]
    if kind == "permuted_blocks":
        if not any(tally.slots):
            times = method["multipliers"][block_number(tally.block) % len(method["multipliers"])]
            tally.block, tally.slots = tally.block + 1, [part * times for part in ratio]
        return tally.slots
    if kind == "minimisation":
        return minimise(protocol, ratio, tally.levels, factors)
    if len(ratio) != 2 or ratio[0] != ratio[1]:
        raise ValueError(f"{kind} is for two arms 1:1")
    first, second = count
    if kind == "urn":
        balls = [method["alpha"] + method["beta"] * n for n in (second, first)]
        return balls if any(balls) else [1, 1]
    if kind == "maximal":
        ways = paths(method["length"], method["bound"])[first + second + 1]
        return [ways.get(first - second + step, 0) for step in (1, -1)]
    if kind not in ("biased_coin", "big_stick"):
        raise ValueError(f"unknown method {kind}")
    if first == second or (kind == "big_stick" and abs(first - second) < method["bound"]):
        return [1, 1]
    part, whole = method["probability"] if kind == "biased_coin" else (1, 1)
    return [part, whole - part] if first < second else [whole - part, part]


def minimise(protocol: Any, ratio: Any, levels: Any, factors: Any) -> Any:
    method, arms, scores = protocol["method"], range(len(ratio)), []
    for arm in arms:
        score = 0
        for name, weight in method["factors"].items():
            if factors[name] not in protocol["factors"][name]:
                raise ValueError(f"no such level of {name}")
            seen = levels.get((name, factors[name]), [0] * len(ratio))
            scaled = [(seen[a] + (a == arm)) * math.lcm(*ratio) // ratio[a] for a in arms]
            score += weight * (max(scaled) - min(scaled))
        scores.append(score)
    tied, (part, whole) = scores.count(min(scores)), method["probability"]
    if tied == len(ratio):
        return ratio
    return [part * (len(ratio) - tied) if score == min(scores) else (whole - part) * tied for score in scores]


@lru_cache(maxsize=4)
def paths(length: int, bound: int) -> list[dict[int, int]]:
    """[n][difference]: the ways from n draws at that difference to a level end, never beyond the bound."""
    if min(length, bound) < 1 or length * min(bound, length) > LARGEST_TABLE:
        raise ValueError(f"length times bound lies between 1 and {LARGEST_TABLE}")
    table = [{0: 1}]
    for left in range(1, length + 1):
        last, widest = table[-1], min(left, bound)
        table.append({d: last.get(d + 1, 0) + last.get(d - 1, 0) for d in range(-widest, widest + 1)})
    return table[::-1]


def read(path: str) -> Any:
    """The JSON of a file. Fractions and keys that stand twice are refused: their meaning is not fixed."""

    def no_fraction(text: str) -> Any:
        raise ValueError(f"{text} is not a whole number")

    def no_twins(pairs: Any) -> Any:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice in one object")
        return dict(pairs)

    text = Path(path).read_text(encoding="utf-8")
    return json.loads(text, parse_float=no_fraction, parse_constant=no_fraction, object_pairs_hook=no_twins)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python verify.py bundle.json anchors.json", file=sys.stderr)
        return 2
    try:
        bundle, anchors = [read(path) for path in arguments]
    except Exception as problem:
        print(f"a file cannot be read: {problem}")
        return 1
    clean = True
    for line in findings(bundle, anchors):
        clean = False
        print("".join(sign if sign.isprintable() else "?" for sign in line))  # a name may hold a line that says OK
    if clean:
        drawn = sum(leaf["type"] == "ALLOC" for leaf in bundle["leaves"])
        held = f"{len(anchors['checkpoints'])} checkpoints, {len(anchors['receipts'])} receipts"
        print(f"OK: {drawn} allocations recomputed, {len(bundle['leaves'])} leaves, {held}; nothing found")
        if not anchors["checkpoints"] and not anchors["receipts"]:
            print("No checkpoint and no receipt was held outside: the log may have been written afterwards.")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] # names in a terminal that lacks their letters
    sys.exit(main(sys.argv[1:]))
