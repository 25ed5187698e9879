"""The declared margins made into probabilities of every joint state, month by month and arm by arm.

A person-month is in one of 3 x 2 x 9 joint states: benefit (none, AAP, disability benefit), employed or not, and an
activity (nothing, a measure of one of seven kinds, higher education). Their probabilities are solved so that the months
1 to 36 sum to table 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.simulation import margins
from evaluation.simulation.latent import Floats
from evaluation.simulation.margins import KINDS, Knots, Totals

Months = npt.NDArray[np.int64]

FIRST_MONTH = -36
LAST_TOTAL = 36
NOTHING, STUDY = 0, len(KINDS) + 1
ACTIVITIES = len(KINDS) + 2
MONTHS_AFTER: Months = np.arange(1, LAST_TOTAL + 1)
MONTHS_BEFORE: Months = np.arange(FIRST_MONTH, 1)
KINDS_SETTLE = 1.5  # months until the measures of the arm have replaced those of before the start
HOURS_SETTLE = 4.0  # the same for weekly hours
STUDY_WITHOUT_BENEFIT = 2 / 3  # of the months of study instead of work; the rest is beside AAP


@dataclass(frozen=True)
class Tables:
    """Probabilities by arm (0 intervention, 1 control) and month, from FIRST_MONTH to LAST_TOTAL.

    joint: arm, month, benefit, employed, activity; sums to 1 over the last three.
    capacity: arm, month, benefit, the five groups of `margins.CAPACITY_AT_START`.
    positions: arm, month, benefit, `margins.POSITIONS`, of those employed.
    """

    joint: Floats
    capacity: Floats
    positions: Floats


def tables(*, effect: float = 1.0, imbalance: float = 1.0) -> Tables:
    """The probabilities where the difference between the arms after the start is `effect` times the published one.

    imbalance: the same for the chance differences at the start.

    Raises:
        ValueError: an effect or imbalance so large or so negative that a probability leaves 0 to 1.
    """
    before = np.stack([_before(_at_start(arm, imbalance)) for arm in (0, 1)])
    after = _scaled_difference(np.stack([_after(arm) for arm in (0, 1)]), effect)
    joint = np.concatenate([before, after], axis=1)
    if joint.min() < 0:
        raise ValueError(f"no such trial: effect {effect:g}, imbalance {imbalance:g} make a share negative")
    return Tables(joint, _capacity(imbalance), _positions(effect, imbalance))


def _scaled_difference(pair: Floats, scale: float) -> Floats:
    """(intervention, control) with their difference scaled, the control arm left as it is."""
    return np.stack([pair[1] + scale * (pair[0] - pair[1]), pair[1]])


def _line(knots: Knots, months: Months) -> Floats:
    return np.interp(months, list(knots), list(knots.values()))


def _bent(knots: Knots, total: float) -> Floats:
    """The line through the knots over months 1 to 36, bent between its ends until it sums to the total."""
    line = _line(knots, MONTHS_AFTER)
    hump = np.sin(np.pi * MONTHS_AFTER / LAST_TOTAL)
    return line + hump * (total - line.sum()) / hump.sum()


def _to_total(shares: Floats, total: float) -> Floats:
    return shares * (total / shares.sum())


def _after(arm: int) -> Floats:
    """Months 1 to 36 of one arm: month, benefit, employed, activity."""
    totals = margins.TOTALS[arm]
    working, idle = _work_and_idle(arm, totals)
    profile = _line(margins.MEASURES_AFTER[arm], MONTHS_AFTER)[:, None]
    studying = np.zeros_like(idle)
    study = totals.study_instead_of_work
    studying[:, 0] = _to_total(idle[:, 0], study * STUDY_WITHOUT_BENEFIT)
    studying[:, 1] = _to_total(idle[:, 1], study * (1 - STUDY_WITHOUT_BENEFIT))
    use = np.array([1.0, 1.0, margins.MEASURES_ON_DISABILITY])
    measured = np.stack([idle * profile * use, working * profile * use], axis=2)
    alone = totals.neither_work_nor_health_benefit - totals.none_of_these - studying[:, 0].sum()
    beside_work = totals.employed_without_health_benefit - totals.employed_only
    measured[:, 0, 0] = _to_total(measured[:, 0, 0], alone)
    measured[:, 0, 1] = _to_total(measured[:, 0, 1], beside_work)
    measured[:, 1:] = _to_total(measured[:, 1:], totals.any_measure - alone - beside_work)
    return _assembled(np.stack([idle, working], axis=2), measured, studying, _kinds_after(arm))


def _work_and_idle(arm: int, totals: Totals) -> tuple[Floats, Floats]:
    """Employed and not employed shares, month x benefit."""
    employed = _bent(margins.EMPLOYED_CONTROL, margins.TOTALS[1].employed)
    if arm == 0:
        employed = employed + _bent(margins.EFFECT, totals.employed - margins.TOTALS[1].employed)
    aap, disability = _bent(margins.AAP_AFTER, totals.aap), _bent(margins.DISABILITY_AFTER, totals.disability)
    on_aap = _to_total(aap * _line(margins.EMPLOYED_ON_AAP[arm], MONTHS_AFTER), totals.aap_and_employed)
    on_disability = _to_total(disability, totals.disability_and_employed)
    working = np.column_stack([employed - on_aap - on_disability, on_aap, on_disability])
    return working, np.column_stack([1 - aap - disability, aap, disability]) - working


def _kinds_after(arm: int) -> Floats:
    """Month x employed x kind."""
    settled = np.array([margins.KINDS_WITHOUT_WORK[arm], margins.KINDS_WITH_WORK[arm]])
    earlier = np.exp(-MONTHS_AFTER / KINDS_SETTLE)[:, None, None]
    mixed: Floats = earlier * np.array(margins.KINDS_BEFORE) + (1 - earlier) * settled
    return mixed


def _assembled(cells: Floats, measured: Floats, studying: Floats, kinds: Floats) -> Floats:
    """Split each month x benefit x employed share into activities."""
    joint = np.zeros((*cells.shape, ACTIVITIES))
    joint[..., NOTHING + 1 : STUDY] = measured[..., None] * kinds[:, None]
    joint[:, :, 0, STUDY] = studying
    joint[..., NOTHING] = cells - joint[..., 1:].sum(axis=-1)
    return joint


@dataclass(frozen=True)
class _Start:
    """One arm in month 0, by benefit, and what both arms together look like: shares of all persons."""

    share: Floats
    working: Floats
    pooled_share: Floats
    pooled_working: Floats


def _imbalanced(counts: tuple[tuple[float, ...], ...], arm: int, imbalance: float) -> tuple[Floats, Floats]:
    """The shares of the arm and of both together, from the counts by arm."""
    table, persons = np.array(counts, dtype=float), np.array(margins.PERSONS)
    pooled = table.sum(axis=0) / persons.sum()
    return pooled + imbalance * (table[arm] / persons[arm] - pooled), pooled


def _at_start(arm: int, imbalance: float) -> _Start:
    share, pooled_share = _imbalanced(margins.BENEFIT_AT_START, arm, imbalance)
    working, pooled_working = _imbalanced(margins.EMPLOYED_AT_START, arm, imbalance)
    return _Start(share, working, pooled_share, pooled_working)


def _fade() -> Floats:
    return np.exp(MONTHS_BEFORE / margins.IMBALANCE_LASTS)[:, None]


def _before(start: _Start) -> Floats:
    """Months -36 to 0: a history common to both arms that ends in the arm's own month 0."""
    share, working = _history(start)
    share = share + _fade() * (start.share - start.pooled_share)
    working = working + _fade() * (start.working - start.pooled_working)
    idle = share - working
    profile = _line(margins.MEASURES_BEFORE, MONTHS_BEFORE)[:, None]
    profile = profile * np.array([1.0, 1.0, margins.MEASURES_ON_DISABILITY])
    kinds = np.broadcast_to(np.array(margins.KINDS_BEFORE), (len(MONTHS_BEFORE), 2, len(KINDS)))
    cells = np.stack([idle, working], axis=2)
    return _assembled(cells, cells * profile[..., None], idle * margins.STUDY_BEFORE, kinds)


