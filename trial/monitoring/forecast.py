"""How recruitment goes on: a forecast from the pace of the last months, with its band. Plain numbers.

People enrol as a Poisson process whose pace is not known but estimated: with n people in t months and Jeffreys' prior,
the pace is gamma distributed with shape n + 1/2 and rate t, and the number in the next h months is negative binomial
with size n + 1/2 and probability t / (t + h) (Anisimov and Fedorov 2007, doi 10.1002/sim.2956, for one centre).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import nbdtrik

LOOK_BACK = 6  # months; older ones tell little of the pace now
MOST_MONTHS = 36  # ahead
COVERS = 0.95


@dataclass(frozen=True)
class Ahead:
    """The number of further people expected within `months` from now, and the band that holds it with 95 per cent."""

    months: float
    expected: float
    low: int
    high: int


def ahead(people: int, of_months: float, months: float) -> Ahead:
    """What the pace of `people` in the last `of_months` months says about the next `months`.

    `of_months` must be above 0.
    """
    size = people + 0.5
    tails = np.array([(1 - COVERS) / 2, (1 + COVERS) / 2])
    low, high = np.ceil(nbdtrik(tails, size, of_months / (of_months + months))) if months > 0 else (0, 0)
    return Ahead(months, size / of_months * months, max(0, int(low)), int(high))


def months_until(missing: int, people: int, of_months: float) -> tuple[int | None, int | None, int | None]:
    """Whole months until `missing` further people are there: as expected, at the earliest and at the latest.

    None where that lies beyond `MOST_MONTHS`.
    """
    steps = [ahead(people, of_months, month) for month in range(1, MOST_MONTHS + 1)]

    def first(reached: list[bool]) -> int | None:
        return reached.index(True) + 1 if True in reached else None

    return (
        first([step.expected >= missing for step in steps]),
        first([step.high >= missing for step in steps]),
        first([step.low >= missing for step in steps]),
    )
