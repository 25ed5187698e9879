"""The declared design of a trial: one weight vector a draw, for every method.

The draw, the predictability report, simulation and the randomisation test all come from here. A method is a
``Rule`` (evaluation.rules) whose state is plain tuples, lists and dicts: it can be stored as JSON
and taken up again without counting the history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.rules import (
    RULES,
    Arms,
    BlockNumber,
    DesignError,
    Factors,
    ListExhausted,
    MissingFactor,
    Rule,
)

__all__ = [
    "DesignError",
    "ListExhausted",
    "MissingFactor",
    "Rule",
    "arm_for",
    "follows",
    "replay",
    "rule_for",
    "simulate",
    "weights",
]


def rule_for(method: Mapping[str, Any], arms: Arms, *, block_number: BlockNumber | None = None) -> Rule:
    """The declared method over these arms. Raises DesignError where they do not fit together."""
    kind = method.get("kind")
    if not isinstance(kind, str) or kind not in RULES:
        raise DesignError(f"unknown method: {kind}")
    return RULES[kind](method, arms, block_number)


def replay(rule: Rule, history: Iterable[tuple[str, Factors]]) -> Any:
    """The state after the history: the slow way, which every kept state must equal."""
    state = rule.start()
    for code, factors in history:
        if code not in rule.codes:
            raise DesignError(f"the history names an arm that the design lacks: {code}")
        state = rule.advance(state, rule.codes.index(code), factors)
    return state


def follows(rule: Rule, history: Iterable[tuple[str, Factors]], kept: Any) -> bool:
    """Whether the history may have led to a kept state (as it came back from JSON), whatever sizes hidden blocks had.

    The number of the block is not looked at: it says which size is drawn next, and that is what is hidden.
    """
    possible = {_plain(rule.start()): rule.start()}
    for code, factors in history:
        after = {}
        for state in [opened for seen in possible.values() for opened in rule.openings(seen)]:
            try:
                led_to = rule.forget(rule.advance(state, rule.codes.index(code), factors))
            except (DesignError, ValueError):
                continue  # not with a block of this size, or no arm of this design
            after[_plain(led_to)] = led_to
        possible = after
    return _plain(rule.forget(kept)) in possible


def _plain(state: Any) -> str:
    return json.dumps(state, sort_keys=True)


def weights(
    method: Mapping[str, Any],
    arms: Arms,
    history: Iterable[tuple[str, Factors]],
    *,
    factors: Factors = {},  # noqa: B006 - never changed
    block_number: BlockNumber | None = None,
) -> list[int]:
    """One non-negative whole number per arm, in the order of the arms.

    history: (arm, factors) of the earlier allocations, in order: of the stratum, for minimisation of the
    whole trial. factors: the participant's. block_number(b): the number of block b, needed for permuted
    blocks of several sizes. Raises DesignError, MissingFactor or ListExhausted.
    """
    rule = rule_for(method, arms, block_number=block_number)
    return rule.weights(replay(rule, history), factors)


def arm_for(number: int, weights: Sequence[int]) -> int:
    """The index of the first arm whose running sum exceeds ``number`` mod the sum."""
    total = sum(weights)
    if total <= 0:
        raise ListExhausted("no arm has a place left")
    left = number % total
    for arm, weight in enumerate(weights):
        if left < weight:
            return arm
        left -= weight
    raise DesignError("weights must not be negative")


def simulate(
    method: Mapping[str, Any],
    arms: Arms,
    *,
    generator: np.random.Generator,
    factors: Sequence[Factors],
) -> list[str]:
    """Arms of a simulated list, one for each participant's factors (empty dicts where none are used)."""
    sizes: dict[int, int] = {}

    def block_number(block: int) -> int:
        return sizes.setdefault(block, _random_number(generator))

    rule = rule_for(method, arms, block_number=block_number)
    state, drawn = rule.start(), []
    for levels in factors:
        arm = arm_for(_random_number(generator), rule.weights(state, levels))
        state = rule.advance(state, arm, levels)
        drawn.append(rule.codes[arm])
    return drawn


def _random_number(generator: np.random.Generator) -> int:
    return int.from_bytes(generator.bytes(32))