def _history(start: _Start) -> tuple[Floats, Floats]:
    """Shares of both arms together by month and benefit, and those of them employed."""
    aap = _line({**margins.AAP_BEFORE, 0: start.pooled_share[1]}, MONTHS_BEFORE)
    disability = _line({**margins.DISABILITY_BEFORE, 0: start.pooled_share[2]}, MONTHS_BEFORE)
    employed = _line({**margins.EMPLOYED_BEFORE, 0: start.pooled_working.sum()}, MONTHS_BEFORE)
    rate = {-3: margins.EMPLOYED_ON_AAP_BEFORE, 0: start.pooled_working[1] / start.pooled_share[1]}
    on_aap = aap * _line(rate, MONTHS_BEFORE)
    working = np.column_stack([employed - on_aap, on_aap, np.zeros(len(MONTHS_BEFORE))])
    return np.column_stack([1 - aap - disability, aap, disability]), working


def _capacity(imbalance: float) -> Floats:
    """Arm x month x benefit x group, proportional. Only in the month of the start do the arms differ."""
    months = np.concatenate([MONTHS_BEFORE, MONTHS_AFTER])
    shares = np.zeros((2, len(months), 3, len(margins.CAPACITY_ON_DISABILITY)))
    shares[:, :, 0] = _between(margins.CAPACITY_OF_OTHERS, months)
    shares[:, :, 1] = margins.CAPACITY_ON_AAP
    shares[:, :, 2] = margins.CAPACITY_ON_DISABILITY
    for arm in (0, 1):
        shares[arm, -FIRST_MONTH, 0] = _imbalanced(margins.CAPACITY_OF_OTHERS_AT_START, arm, imbalance)[0]
        shares[arm, -FIRST_MONTH, 2] = _imbalanced(margins.CAPACITY_ON_DISABILITY_AT_START, arm, imbalance)[0]
    return shares


