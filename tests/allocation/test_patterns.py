"""Whether what is drawn looks as the design says: every order of a block, place by place, stratum by stratum.

The numbers are those of real draws, two contributions each. Each test is at α = 1e-6. Controls: a randomiser that
chooses uniformly among the arms with slots left (truncated binomial), and one whose numbers know no stratum; the same
tests reject both. `pytest -m nightly tests/allocation/test_patterns.py -n 0` runs the large amounts, with new seeds
that it prints, and keeps the smallest p-values as evidence.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
import pytest
from scipy import stats

from evaluation.design import arm_for, rule_for
from tests import evidence
from tests.allocation.bundles import ARMS, EQUAL, FACTORS, METHODS, slow_weights
from trial.allocation.contributions import block_context, draw_context, party_key
from trial.allocation.drawing import Parties

pytestmark = pytest.mark.slow

ALPHA = 1e-6
AMOUNTS = [60_000, pytest.param(600_000, marks=pytest.mark.nightly)]  # blocks of 4 and 6, half of them each
SIZES = (4, 6)
STRATA = ("Moss", "Hurum")
FIRST = 6  # draws of each stratum that are looked at for the other methods
TRIAL = "se-klar"


def parties(seed: int) -> Parties:
    """Both keys, from a seed of the test."""
    rng = np.random.default_rng(seed)
    server, researcher = (party_key(rng.bytes(32), protocol_sha256=rng.bytes(32).hex()) for _ in range(2))
    return Parties(TRIAL, server=server, researcher=researcher, shares={})


def seeds(nightly: bool) -> int:
    """The same each time in the default run, a new one in the long run, printed."""
    seed = secrets.randbelow(2**32) if nightly else 20261130
    print(f"seed {seed}")
    return seed


def honest(weights: list[int]) -> list[int]:
    return weights


def truncated(weights: list[int]) -> list[int]:
    """The defect: every arm with slots left is as likely."""
    return [int(weight > 0) for weight in weights]


def orders(
    source: Parties, stratum: str, size: int, blocks: int, weighed: Callable[[list[int]], list[int]] = honest
) -> list[str]:
    """The order of each block of a stratum, as a word of a and b."""
    rule = rule_for({"kind": "permuted_blocks", "multipliers": [size // 2]}, EQUAL)
    state, drawn = rule.start(), []
    for position in range(blocks * size):
        number = source.number(draw_context(TRIAL, stratum, position))
        arm = arm_for(number, weighed(rule.weights(state, {})))
        state = rule.advance(state, arm, {})
        drawn.append("ab"[arm])
    whole = "".join(drawn)
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]


def p_of_orders(found: list[str], size: int) -> float:
    """Every order that is level at the end is as likely as any other, and no other order comes."""
    seen, kinds = Counter(found), comb(size, size // 2)
    if len(seen) > kinds or any(order.count("a") * 2 != size for order in seen):
        return 0.0
    return float(stats.chisquare([*seen.values(), *[0] * (kinds - len(seen))]).pvalue)


def p_by_place(found: list[str]) -> list[float]:
    """At each place of the block, each arm half the time."""
    columns = zip(*found, strict=True)
    return [float(stats.binomtest(column.count("a"), len(found), 0.5).pvalue) for column in columns]


def p_of_independence(one: Iterable[str], other: Iterable[str]) -> float:
    """Whether the order of one block says something about another's."""
    pairs = Counter(zip(one, other, strict=True))
    rows, columns = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    table = [[pairs[row, column] for column in columns] for row in rows]
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def p_values(source: Parties, blocks: int) -> Iterator[tuple[str, float]]:
    """Every test of blocks, by name; a quarter of the blocks for each size and stratum."""
    for size in SIZES:
        moss, hurum = (orders(source, stratum, size, blocks // 4) for stratum in STRATA)
        for name, found in zip(STRATA, (moss, hurum), strict=True):
            yield f"orders of {size}, {name}", p_of_orders(found, size)
            for place, p in enumerate(p_by_place(found)):
                yield f"place {place} of {size}, {name}", p
        yield f"two strata, {size}", p_of_independence(moss, hurum)
        pairs = list(pairwise(moss))[::2]
        yield f"neighbours, {size}", p_of_independence(*zip(*pairs, strict=True))


def sequences(kind: str, source: Parties, strata: int) -> Counter[str]:
    """The first draws of many strata, each a word; by the method's rule from the numbers of real draws."""
    method, arms = METHODS[kind]
    seen = Counter[str]()
    for serial in range(strata):
        stratum = f"stratum {serial}"

        def block_number(block: int, stratum: str = stratum) -> int:
            return source.number(block_context(TRIAL, stratum, block))

        rule = rule_for(method, arms, block_number=block_number)
        state, word = rule.start(), ""
        for position in range(FIRST):
            levels = levels_of(position)
            arm = arm_for(source.number(draw_context(TRIAL, stratum, position)), rule.weights(state, levels))
            state, word = rule.advance(state, arm, levels), word + str(arm)
        seen[word] += 1
    return seen


def levels_of(position: int) -> dict[str, str]:
    """Everyone who comes to a place has the same levels in each stratum, so that the distribution is known."""
    return {name: levels[position % len(levels)] for name, levels in FACTORS.items()}


def distribution(kind: str) -> dict[str, Fraction]:
    """The exact chance of each word, by the slow weights, over every size that the hidden blocks may have."""
    method, arms = METHODS[kind]
    sizes = method.get("multipliers", [1])
    found: Counter[str] = Counter()
    for first in range(len(sizes)):
        for word, chance in _words(method, arms, lambda block, first=first: first).items():
            found[word] += chance / len(sizes)
    return dict(found)


def _words(method: dict[str, Any], arms: list[Any], block: Callable[[int], int]) -> dict[str, Fraction]:
    """All blocks of one size: enough where the first draws lie within the first block."""
    codes, chances = [code for code, _ratio in arms], {"": Fraction(1)}
    for position in range(FIRST):
        longer: dict[str, Fraction] = {}
        for word, chance in chances.items():
            history = [(codes[int(arm)], levels_of(place)) for place, arm in enumerate(word)]
            weights = slow_weights(method, arms, history, levels_of(position), block)
            for arm, weight in enumerate(weights):
                if weight:
                    longer[word + str(arm)] = chance * Fraction(weight, sum(weights))
        chances = longer
    return chances


def p_of_words(seen: Counter[str], expected: dict[str, Fraction]) -> float:
    """Words that are rarer than five in all are taken together, as the test asks for."""
    total = sum(seen.values())
    if set(seen) - set(expected):
        return 0.0
    frequent = [word for word, chance in expected.items() if chance * total >= 5]
    counts = [seen[word] for word in frequent]
    chances = [float(expected[word]) for word in frequent]
    if (rest := 1 - sum(chances)) * total >= 5:
        counts, chances = [*counts, total - sum(counts)], [*chances, rest]
    return float(stats.chisquare(counts, np.array(chances) / sum(chances) * sum(counts)).pvalue)


def test_the_first_block_holds_the_draws_that_are_looked_at():
    assert sum(ratio for _code, ratio in ARMS) >= FIRST


@pytest.mark.parametrize("blocks", AMOUNTS)
def test_blocks_of_4_and_6_come_in_every_order_alike_place_by_place_and_across_strata(blocks: int):
    nightly = blocks > AMOUNTS[0]
    found = dict(p_values(parties(seeds(nightly)), blocks))
    assert min(found.values()) > ALPHA, min(found, key=lambda name: found[name])
    if nightly:
        controls = {size: p_of_orders(orders(parties(1), "Moss", size, blocks // 4, truncated), size) for size in SIZES}
        evidence.keep(
            "draw_patterns",
            blocks=blocks,
            tests=len(found),
            alpha=ALPHA,
            smallest_p=min(found.values()),
            **{"truncated binomial, p": {str(size): p for size, p in controls.items()}},
        )


@pytest.mark.parametrize("size", SIZES)
def test_control_a_truncated_binomial_is_rejected(size: int):
    assert p_of_orders(orders(parties(1), "Moss", size, 2_000, truncated), size) < ALPHA
    assert p_of_orders(orders(parties(1), "Moss", size, 2_000), size) > ALPHA


def test_control_strata_that_share_their_numbers_are_rejected():
    one = orders(parties(2), "Moss", 4, 500)
    assert p_of_independence(one, one) < ALPHA
    assert p_of_independence(one, orders(parties(2), "Hurum", 4, 500)) > ALPHA


@pytest.mark.parametrize("strata", [1_500, pytest.param(15_000, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("kind", METHODS)
def test_the_first_draws_of_every_method_have_the_distribution_of_the_definition(kind: str, strata: int):
    expected = distribution(kind)
    assert sum(expected.values()) == 1
    assert p_of_words(sequences(kind, parties(3), strata), expected) > ALPHA


def test_control_the_draws_of_one_method_are_not_taken_for_those_of_another():
    seen = sequences("biased_coin", parties(4), 1_500)
    assert p_of_words(seen, distribution("urn")) < ALPHA
