"""Who started in which of the two follow-up measures: offices, starts and the characteristics of table 3.2."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.simulation import proba_margins as proba
from evaluation.simulation.latent import Floats, Groups

OFFICE_SPREAD = 0.8  # of the logarithm of offices' sizes
SORTING = 0.7  # how unequally offices use the two measures, in log odds


@dataclass(frozen=True)
class Starters:
    """One entry a person. arm: 0 extended follow-up, 1 follow-up. office_use: how much the office uses the extended
    one, standardised. start: month; day: of that month, from 0. diagnosis: index of `proba_margins.DIAGNOSES`."""

    arm: Groups
    office: Groups
    office_use: Floats
    start: Any
    day: Groups
    man: Groups
    age: Groups
    country: Groups
    education: Groups
    diagnosis: Groups
    disability: Groups
    reduced: Groups

    def followed(self, months: int) -> Any:
        """Who started so early that the registers tell of them this many months later; everyone if nobody did."""
        known = self.start + months <= np.datetime64(proba.LAST_MONTH, "M")
        return known if known.any() else np.ones(len(known), dtype=bool)

    def explained(self) -> Floats:
        """What the characteristics add to the probability of employment in month 12 (table 4.3)."""
        slopes = dict(proba.EDUCATION_SLOPES)
        return (
            proba.AGE_SLOPES[0] * self.age
            + proba.AGE_SLOPES[1] * self.age**2
            + proba.IMMIGRANT * (self.country > 0)
            + np.array([slopes[level] for level in proba.EDUCATION_LEVELS])[
                np.searchsorted(proba.EDUCATION_LEVELS, self.education)
            ]
            + np.array(proba.DIAGNOSIS_SLOPES)[self.diagnosis]
            + proba.REDUCED * self.reduced
        )

    def frame(self) -> pd.DataFrame:
        """The participants with their baseline columns; every office is a municipality of its own."""
        names = np.array([f"K{place:03d}" for place in range(proba.OFFICES)], dtype=object)[self.office]
        diagnosis = pd.Series(np.array(proba.DIAGNOSES, dtype=object)[self.diagnosis])
        return pd.DataFrame(
            {
                "participant_number": [f"S{place:07d}" for place in range(len(self.arm))],
                "office": names,
                "arm": np.array(proba.ARMS, dtype=object)[self.arm],
                "start_date": (self.start.astype("datetime64[D]") + self.day).astype("datetime64[s]"),
                "sex": np.where(self.man, "man", "woman"),
                "birth_year": self.start.astype("datetime64[Y]").astype(int) + 1970 - self.age,
                "country_group": self.country,
                "education_level": self.education,
                "municipality": names,
                "aap_diagnosis": diagnosis.where(self.diagnosis > 0),
            }
        )


def draw_starters(rng: np.random.Generator, persons: int) -> Starters:
    """`persons` starters, the arms in the published proportion, each with the shares of table 3.2."""
    extended = round(persons * proba.PERSONS[0] / sum(proba.PERSONS))
    arm = rng.permutation(np.repeat([0, 1], [extended, persons - extended]))
    use = rng.standard_normal(proba.OFFICES)
    office = _offices(rng, arm, use)
    start = _starts(rng, arm)
    later = (start + proba.EFFECT_MONTH > np.datetime64(proba.LAST_MONTH, "M")).astype(np.int64)
    diagnosis = _among(
        rng, 2 * arm + later, np.arange(len(proba.DIAGNOSES)), _by_stretch(proba.AAP, proba.AAP_FOLLOWED)
    )
    disability, reduced = _capacity(rng, arm, later, diagnosis)
    return Starters(
        arm=arm,
        office=office,
        office_use=use[office],
        start=start,
        day=rng.integers(0, 28, persons),
        man=(rng.random(persons) < np.array(proba.MEN)[arm] / 100).astype(np.int64),
        age=_ages(rng, arm),
        country=_among(rng, arm, np.array(proba.COUNTRY_GROUPS), proba.COUNTRY),
        education=_among(rng, arm, np.array(proba.EDUCATION_LEVELS), proba.EDUCATION),
        diagnosis=diagnosis,
        disability=disability,
        reduced=reduced,
    )


def _among(rng: np.random.Generator, group: Groups, values: Groups, shares: Any) -> Groups:
    """A value a person, from the shares of her group: an arm, or an arm and a stretch of the intake."""
    drawn = np.stack([rng.choice(values, len(group), p=np.array(row) / sum(row)) for row in shares])
    return drawn[group, np.arange(len(group))]


def _by_stretch(everyone: Any, followed: Any) -> Floats:
    """Rows: each arm's shares among those followed a year, and among who started later, so that both make up the
    arm's."""
    part = np.array([sum(row[:2]) / sum(row) for row in proba.STARTS])[:, None]
    own, all_of = (np.array(shares, dtype=float).reshape(len(proba.ARMS), -1) for shares in (followed, everyone))
    return np.stack([own, (all_of - part * own) / (1 - part)], axis=1).reshape(2 * len(proba.ARMS), -1)


def _offices(rng: np.random.Generator, arm: Groups, use: Floats) -> Groups:
    size = rng.lognormal(0, OFFICE_SPREAD, proba.OFFICES)
    return _among(rng, arm, np.arange(proba.OFFICES), (size * np.exp(SORTING * use), size))


def _starts(rng: np.random.Generator, arm: Groups) -> Any:
    stretch = _among(rng, arm, np.arange(len(proba.STRETCHES)), proba.STARTS)
    first, length = np.cumsum((0, *proba.STRETCHES))[stretch], np.array(proba.STRETCHES)[stretch]
    return np.datetime64(proba.FIRST_START, "M") + first + np.floor(rng.random(len(arm)) * length).astype(np.int64)


def _ages(rng: np.random.Generator, arm: Groups) -> Groups:
    low, below = np.array(proba.AGES)[_among(rng, arm, np.arange(len(proba.AGES)), proba.AGE)].T
    return rng.integers(low, below)


def _capacity(rng: np.random.Generator, arm: Groups, later: Groups, diagnosis: Groups) -> tuple[Groups, Groups]:
    """Disability benefit among those without AAP; a reduced work capacity of all with either, and of some others."""
    stretch = 2 * arm + later
    without = _by_stretch(proba.AAP, proba.AAP_FOLLOWED)[:, 0]
    reduced_shares = _by_stretch(proba.REDUCED_CAPACITY, proba.REDUCED_FOLLOWED)[:, 0]
    on_disability = np.repeat(proba.DISABILITY, 2)
    disability = (diagnosis == 0) & (rng.random(len(arm)) < (on_disability / without)[stretch])
    others = without - on_disability
    also = others - (100 - reduced_shares)
    reduced = (diagnosis > 0) | disability | (rng.random(len(arm)) < (also / others)[stretch])
    return disability.astype(np.int64), reduced.astype(np.int64)
