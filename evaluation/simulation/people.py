"""Participants: who they are, and what table 1 says of them at the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import special, stats

from evaluation.simulation import margins
from evaluation.simulation.latent import Codes, Floats, Groups, spread_evenly

OFFICES: Final[Mapping[str, tuple[int, int]]] = {
    "Hurum": (25, 15),
    "Røyken": (30, 18),
    "Rygge": (35, 21),
    "Moss": (77, 47),
}
MUNICIPALITIES: Final[Mapping[str, str]] = {"Hurum": "0628", "Røyken": "0627", "Rygge": "0136", "Moss": "0104"}
FIRST_START: Final = np.datetime64("2013-01-07")
LAST_START: Final = np.datetime64("2017-12-15")

# How far a trait goes with working much: correlation with the person's standing. Assumed; both arms alike.
CORRELATION: Final[Mapping[str, float]] = {
    "men": 0.05,
    "born_in_norway": 0.10,
    "married": 0.10,
    "has_children": 0.05,
    "completed_upper_secondary": 0.30,
    "age": -0.05,
    "income": 0.45,
}
# Weights of the finer codes within a trait of table 1.
COUNTRY_GROUPS: Final = {True: ((0,), (1.0,)), False: ((1, 2, 3), (0.15, 0.25, 0.60))}
EDUCATION_LEVELS: Final = {
    True: ((4, 5, 6, 7), (0.68, 0.08, 0.19, 0.05)),
    False: ((1, 2, 3), (0.06, 0.64, 0.30)),
}
DIAGNOSES: Final = (("mental", "musculoskeletal", "other"), (0.55, 0.27, 0.18))


def seklar_participants(persons: int | None = None, *, seed: int) -> pd.DataFrame:
    """Made-up participants: participant_number, office, arm, start_date.

    Without `persons` the 167 and 101 of SE-KLAR in its four offices; else as many as asked for, drawn five to three in
    offices of the same relative sizes. Starts fall on weekdays from 2013 to 2017.
    """
    rng = np.random.default_rng(seed)
    names, sizes = list(OFFICES), np.array(list(OFFICES.values()))
    if persons is None:
        office = np.repeat(names, sizes.sum(axis=1))
        arm = np.concatenate([rng.permutation(np.repeat(margins.ARMS, size)) for size in sizes])
    else:
        office = rng.choice(names, persons, p=sizes.sum(axis=1) / sizes.sum())
        arm = rng.choice(margins.ARMS, persons, p=(5 / 8, 3 / 8))
    order = rng.permutation(len(office))
    days = np.busday_offset(FIRST_START, rng.integers(0, np.busday_count(FIRST_START, LAST_START), len(office)))
    numbers = [f"{office[person][:3].upper()}-{place:06d}" for place, person in enumerate(order)]
    return pd.DataFrame(
        {"participant_number": numbers, "office": office[order], "arm": arm[order], "start_date": np.sort(days)}
    )


@dataclass(frozen=True)
class Traits:
    """Draws traits that go with a person's standing; `even` gives the declared number of persons with each."""

    rng: np.random.Generator
    arm: Groups
    standing: Floats
    imbalance: float
    even: bool

    def place(self, trait: str) -> Floats:
        """Each person's place between 0 and 1 in the arm's distribution of the trait."""
        correlation = CORRELATION[trait]
        own = self.rng.standard_normal(len(self.arm))
        score = correlation * self.standing + np.sqrt(1 - correlation**2) * own
        return spread_evenly(score, self.arm) if self.even else np.asarray(special.ndtr(score))

    def by_arm(self, pair: Any) -> Floats:
        """Each person's value of the arm; with less imbalance closer to that of all persons together."""
        values = np.array(pair, dtype=float)
        pooled = np.average(values, weights=margins.PERSONS)
        mixed: Floats = (pooled + self.imbalance * (values - pooled))[self.arm]
        return mixed

    def has(self, trait: str) -> Any:
        share = np.array(margins.TRAITS[trait]) / np.array(margins.PERSONS)
        return self.place(trait) > 1 - self.by_arm(share)

    def age(self) -> Floats:
        """Whole years, a beta distribution over the ages that the trial admits."""
        low, high = margins.AGE_RANGE
        mean = (self.by_arm(margins.AGE_MEAN) + 0.5 - low) / (high - low)
        spread = mean * (1 - mean) / (margins.AGE_DEVIATION / (high - low)) ** 2 - 1
        return np.floor(low + (high - low) * stats.beta.ppf(self.place("age"), mean * spread, (1 - mean) * spread))

    def income(self) -> Floats:
        """Income of the twelve months before the start in NOK, a gamma distribution."""
        mean, deviation = self.by_arm(margins.INCOME_MEAN), margins.INCOME_DEVIATION
        shape = (mean / deviation) ** 2
        income = stats.gamma.ppf(self.place("income"), shape, scale=mean / shape)
        return self._standardised(income, mean, deviation) if self.even else income

    def _standardised(self, values: Floats, mean: Floats, deviation: float) -> Floats:
        """Evenly spread quantiles lack the extremes; give each arm its declared mean and standard deviation."""
        standard = np.empty(len(values))
        for arm in np.unique(self.arm):
            members = self.arm == arm
            spread = values[members].std(ddof=1) if members.sum() > 1 else 1.0
            standard[members] = mean[members] + (values[members] - values[members].mean()) * (deviation / spread)
        return np.maximum(standard, 0)

    def finer(self, coarse: Any, codes: Mapping[bool, tuple[tuple[int, ...], tuple[float, ...]]]) -> Any:
        """A code within the trait that the person has or lacks."""
        drawn = {has: self.rng.choice(values, len(coarse), p=weights) for has, (values, weights) in codes.items()}
        return np.where(coarse, drawn[True], drawn[False])


def baseline(participants: pd.DataFrame, traits: Traits, on_aap: Codes) -> pd.DataFrame:
    """The participants with the baseline columns of a delivery; other columns of theirs are kept."""
    office, year = participants["office"], pd.DatetimeIndex(participants["start_date"]).year
    diagnosis = traits.rng.choice(DIAGNOSES[0], len(participants), p=DIAGNOSES[1])
    return participants.assign(
        sex=np.where(traits.has("men"), "man", "woman"),
        birth_year=(year - traits.age()).astype(int),
        country_group=traits.finer(traits.has("born_in_norway"), COUNTRY_GROUPS),
        education_level=traits.finer(traits.has("completed_upper_secondary"), EDUCATION_LEVELS),
        married=traits.has("married").astype(int),
        has_children=traits.has("has_children").astype(int),
        municipality=office.map(MUNICIPALITIES).fillna(office.astype(str)),
        aap_diagnosis=pd.Series(diagnosis, index=participants.index).where(on_aap == 1),
    )
