"""A dress rehearsal: the whole trial drawn once, in memory, with seeds that are thrown away, and then verified.

The code is that of the real draw, from the contributions of both parties to the leaves of the log; only the database
is missing. What comes out is one possible course of the trial, and says nothing about the real one.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from evaluation.canonical import canonical_json, sha256_of
from evaluation.design import ListExhausted
from trial.allocation import leaves, merkle, verify
from trial.allocation.contributions import commitment_of, new_seed, party_key
from trial.allocation.drawing import Parties, draw_one
from trial.allocation.protocols import Document

MOST_PEOPLE = 2000  # enough to see how it goes, few enough for somebody at a page to wait for
BETWEEN_CHECKPOINTS = 50  # leaves
BEACON = "00" * 16
PARTIES = ("server", "researcher")


def rehearse(
    document: Document, expected: Mapping[str, int], generator: np.random.Generator | None = None
) -> dict[str, Any]:
    """Draw for the people expected in each stratum, in a random order, and let the verifier judge the log.

    Answers `people` drawn, `turned_away` by a list that had run out, `counts` (a row per stratum: its name and the
    number in each arm), `guess_share` (of somebody who sees all earlier arms), `leaves`, `checkpoints`, `findings`.
    """
    stage = Stage(document, {party: new_seed() for party in PARTIES})
    generator = generator or np.random.default_rng()
    arrivals = [name for name, number in expected.items() for _ in range(number)]
    for place in generator.permutation(len(arrivals))[:MOST_PEOPLE]:
        levels = document.content["factors"].items()
        stage.arrives(arrivals[place], {factor: str(generator.choice(each)) for factor, each in levels})
    return stage.ended()


class Stage:
    """The state of a rehearsal: the parties with their seeds, the rules' states, and a log without a database."""

    def __init__(self, document: Document, seeds: Mapping[str, bytes]) -> None:
        trial = document.content["trial"]
        commitments = {party: commitment_of(trial, seed) for party, seed in seeds.items()}
        self.document = Document(document.content | {"commitments": commitments})
        self.seeds, self.beacon = seeds, BEACON if document.content["beacon"] else ""
        self.sha256 = sha256_of(self.document.content)
        keys = {
            party: party_key(seed, protocol_sha256=self.sha256, beacon=bytes.fromhex(self.beacon))
            for party, seed in seeds.items()
        }
        self.parties = Parties(trial, server=keys["server"], researcher=keys["researcher"], shares={})
        self.codes = [code for code, _ratio in document.content["arms"]]
        start = document.rule(int).start()
        self.states: dict[str, Any] = defaultdict(lambda: start)
        self.positions: Counter[str] = Counter()
        self.counts: dict[str, Counter[str]] = {stratum: Counter() for stratum in document.content["strata"]}
        self.right = 0.0
        self.turned_away = 0
        self.log: list[leaves.Leaf] = []
        self.frontier: list[bytes] = []
        self.checkpoints: list[dict[str, Any]] = []
        self.receipts: list[dict[str, Any]] = []
        self._append(leaves.protocol_leaf, protocol_sha256=self.sha256)

    def arrives(self, stratum: str, factors: dict[str, str]) -> None:
        """Enrol and draw one person."""
        history, position = self.document.state_key(stratum), self.positions[stratum]
        rule = self.document.rule(lambda block: self.parties.number([self.parties.trial, stratum, "block", block]))
        try:
            weights = rule.weights(self.states[history], factors)
        except ListExhausted:
            self.turned_away += 1
            return
        drawn = draw_one(
            self.document, self.parties, place=(stratum, position), state=self.states[history], factors=factors
        )
        who = leaves.new_who()
        self._append(
            leaves.enrol_leaf, who=who, stratum=stratum, position=position, factors=factors, consent=sha256_of(who)
        )
        share = drawn.share.hex() if self.document.attended else ""
        leaf = self._append(leaves.alloc_leaf, who=who, arm=self.codes[drawn.arm], share=share)
        self.receipts.append({"seq": leaf["seq"], "leaf": leaves.hash_of(leaf).hex()})
        self.states[history] = drawn.state
        self.positions[stratum] += 1
        self.counts[stratum][self.codes[drawn.arm]] += 1
        self.right += _right(weights, drawn.arm)

    def ended(self) -> dict[str, Any]:
        """What the rehearsal showed; the verifier reads the files that an auditor would get."""
        bundle, anchors = self.files()
        people = sum(self.positions.values())
        return {
            "people": people,
            "turned_away": self.turned_away,
            "counts": [[name, *(found[code] for code in self.codes)] for name, found in self.counts.items()],
            "guess_share": round(self.right / people, 4) if people else 0.0,
            "leaves": len(self.log),
            "checkpoints": len(self.checkpoints),
            "findings": list(verify.findings(bundle, anchors)),
        }

    def files(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Bundle and anchors, the latter with a checkpoint of the log as it is now."""
        self._checkpoint()
        seeds = {party: seed.hex() for party, seed in self.seeds.items()}
        bundle = {
            "protocol": self.document.content, "seeds": seeds, "beacon": self.beacon, "leaves": self.log
        }  # fmt: skip
        anchors = {
            "protocol_sha256": self.sha256,
            "beacon": self.beacon,
            "checkpoints": self.checkpoints,
            "receipts": self.receipts,
        }
        return bundle, anchors

    def _append(self, build: Any, **fields: Any) -> leaves.Leaf:
        leaf: leaves.Leaf = build(seq=len(self.log), time=len(self.log), **fields)
        self.frontier = merkle.append(self.frontier, len(self.log), merkle.leaf_hash(canonical_json(leaf)))
        self.log.append(leaf)
        if len(self.log) % BETWEEN_CHECKPOINTS == 0:
            self._checkpoint()
        return leaf

    def _checkpoint(self) -> None:
        self.checkpoints.append({"size": len(self.log), "root": merkle.root_of_frontier(self.frontier).hex()})


def _right(weights: list[int], arm: int) -> float:
    """Whether somebody who bets on the likeliest arm is right; a tie is a bet among the likeliest."""
    likeliest = [place for place, weight in enumerate(weights) if weight == max(weights)]
    return (arm in likeliest) / len(likeliest)
