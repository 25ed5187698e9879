"""Each person's states month by month, drawn from the tables of probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

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
class Model:
    """The probabilities of a trial over `months` columns from FIRST_MONTH, and what all draws from them have in common.

    Beyond month 36 the shares stay as in month 36.
    """

    tables: Tables
    months: int

    @cached_property
    def when(self) -> Groups:
        """The month of the tables that each column follows."""
        return np.minimum(np.arange(self.months), LAST_TOTAL + START)

    @cached_property
    def factors(self) -> Mapping[margins.Persistence, Floats]:
        return {persistence: loadings(self.months, persistence) for persistence in margins.PERSISTENCE}

    @cached_property
    def disability_bound(self) -> Floats:
        """Arm x column: a person whose unchanging score lies above it is on disability benefit."""
        return -special.ndtri(self.tables.joint[..., 2, :, :].sum(axis=(2, 3)))[:, self.when]

    @cached_property
    def aap_cut(self) -> Floats:
        """Arm x column: one of the others whose path lies above it is on AAP."""
        share = self.tables.joint[..., 1, :, :].sum(axis=(2, 3))[:, self.when]
        correlation = np.broadcast_to(self.factors[margins.BENEFIT][:, 0], share.shape)
        return cut_below(share, correlation, self.disability_bound)


@dataclass(frozen=True)
class _Sampler:
    """Draws the latent paths of persons; `even` spreads those of an arm, or of a group in month 0, evenly."""

    rng: np.random.Generator
    model: Model
    arm: Groups
    even: bool

    def paths(self, persistence: margins.Persistence) -> tuple[Floats, Floats]:
        """Persons x months, and the persons' scores on the first factor."""
        factors = self.model.factors[persistence]
        scores = normal(self.rng, self.arm, factors.shape[1], even=self.even)
        return scores @ factors.T, scores[:, 0]

    def pin(self, paths: Floats, persistence: margins.Persistence, groups: Groups, order: Floats) -> Floats:
        """The paths, spread evenly within each group in month 0 where this is asked for."""
        return pinned(paths, self.model.factors[persistence], START, groups, order) if self.even else paths

    def from_start(self, persistence: margins.Persistence, state: Codes) -> tuple[Floats, Floats]:
        """Paths pinned within those of an arm who share the state in month 0, and the first scores."""
        paths, first = self.paths(persistence)
        return self.pin(paths, persistence, self.arm * 3 + state[:, START], paths[:, START]), first


def draw_states(rng: np.random.Generator, arm: Groups, model: Model, *, even: bool) -> States:
    """Draw the states of persons.

    Args:
        arm: index of each person's arm in the tables of the model.
        even: spread the persons of an arm evenly over what they could be, in month 0 to the nearest whole person.
    """
    sampler, joint, where = _Sampler(rng, model, arm, even), model.tables.joint, (arm[:, None], model.when)
    benefit = _benefits(sampler)
    capacity = choose(sampler.from_start(margins.CAPACITY, benefit)[0], model.tables.capacity, (*where, benefit))
    path, standing = sampler.from_start(margins.EMPLOYMENT, benefit)
    employed = choose(path, joint.sum(axis=4), (*where, benefit))
    activity = _activities(sampler, (*where, benefit, employed))
    path = sampler.from_start(margins.POSITION, employed)[0]
    position = choose(path, model.tables.positions, (*where, benefit))
    return States(benefit, employed, activity, capacity, position, standing)


def _benefits(sampler: _Sampler) -> Codes:
    """Disability benefit lasts for good: a person's score that never changes says from when on. AAP follows a path that
    goes with this score, so that most come from AAP; it is cut where the share of AAP among the others comes out."""
    model, arm = sampler.model, sampler.arm
    path, score = sampler.paths(margins.BENEFIT)
    disabled = score[:, None] > model.disability_bound[arm]
    order = np.where(disabled[:, START], np.inf, path[:, START])
    path = sampler.pin(path, margins.BENEFIT, arm, order)
    return np.where(disabled, 2, path > model.aap_cut[arm]).astype(np.int8)


def _activities(sampler: _Sampler, where: tuple[Groups, ...]) -> Codes:
    """Whether the person does anything, and what: two paths, so that those who stop and start again do the same."""
    joint = sampler.model.tables.joint
    idle_or_active = np.stack([joint[..., 0], joint[..., 1:].sum(axis=-1)], axis=-1)
    active = choose(sampler.paths(margins.ACTIVITY)[0], idle_or_active, where)
    kind: Codes = active * (choose(sampler.paths(margins.KIND)[0], joint[..., 1:], where) + np.int8(1))
    return kind
