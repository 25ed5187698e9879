"""The eight methods of allocation as rules: a state, its weights, and the state after one more allocation.

Sources: Pocock and Simon (1975), Biometrics 31; Efron (1971), Biometrika 58; Soares and Wu (1983) for the big
stick; Wei (1977) for the urn; Berger, Ivanova and Knoll (2003) for the maximal procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import lcm
from typing import Any

Arms = Sequence[Sequence[Any]]  # ordered (code, ratio)
Factors = Mapping[str, str]  # factor -> level
BlockNumber = Callable[[int], int]  # number of block 0, 1, 2, ...

LARGEST_TABLE = 50_000  # cells of the maximal procedure, whose completions are counted in ever longer numbers


class DesignError(ValueError):
    """The method, its arms or its history cannot be."""


class MissingFactor(DesignError):  # noqa: N818 - named as a statement, like the refusals that carry it
    """The participant lacks a level that the method needs."""


class ListExhausted(DesignError):  # noqa: N818
    """The list has no place left. It never wraps round and never re-uses a place."""


class Rule:
    """A method over an ordered list of arms. The state is the number of allocations by arm."""

    balanced_pair = False

    def __init__(self, method: Mapping[str, Any], arms: Arms, block_number: BlockNumber | None = None) -> None:
        self.method = method
        self.codes = [str(code) for code, _ in arms]
        self.ratio = [ratio for _, ratio in arms]
        self.block_number = block_number
        _check_arms(self.codes, self.ratio)
        if self.balanced_pair and (len(arms) != 2 or self.ratio[0] != self.ratio[1]):
            raise DesignError(f"{method['kind']} needs two arms with the ratio 1:1")
        self.check()

    def check(self) -> None:
        """Raises DesignError where the method's own settings cannot be."""

    def start(self) -> Any:
        return (0,) * len(self.codes)

    def openings(self, state: Any) -> list[Any]:
        """The equally likely states behind what is seen: more than one where a hidden block begins."""
        return [state]

    def weights(self, state: Any, factors: Factors) -> list[int]:
        raise NotImplementedError

    def advance(self, state: Any, arm: int, factors: Factors) -> Any:
        return (*state[:arm], state[arm] + 1, *state[arm + 1 :])

    def forget(self, state: Any) -> Any:
        """The state without what can no longer matter for the weights: what a forecast may merge."""
        return state

    def tally(self, state: Any) -> tuple[int, ...]:
        """Allocations by arm since the arms last were in ratio (or since the start)."""
        return tuple(state)

    def capacity(self) -> int | None:
        """Places in the list, None where it has no end."""
        return None

    def setting(self, name: str, *, least: int) -> int:
        value = self.method.get(name)
        if type(value) is not int or value < least:
            raise DesignError(f"{self.method['kind']} needs {name}, a whole number of at least {least}")
        return value

    def chance(self) -> tuple[int, int]:
        """(numerator, denominator) of the probability that favours the arm behind."""
        pair = self.method.get("probability")
        if not isinstance(pair, list | tuple) or len(pair) != 2 or any(type(part) is not int for part in pair):
            raise DesignError(f"{self.method['kind']} needs a probability [numerator, denominator]")
        numerator, denominator = pair
        if not 0 < numerator <= denominator:
            raise DesignError("a probability must lie above 0 and not above 1")
        if numerator * len(self.ratio) < denominator:
            raise DesignError("a probability below one in the number of arms would favour the arm ahead")
        return numerator, denominator


class Simple(Rule):
    """Every draw by the ratio, whatever came before."""

    def weights(self, state: Any, factors: Factors) -> list[int]:
        return list(self.ratio)


class FixedCounts(Rule):
    """A whole list drawn as one block: as many places an arm as the counts say."""

    def check(self) -> None:
        counts = self.method.get("counts")
        if not isinstance(counts, Mapping) or set(counts) != set(self.codes):
            raise DesignError("fixed_counts needs a count for every arm and no other")
        if any(type(count) is not int or count < 0 for count in counts.values()) or not sum(counts.values()):
            raise DesignError("fixed_counts needs whole numbers, not all of them 0")

    def weights(self, state: Any, factors: Factors) -> list[int]:
        return _places_left([self.method["counts"][code] for code in self.codes], state)

    def capacity(self) -> int | None:
        return int(sum(self.method["counts"].values()))


