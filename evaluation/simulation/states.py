"""Each person's states month by month, drawn from the tables of probabilities."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from evaluation.simulation import margins
from evaluation.simulation.joint import FIRST_MONTH, LAST_TOTAL, Tables
from evaluation.simulation.latent import Codes, Floats, Groups, choose, cut_below, loadings, normal, pinned

START = -FIRST_MONTH  # the column of month 0


@dataclass(frozen=True)
class States:
    """Persons x months from FIRST_MONTH, as small whole numbers.

    benefit: 0 none, 1 AAP, 2 disability benefit. employed: 0 or 1. activity: 0 nothing, then `margins.KINDS`, then
    higher education. capacity: index of `margins.CAPACITY_AT_START`. position: index of `margins.POSITIONS`, the one
    that the person has when employed. standing: one standard normal a person, high for those who work much.
    """

    benefit: Codes
    employed: Codes
    activity: Codes
    capacity: Codes
    position: Codes
    standing: Floats


@dataclass(frozen=True)
class Sampler:
    """Draws latent paths of `months` columns; `even` spreads them over the persons of a group."""

    rng: np.random.Generator
    months: int
    even: bool

    def paths(self, persistence: margins.Persistence, arm: Groups) -> tuple[Floats, Floats, Floats]:
        """Persons x months, the factors behind them, and the persons' scores on the factors."""
        factors = loadings(self.months, persistence)
        scores = normal(self.rng, arm, factors.shape[1], even=self.even)
        return scores @ factors.T, factors, scores

    def at_start(self, persistence: margins.Persistence, arm: Groups, groups: Groups) -> tuple[Floats, Floats]:
        """Paths that are, when `even`, spread evenly within each group in month 0; and the first score."""
        paths, factors, scores = self.paths(persistence, arm)
        return (pinned(paths, factors, START, groups) if self.even else paths), scores[:, 0]


def draw_states(rng: np.random.Generator, arm: Groups, tables: Tables, months: int, *, even: bool) -> States:
    """Draw the states of persons.

    Args:
        arm: index of each person's arm in the tables.
        months: columns from FIRST_MONTH on; beyond month 36 the shares stay as in month 36.
        even: spread the persons of an arm evenly over what they could be, in month 0 to the nearest whole person.
    """
    sampler = Sampler(rng, months, even)
    who, when = arm[:, None], np.minimum(np.arange(months), LAST_TOTAL + START)
    joint = tables.joint
    benefit = _benefits(sampler, arm, joint.sum(axis=(3, 4)), when)
    path = sampler.at_start(margins.CAPACITY, arm, arm * 3 + benefit[:, START])[0]
    capacity = choose(path, tables.capacity, (who, when, benefit))
    path, standing = sampler.at_start(margins.EMPLOYMENT, arm, arm * 3 + benefit[:, START])
    employed = choose(path, joint.sum(axis=4), (who, when, benefit))
    activity = _activities(sampler, arm, joint, (who, when, benefit, employed))
    path = sampler.at_start(margins.POSITION, arm, arm * 2 + employed[:, START])[0]
    position = choose(path, tables.positions, (who, when, benefit))
    return States(benefit, employed, activity, capacity, position, standing)


def _benefits(sampler: Sampler, arm: Groups, shares: Floats, when: Groups) -> Codes:
    """Disability benefit lasts for good: a person's score that never changes says from when on. AAP follows a path that
    goes with this score, so that most come from AAP; it is cut where the share of AAP among the others comes out."""
    path, factors, scores = sampler.paths(margins.BENEFIT, arm)
    bound = -special.ndtri(shares[..., 2])[:, when]
    disabled = scores[:, :1] > bound[arm]
    if sampler.even:
        order = np.where(disabled[:, START], np.inf, path[:, START])
        path = pinned(path, factors, START, arm, order=order)
    cut = cut_below(shares[:, when, 1], np.broadcast_to(factors[:, 0], bound.shape), bound)
    return np.where(disabled, 2, path > cut[arm]).astype(np.int8)


def _activities(sampler: Sampler, arm: Groups, joint: Floats, where: tuple[Groups, ...]) -> Codes:
    """Whether the person does anything, and what: two paths, so that those who stop and start again do the same."""
    path, _factors, _scores = sampler.paths(margins.ACTIVITY, arm)
    idle_or_active = np.stack([joint[..., 0], joint[..., 1:].sum(axis=-1)], axis=-1)
    active = choose(path, idle_or_active, where)
    path, _factors, _scores = sampler.paths(margins.KIND, arm)
    kind: Codes = active * (choose(path, joint[..., 1:], where) + np.int8(1))
    return kind
