"""How well an allocation can be foreseen, before the design is locked.

The guesser sees every earlier arm of the stratum, knows the design, and knows the size of a block once it has
begun (the worst case: an office that learns the sizes). The right guess is the arm with the largest weight.
Exact by a dynamic programme over the rule's states wherever the state is small; minimisation is simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy import stats

from evaluation.design import Rule, arm_for, rule_for
from evaluation.rules import Arms, DesignError

GUESS_LIMIT = 0.60  # above this share of right guesses the lock asks for a written reason
CERTAIN_LIMIT = 0.05  # likewise for the share of arms that are certain
SIMULATED_TRIALS = 400  # enough for two decimals of a share
MAXIMUM_STATES = 50_000  # beyond this the dynamic programme gives way to simulation

Distribution = dict[tuple[int, ...], float]  # allocations by arm -> probability


@dataclass(frozen=True)
class Predictability:
    """Of one stratum with ``draws`` participants. All shares lie between 0 and 1.

    guess_by_draw, certain_by_draw: the chance that draw 1, 2, ... is guessed right, or is certain, by someone
    who has seen the 0, 1, ... earlier arms. imbalance_sd: standard deviation of the first arm's count around
    its share of the ratio. run_out: the chance that more people come than the list has places.
    """

    draws: int
    guess_by_draw: tuple[float, ...]
    certain_by_draw: tuple[float, ...]
    imbalance_sd: float
    expected_imbalance: float
    run_out: float
    exact: bool

    @property
    def guess_share(self) -> float:
        return sum(self.guess_by_draw) / self.draws

    @property
    def certain_share(self) -> float:
        return sum(self.certain_by_draw) / self.draws

    @property
    def needs_reason(self) -> bool:
        return self.guess_share > GUESS_LIMIT or self.certain_share > CERTAIN_LIMIT


def predictability(
    method: Mapping[str, Any],
    arms: Arms,
    *,
    draws: int,
    levels: Mapping[str, Sequence[str]] = {},
    seed: int = 20130201,
) -> Predictability:
    """The predictability of ``draws`` allocations in one stratum (in the whole trial for minimisation).

    levels: factor -> its levels, taken as equally frequent where the method is simulated. A list shorter than
    ``draws`` is followed to its end. Raises DesignError.
    """
    if draws < 1:
        raise DesignError("at least one draw is needed")
    rule = rule_for(method, arms, block_number=lambda block: 0)
    capacity = rule.capacity()
    length = draws if capacity is None else min(draws, capacity)
    run_out = 0.0 if capacity is None else float(stats.poisson.sf(capacity, draws))
    steps = _exact(rule, length)
    exact = steps is not None
    guesses, certain, counts = steps or _simulated(method, arms, length, levels, np.random.default_rng(seed))
    sd, mean = _imbalance(rule, counts)
    return Predictability(length, tuple(guesses), tuple(certain), sd, mean, run_out, exact)


def imbalance_distribution(method: Mapping[str, Any], arms: Arms, *, draws: int) -> Distribution:
    """Exact distribution of the allocations by arm after ``draws`` draws; for blocks, since the last full one."""
    rule = rule_for(method, arms, block_number=lambda block: 0)
    steps = _exact(rule, draws)
    if steps is None:
        raise DesignError("the design has too many states to be followed exactly")
    return steps[2]


def overall_imbalance_sd(by_stratum: Sequence[Predictability]) -> float:
    """Standard deviation of the imbalance of the whole trial: strata are drawn independently."""
    return sqrt(sum(stratum.imbalance_sd**2 for stratum in by_stratum))


def enrolment_end(*, people: int, monthly: float) -> tuple[float, float, float]:
    """Months until ``people`` have come at ``monthly`` a month: the 10th, 50th and 90th percentile."""
    if people < 1 or monthly <= 0:
        raise DesignError("the forecast needs people and a monthly number above 0")
    low, middle, high = stats.gamma.ppf([0.1, 0.5, 0.9], people, scale=1 / monthly)
    return float(low), float(middle), float(high)


def _exact(rule: Rule, draws: int) -> tuple[list[float], list[float], Distribution] | None:
    """Guess and certain chance by draw and the final tallies; None where the states grow too many."""
    if not isinstance(rule.start(), tuple):
        return None
    now: dict[Any, float] = {rule.start(): 1.0}
    guesses, certain = [], []
    for _ in range(draws):
        if len(now) > MAXIMUM_STATES:
            return None
        now, guess, sure = _step(rule, now)
        guesses.append(guess)
        certain.append(sure)
    tallies: Distribution = defaultdict(float)
    for state, chance in now.items():
        tallies[rule.tally(state)] += chance
    return guesses, certain, dict(tallies)


def _step(rule: Rule, now: Mapping[Any, float]) -> tuple[dict[Any, float], float, float]:
    """One draw: the next states, the chance of a right guess and the chance that the arm is certain."""
    after: dict[Any, float] = defaultdict(float)
    guess = certain = 0.0
    for seen, chance in now.items():
        openings = rule.openings(seen)
        for state in openings:
            share = chance / len(openings)
            weights = rule.weights(state, {})
            total = sum(weights)
            guess += share * (max(weights) / total)
            certain += share * (max(weights) == total)
            for arm, weight in enumerate(weights):
                if weight:
                    after[rule.forget(rule.advance(state, arm, {}))] += share * (weight / total)
    return after, guess, certain


def _simulated(
    method: Mapping[str, Any],
    arms: Arms,
    draws: int,
    levels: Mapping[str, Sequence[str]],
    generator: np.random.Generator,
) -> tuple[list[float], list[float], Distribution]:
    guesses, certain = np.zeros(draws), np.zeros(draws)
    tallies: Distribution = defaultdict(float)
    for _ in range(SIMULATED_TRIALS):
        sizes = generator.integers(2**31, size=draws)
        rule = rule_for(method, arms, block_number=sizes.item)
        counts, state = [0] * len(arms), rule.start()
        for draw in range(draws):
            factors = {factor: str(generator.choice(list(each))) for factor, each in levels.items()}
            weights = rule.weights(state, factors)
            guesses[draw] += max(weights) / sum(weights)
            certain[draw] += max(weights) == sum(weights)
            arm = arm_for(int.from_bytes(generator.bytes(32)), weights)
            state = rule.advance(state, arm, factors)
            counts[arm] += 1
        tallies[tuple(counts)] += 1 / SIMULATED_TRIALS
    return (guesses / SIMULATED_TRIALS).tolist(), (certain / SIMULATED_TRIALS).tolist(), dict(tallies)


def _imbalance(rule: Rule, counts: Distribution) -> tuple[float, float]:
    """(standard deviation, mean size) of the first arm's count less its share of the ratio, in persons."""
    share = rule.ratio[0] / sum(rule.ratio)
    gaps = [(tally[0] - share * sum(tally), chance) for tally, chance in counts.items()]
    return sqrt(sum(chance * gap**2 for gap, chance in gaps)), sum(chance * abs(gap) for gap, chance in gaps)