class PermutedBlocks(Rule):
    """Slots drawn without replacement from blocks of a drawn size.

    State: (block, multiplier or 0 while the block is not opened, slots taken by arm).
    """

    def check(self) -> None:
        multipliers = self.method.get("multipliers")
        if not isinstance(multipliers, list | tuple) or not multipliers:
            raise DesignError("permuted_blocks needs multipliers")
        if any(type(multiplier) is not int or multiplier < 1 for multiplier in multipliers):
            raise DesignError("multipliers are whole numbers of at least 1")

    def start(self) -> Any:
        return (0, 0, (0,) * len(self.codes))

    def opened(self, state: Any) -> Any:
        """The state with the size of its block known."""
        block, multiplier, taken = state
        return (block, multiplier or self._multiplier(block), taken)

    def openings(self, state: Any) -> list[Any]:
        block, multiplier, taken = state
        return [state] if multiplier else [(block, each, taken) for each in self.method["multipliers"]]

    def weights(self, state: Any, factors: Factors) -> list[int]:
        _, multiplier, taken = self.opened(state)
        return _places_left([ratio * multiplier for ratio in self.ratio], taken)

    def advance(self, state: Any, arm: int, factors: Factors) -> Any:
        block, multiplier, taken = self.opened(state)
        taken = super().advance(taken, arm, factors)
        _places_left([ratio * multiplier for ratio in self.ratio], taken, full=True)
        if sum(taken) == sum(self.ratio) * multiplier:
            return (block + 1, 0, (0,) * len(taken))
        return (block, multiplier, taken)

    def forget(self, state: Any) -> Any:
        return (0, *state[1:])

    def tally(self, state: Any) -> tuple[int, ...]:
        return tuple(state[2])

    def _multiplier(self, block: int) -> int:
        multipliers = self.method["multipliers"]
        if len(multipliers) == 1:
            return int(multipliers[0])
        if self.block_number is None:
            raise DesignError("blocks of several sizes need block_number")
        return int(multipliers[self.block_number(block) % len(multipliers)])


class BiasedCoin(Rule):
    """Efron's coin: level, it is fair; otherwise it favours the smaller arm."""

    balanced_pair = True

    def check(self) -> None:
        self.chance()

    def weights(self, state: Any, factors: Factors) -> list[int]:
        numerator, denominator = self.chance()
        return _favour_behind(state, numerator, denominator - numerator)


class BigStick(Rule):
    """A fair coin until the difference reaches the bound, then the smaller arm only."""

    balanced_pair = True

    def check(self) -> None:
        self.setting("bound", least=1)

    def weights(self, state: Any, factors: Factors) -> list[int]:
        if abs(state[0] - state[1]) < self.method["bound"]:
            return [1, 1]
        return _favour_behind(state, 1, 0)


class Urn(Rule):
    """Wei's urn: alpha balls of each arm, and beta of the other arm's added with each draw."""

    balanced_pair = True

    def check(self) -> None:
        if not self.setting("alpha", least=0) + self.setting("beta", least=0):
            raise DesignError("an urn needs alpha or beta above 0")

    def weights(self, state: Any, factors: Factors) -> list[int]:
        alpha, beta = self.method["alpha"], self.method["beta"]
        balls = [alpha + beta * state[1], alpha + beta * state[0]]
        return balls if any(balls) else [1, 1]


class Maximal(Rule):
    """All sequences that stay within the bound and end level are equally likely."""

    balanced_pair = True

    def check(self) -> None:
        bound, length = self.setting("bound", least=1), self.setting("length", least=2)
        if length % 2:
            raise DesignError("a list that ends level has an even length")
        if length * min(bound, length) > LARGEST_TABLE:
            raise DesignError(f"length times bound must be at most {LARGEST_TABLE}")

    def weights(self, state: Any, factors: Factors) -> list[int]:
        left, difference = self.method["length"] - sum(state), state[0] - state[1]
        if left <= 0:
            raise ListExhausted(f"all {self.method['length']} places of the list are used")
        ways = completions(self.method["length"], self.method["bound"])[left - 1]
        return [ways.get(difference + 1, 0), ways.get(difference - 1, 0)]

    def capacity(self) -> int | None:
        return int(self.method["length"])


