"""From contributions to arms: which contexts a draw needs, and which numbers they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.canonical import canonical_json
from evaluation.design import arm_for
from evaluation.rules import PermutedBlocks, Rule
from trial.allocation.contributions import Context, block_context, contribution, draw_context, number
from trial.allocation.protocols import Document


class ShareMissing(Exception):  # noqa: N818 - the draw waits for it
    """The researcher has not contributed to this context yet."""


class Parties:
    """Both sides of every context: the server's own, and the researcher's as it was sent or from the seed.

    `server`, `researcher`: the parties' keys, the latter None in attended mode. `shares`: canonical context -> hex.
    """

    def __init__(self, trial: str, *, server: bytes, researcher: bytes | None, shares: Mapping[str, str]) -> None:
        self.trial, self.server, self.researcher, self.shares = trial, server, researcher, shares

    def share(self, context: Context) -> bytes:
        if self.researcher is not None:
            return contribution(self.researcher, context)
        sent = self.shares.get(canonical_json(context).decode())
        if sent is None:
            raise ShareMissing
        return bytes.fromhex(sent)

    def number(self, context: Context) -> int:
        return number(contribution(self.server, context), self.share(context))


@dataclass(frozen=True)
class Drawn:
    """The arm's place in the protocol, the researcher's share of it, and the state after it."""

    arm: int
    share: bytes
    state: Any


def draw_one(
    document: Document, parties: Parties, *, place: tuple[str, int], state: Any, factors: Mapping[str, str]
) -> Drawn:
    """The arm of a (stratum, position). Raises ShareMissing, or DesignError where there is no arm to draw."""
    stratum, position = place
    context = draw_context(parties.trial, stratum, position)
    rule = document.rule(lambda block: parties.number(block_context(parties.trial, stratum, block)))
    drawn = parties.number(context)
    arm = arm_for(drawn, rule.weights(state, factors))
    return Drawn(arm, parties.share(context), rule.advance(state, arm, factors))


def contexts_needed(document: Document, *, stratum: str, first: int, waiting: int, state: Any) -> list[list[Context]]:
    """For each waiting position of a stratum the contexts to contribute to; empty where earlier draws decide first.

    The size of a block is contributed to only when its first number waits, so that nobody learns a later one.
    """
    trial, rule = document.content["trial"], document.rule(int)
    draws = [[draw_context(trial, stratum, first + step)] for step in range(waiting)]
    if not isinstance(rule, PermutedBlocks) or len(rule.method["multipliers"]) == 1:
        return draws
    left, block = _left_in_block(rule, state)
    known = left + sum(rule.ratio) * min(rule.method["multipliers"])
    if left < waiting:
        draws[left].insert(0, block_context(trial, stratum, block))
    return draws[:known] + [[] for _ in draws[known:]]


def _left_in_block(rule: Rule, state: Any) -> tuple[int, int]:
    """(slots left in the open block, number of the block after it)."""
    block, multiplier, taken = state
    if not multiplier:
        return 0, block
    return sum(rule.ratio) * multiplier - sum(taken), block + 1