def _between(knots: Mapping[int, tuple[float, ...]], months: Months) -> Floats:
    columns = np.array(list(knots.values())).T
    return np.column_stack([np.interp(months, list(knots), column) for column in columns])


def _positions(effect: float, imbalance: float) -> Floats:
    """Arm x month x benefit x position, tilted to the mean weekly hours of those employed."""
    persons, start = np.array(margins.PERSONS), np.array(margins.MEAN_HOURS_OF_EMPLOYED_AT_START)
    employed = np.array(margins.EMPLOYED_AT_START).sum(axis=1)
    pooled = start @ employed / employed.sum()
    start = pooled + imbalance * (start - pooled)
    settled = _scaled_difference(np.stack([_settled_hours(arm) for arm in (0, 1)]), effect)
    settling = np.exp(-MONTHS_AFTER / HOURS_SETTLE)[:, None]
    hours = np.empty((len(persons), len(MONTHS_BEFORE) + LAST_TOTAL, 3))
    for arm in (0, 1):
        hours[arm, : len(MONTHS_BEFORE)] = pooled + _fade() * (start[arm] - pooled)
        hours[arm, len(MONTHS_BEFORE) :] = settling * start[arm] + (1 - settling) * settled[arm]
    return _tilted(hours)


def _settled_hours(arm: int) -> Floats:
    """Mean weekly hours by benefit once settled; those without a benefit work what table 2's mean leaves for them."""
    working, _idle = _work_and_idle(arm, margins.TOTALS[arm])
    settling = np.exp(-MONTHS_AFTER / HOURS_SETTLE)
    at_start = settling @ working.sum(axis=1) * margins.MEAN_HOURS_OF_EMPLOYED_AT_START[arm]
    settled = (1 - settling) @ working
    left = LAST_TOTAL * margins.TOTALS[arm].hours - at_start
    left -= settled[1] * margins.HOURS_ON_AAP + settled[2] * margins.HOURS_ON_DISABILITY
    return np.array([left / settled[0], margins.HOURS_ON_AAP, margins.HOURS_ON_DISABILITY])


def _tilted(mean_hours: Floats) -> Floats:
    """Exponential tilting of the declared weights of positions to each mean (bisection on the tilt)."""
    hours = np.array([full * percent / 100 for full, percent in margins.POSITIONS])
    low, high = np.full(mean_hours.shape, -2.0), np.full(mean_hours.shape, 2.0)
    for _step in range(50):
        tilt = (low + high) / 2
        weights = np.array(margins.POSITION_WEIGHTS) * np.exp(tilt[..., None] * (hours - hours.mean()))
        weights /= weights.sum(axis=-1, keepdims=True)
        below = weights @ hours < mean_hours
        low, high = np.where(below, tilt, low), np.where(below, high, tilt)
    return weights