class Minimisation(Rule):
    """Pocock and Simon's minimisation by the range. State: factor -> level -> allocations by arm."""

    def check(self) -> None:
        factors = self.method.get("factors")
        if not isinstance(factors, Mapping) or not factors:
            raise DesignError("minimisation needs factors with their weights")
        if any(type(weight) is not int or weight < 1 for weight in factors.values()):
            raise DesignError("a factor's weight is a whole number of at least 1")
        self.chance()

    def start(self) -> Any:
        return {factor: {} for factor in self.method["factors"]}

    def scores(self, state: Any, factors: Factors) -> list[int]:
        """G(a) of each arm: the weighted sum of ranges if the participant joined that arm."""
        multiple = lcm(*self.ratio)
        scale = [multiple // ratio for ratio in self.ratio]
        zeros = [0] * len(self.codes)
        totals = [0] * len(self.codes)
        for factor, weight in self.method["factors"].items():
            counts = state[factor].get(self._level(factors, factor), zeros)
            for arm in range(len(totals)):
                scaled = [(n + (k == arm)) * scale[k] for k, n in enumerate(counts)]
                totals[arm] += weight * (max(scaled) - min(scaled))
        return totals

    def weights(self, state: Any, factors: Factors) -> list[int]:
        scores = self.scores(state, factors)
        best, arms = min(scores), len(scores)
        tied = scores.count(best)
        if tied == arms:
            return list(self.ratio)
        numerator, denominator = self.chance()
        preferred, other = numerator * (arms - tied), (denominator - numerator) * tied
        return [preferred if score == best else other for score in scores]

    def advance(self, state: Any, arm: int, factors: Factors) -> Any:
        after = {}
        for factor, levels in state.items():
            level = self._level(factors, factor)
            counts = levels.get(level, [0] * len(self.codes))
            after[factor] = {**levels, level: [n + (k == arm) for k, n in enumerate(counts)]}
        return after

    def tally(self, state: Any) -> tuple[int, ...]:
        levels = next(iter(state.values())).values()
        return tuple(sum(column) for column in zip(*levels, strict=True)) or (0,) * len(self.codes)

    @staticmethod
    def _level(factors: Factors, factor: str) -> str:
        if not factors.get(factor):
            raise MissingFactor(f"the participant has no level of {factor}")
        return factors[factor]


RULES: dict[str, type[Rule]] = {
    "simple": Simple,
    "fixed_counts": FixedCounts,
    "permuted_blocks": PermutedBlocks,
    "biased_coin": BiasedCoin,
    "big_stick": BigStick,
    "urn": Urn,
    "maximal": Maximal,
    "minimisation": Minimisation,
}


@lru_cache(maxsize=32)
def completions(length: int, bound: int) -> list[dict[int, int]]:
    """[left][difference] -> sequences of ``left`` more draws that stay within the bound and end level."""
    table = [{0: 1}]
    for left in range(1, length + 1):
        last, widest = table[-1], min(left, bound)
        steps = {d: last.get(d + 1, 0) + last.get(d - 1, 0) for d in range(-widest, widest + 1)}
        table.append({d: ways for d, ways in steps.items() if ways})
    return table


def _check_arms(codes: Sequence[str], ratio: Sequence[Any]) -> None:
    if len(codes) < 2 or len(set(codes)) != len(codes):
        raise DesignError("a design needs two or more arms with different codes")
    if any(type(part) is not int or part < 1 for part in ratio):
        raise DesignError("a ratio is a whole number of at least 1")


def _places_left(places: Sequence[int], taken: Sequence[int], *, full: bool = False) -> list[int]:
    left = [place - used for place, used in zip(places, taken, strict=True)]
    if min(left) < 0:
        raise DesignError("the history uses more places of an arm than the list has")
    if not (full or any(left)):
        raise ListExhausted(f"all {sum(places)} places of the list are used")
    return left


def _favour_behind(counts: Sequence[int], behind: int, ahead: int) -> list[int]:
    if counts[0] == counts[1]:
        return [1, 1]
    return [behind, ahead] if counts[0] < counts[1] else [ahead, behind]
