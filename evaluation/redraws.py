"""Many lists from a trial's own declared design: the allocations that could have been.

The lists for `simple` and `permuted_blocks` are drawn all at once; every other method goes person by person through its
rule (`design.simulate`), which both must agree with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.design import rule_for, simulate
from evaluation.errors import EvaluationError

BATCH = 1000
MOST_ORDERS = 200_000  # a block of 20 with ten of each arm; larger blocks are drawn person by person
Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """How a trial was drawn: its method, and its two arms as (code, ratio) in the order of the protocol."""

    method: Mapping[str, Any]
    arms: tuple[tuple[str, int], ...]

    def check(self, present: Sequence[str]) -> None:
        """Raises EvaluationError `wrong_design`, or DesignError, where it cannot have drawn these arms."""
        rule_for(self.method, self.arms)
        codes = {code for code, _ratio in self.arms}
        if len(self.arms) != 2 or set(present) != codes:
            raise EvaluationError("wrong_design", f"the design draws {sorted(codes)}, the data hold {sorted(present)}")


AtOnce = Callable[[Design, str, int, np.random.Generator], Truth]


@dataclass(frozen=True)
class Lists:
    """The lists that a trial could have had.

    `places`: the persons of each list in the order of their enrolment; a stratum has a list of its own. `factors`: the
    levels of every person. A list depends on the seed and its batch only, so that neither workers nor the number of
    lists change it.
    """

    design: Design
    treated: str
    places: Sequence[npt.NDArray[np.int64]]
    seed: int
    factors: Sequence[Mapping[str, str]] = ()

    def batch(self, number: int) -> Truth:
        """A thousand lists: lists x persons, True where a person gets the treated arm."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        drawn = np.zeros((sum(map(len, self.places)), BATCH), dtype=bool)
        at_once = _at_once(self.design, self.treated)
        for places in self.places:
            if at_once is not None:
                drawn[places] = at_once(self.design, self.treated, len(places), rng).T
            else:
                drawn[places] = self._one_by_one(places, rng).T
        return drawn.T

    def _one_by_one(self, places: npt.NDArray[np.int64], rng: np.random.Generator) -> Truth:
        levels = [self.factors[place] if self.factors else {} for place in places]
        design = self.design
        lists = [simulate(design.method, design.arms, generator=rng, factors=levels) for _ in range(BATCH)]
        return np.array(lists) == self.treated


def _simple(design: Design, treated: str, n: int, rng: np.random.Generator) -> Truth:
    ratios = dict(design.arms)
    return rng.integers(0, sum(ratios.values()), (BATCH, n)) < ratios[treated]


def _blocks(design: Design, treated: str, n: int, rng: np.random.Generator) -> Truth:
    """Each block is one of the orders that its size allows, all equally likely, taken from a table of them.

    Block sizes are multiples of the ratio's sum, so where blocks begin is found in steps of that sum.
    """
    ratios = dict(design.arms)
    unit = sum(ratios.values())
    multipliers = np.array(design.method["multipliers"])
    steps = -(-n // unit)
    chosen = rng.integers(0, len(multipliers), (BATCH, steps))  # the size of the first, second, ... block
    ends = np.cumsum(multipliers[chosen], axis=1)
    at = np.arange(steps)
    block = np.zeros((BATCH, steps), dtype=np.int64)
    for end in ends.T:
        block += at >= end[:, None]
    sizes = np.take_along_axis(chosen, block, axis=1)
    since = at - np.take_along_axis(ends, block, axis=1) + multipliers[sizes]
    patterns = [_orders(unit * each, ratios[treated] * each) for each in map(int, multipliers)]
    starts = np.concatenate([[0], np.cumsum([table.size for table in patterns])])
    which = np.floor(rng.random((BATCH, steps)) * np.array([len(table) for table in patterns])[chosen]).astype(np.int64)
    row = np.take_along_axis(which, block, axis=1) * (unit * multipliers)[sizes]
    first = starts[sizes] + row + since * unit
    places = (first[:, :, None] + np.arange(unit)).reshape(BATCH, steps * unit)
    return np.concatenate([table.ravel() for table in patterns])[places[:, :n]]


@lru_cache(maxsize=16)
def _orders(size: int, treated: int) -> Truth:
    """Every order of a block as a row: True where the treated arm stands."""
    rows = np.array(list(combinations(range(size), treated)), dtype=np.int64)
    table = np.zeros((len(rows), size), dtype=bool)
    np.put_along_axis(table, rows, True, axis=1)
    return table


def _at_once(design: Design, treated: str) -> AtOnce | None:
    """The way to draw a thousand lists together, where the method has one."""
    if design.method["kind"] == "simple":
        return _simple
    ratios = dict(design.arms)
    if design.method["kind"] == "permuted_blocks":
        largest = max(design.method["multipliers"])
        if comb(sum(ratios.values()) * largest, ratios[treated] * largest) <= MOST_ORDERS:
            return _blocks
    return None
