"""Many lists from a trial's own declared design: the allocations that could have been.

The lists for `simple` and `permuted_blocks` are drawn all at once; every other method goes person by person through its
rule (`design.simulate`), which both must agree with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.design import rule_for, simulate
from evaluation.errors import EvaluationError

BATCH = 1000
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
        drawn = np.zeros((BATCH, sum(map(len, self.places))), dtype=bool)
        at_once = AT_ONCE.get(self.design.method["kind"])
        for places in self.places:
            if at_once is not None:
                drawn[:, places] = at_once(self.design, self.treated, len(places), rng)
            else:
                drawn[:, places] = self._one_by_one(places, rng)
        return drawn

    def _one_by_one(self, places: npt.NDArray[np.int64], rng: np.random.Generator) -> Truth:
        levels = [self.factors[place] if self.factors else {} for place in places]
        design = self.design
        lists = [simulate(design.method, design.arms, generator=rng, factors=levels) for _ in range(BATCH)]
        return np.array(lists) == self.treated


def _simple(design: Design, treated: str, n: int, rng: np.random.Generator) -> Truth:
    ratios = dict(design.arms)
    return rng.integers(0, sum(ratios.values()), (BATCH, n)) < ratios[treated]


def _blocks(design: Design, treated: str, n: int, rng: np.random.Generator) -> Truth:
    """Within each block the places are ordered at random, and the first of them go to the treated arm."""
    ratios = dict(design.arms)
    multipliers = np.array(design.method["multipliers"])
    unit = sum(ratios.values())
    longest = unit * int(multipliers.max())
    blocks = -(-n // (unit * int(multipliers.min())))
    chosen = multipliers[rng.integers(0, len(multipliers), (BATCH, blocks))]
    ends = np.cumsum(chosen * unit, axis=1)
    # Whole blocks are ordered, also the one that the last person stands in, and what is beyond her is cut off.
    place = np.arange(n + longest - 1)
    block = np.minimum((place[None, :, None] >= ends[:, None, :]).sum(axis=2), blocks - 1)
    inside = place < np.take_along_axis(ends, block, axis=1)
    order = np.argsort(np.where(inside, block, blocks) + rng.random(block.shape), axis=1)
    start = np.take_along_axis(ends - chosen * unit, block, axis=1)
    first = place - start < ratios[treated] * np.take_along_axis(chosen, block, axis=1)
    drawn = np.zeros(block.shape, dtype=bool)
    np.put_along_axis(drawn, order, first & inside, axis=1)
    return drawn[:, :n]


AT_ONCE = {"simple": _simple, "permuted_blocks": _blocks}
