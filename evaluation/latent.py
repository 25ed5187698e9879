"""Monthly states with declared shares: a persistent hidden score for each person, cut where the share says.

The score of a person wanders slowly (an autoregression of order one, started at month 0 and run both ways), so that
states come in spells; its distribution is uniform in every month, so a state that holds where the score is below p
holds with probability p. Balanced scores are spread evenly over the persons of an arm, which takes away most of the
sampling error of the arm's shares but leaves each person random.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from evaluation.margins import MONTHS, ArmMargins, Knots, Path

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

WIDTH = MONTHS[1] - MONTHS[0] + 1
GRID = np.arange(MONTHS[0], MONTHS[1] + 1)
AFTER = GRID >= 1
ROUNDS = 200


def scores(rng: np.random.Generator, persons: int, persistence: float, *, balanced: bool) -> Array:
    """Uniform scores, persons x months, with the given correlation from one month to the next."""
    start = -MONTHS[0]
    z = np.empty((persons, WIDTH))
    z[:, start] = _normal(rng, persons, balanced)
    noise = np.sqrt(1 - persistence**2)
    for step in range(start + 1, WIDTH):
        z[:, step] = persistence * z[:, step - 1] + noise * _normal(rng, persons, balanced)
    for step in range(start - 1, -1, -1):
        z[:, step] = persistence * z[:, step + 1] + noise * _normal(rng, persons, balanced)
    return np.asarray(ndtr(z))


def _normal(rng: np.random.Generator, persons: int, balanced: bool) -> Array:
    if not balanced:
        return rng.standard_normal(persons)
    return np.asarray(ndtri((rng.permutation(persons) + 0.5) / persons))


def level(knots: Knots) -> Array:
    """Straight lines between the knots, one value a month."""
    months, values = zip(*knots, strict=True)
    return np.interp(GRID, months, values)


def calibrated(path: Path) -> Array:
    """The path, bent after month 0 so that months 1-36 add up to what is declared."""
    values = level(path.knots)
    bend = np.clip(np.minimum(GRID, 37 - GRID), 0, None) * 1.0  # nothing at month 0, little at month 36
    short = path.months_of_36 - values[AFTER].sum()
    return np.clip(values + bend * short / bend[AFTER].sum(), 0.001, 0.999)


@dataclass(frozen=True)
class Shares:
    """Shares by month of one arm: benefits, then work given the benefit, then a measure given both.

    `employed` and `measure` have one row per benefit (none, AAP, disability); `measure` is again split by employed.
    """

    aap: Array
    disability: Array
    employed: Array
    measure: Array


def shares_of(margins: ArmMargins) -> Shares:
    """The conditional shares under which every declared mean of the arm holds."""
    aap, disability = calibrated(margins.aap), calibrated(margins.disability)
    benefit = np.stack([1 - aap - disability, aap, disability])
    employed = _given_benefit(calibrated(margins.employed), benefit, margins)
    return Shares(aap, disability, employed, _given_both(benefit, employed, margins))


def _given_benefit(total: Array, benefit: Array, margins: ArmMargins) -> Array:
    """Employment within each benefit: ratios that stay constant, found so that the joint months are as declared."""
    goal = np.array([margins.months_aap_and_employed, margins.months_disability_and_employed])
    ratio = np.array([1.0, 0.4, 0.4])
    for _round in range(ROUNDS):
        within = _scaled(total, benefit, ratio)
        ratio[1:] *= goal / (benefit * within)[1:, AFTER].sum(axis=1)
    return _scaled(total, benefit, ratio)


def _given_both(benefit: Array, employed: Array, margins: ArmMargins) -> Array:
    """Measures within (benefit, employed): one level with a benefit, one for workers and one for others without."""
    cells = np.stack([benefit * (1 - employed), benefit * employed]).swapaxes(0, 1).reshape(6, WIDTH)
    working, idle = cells[1, AFTER].sum(), cells[0, AFTER].sum()
    studying = idle * margins.higher_education
    goal = np.array([idle - margins.months_none - studying, working - margins.months_employed_only])
    total = calibrated(margins.measure)
    ratio = np.array([0.7, 0.7, 1.0, 1.0, 1.0, 1.0])
    for _round in range(ROUNDS):
        within = _scaled(total, cells, ratio)
        ratio[:2] *= goal / (cells * within)[:2, AFTER].sum(axis=1)
    return _scaled(total, cells, ratio).reshape(3, 2, WIDTH)


def _scaled(total: Array, cells: Array, ratio: Array) -> Array:
    """Shares within cells that stand in the given ratio to one another and add up to the total share."""
    common = total / np.maximum((cells * ratio[:, None]).sum(axis=0), 1e-9)
    return np.clip(ratio[:, None] * common, 0, 0.98)


@dataclass(frozen=True)
class States:
    """Persons x months: `benefit` 0 none, 1 AAP, 2 disability; the rest true or false."""

    benefit: npt.NDArray[np.int64]
    employed: Truth
    measure: Truth
    studying: Truth


def draw_states(rng: np.random.Generator, persons: int, shares: Shares, studying: float, *, balanced: bool) -> States:
    """Draw the states of one arm's persons."""
    on_benefit = scores(rng, persons, 0.985, balanced=balanced)
    benefit = np.where(on_benefit < shares.disability, 2, np.where(on_benefit < shares.disability + shares.aap, 1, 0))
    month = np.arange(WIDTH)
    working = scores(rng, persons, 0.965, balanced=balanced) < shares.employed[benefit, month]
    taking = scores(rng, persons, 0.90, balanced=balanced) < shares.measure[benefit, working.astype(int), month]
    student = scores(rng, persons, 0.98, balanced=balanced) < studying
    return States(benefit, working, taking, student)
