"""Pensionable income and municipal unemployment by month."""

from typing import Final

import numpy as np
import pandas as pd

from evaluation.simulation import margins
from evaluation.simulation.latent import Floats
from evaluation.simulation.spells import Calendar
from evaluation.simulation.states import START, States

HOURLY_WAGE: Final = (205.0, 35.0)  # NOK, mean and standard deviation between persons
WEEKS_A_MONTH: Final = 52 / 12
MONTHLY_BENEFIT: Final = (0.0, 17_500.0, 19_500.0)  # by benefit: none, AAP, disability benefit
BENEFIT_BESIDE_WORK: Final = 0.6  # a benefit is reduced against hours worked
OWN_COURSE: Final = 0.5  # how far income before the start follows the months' states around the year's level
GROWTH: Final = 0.03  # yearly growth of the level before the start
INCOME_MONTHS: Final = 2 * START + 1


def income(rng: np.random.Generator, calendar: Calendar, states: States, yearly: Floats) -> pd.DataFrame:
    """participant_number, month (first day), amount in NOK: wages and health benefits, months -36 to 36.

    yearly: what each person's months -12 to -1 sum to. Months without income have no row.
    """
    amount = _earned(rng, states)
    for year in range(START // 12):
        months = slice(START - 12 * (year + 1), START - 12 * year)
        level = yearly[:, None] / 12 * (1 - GROWTH) ** year
        usual = amount[:, months].mean(axis=1, keepdims=True)
        course = np.divide(amount[:, months], usual, out=np.ones_like(amount[:, months]), where=usual > 0)
        amount[:, months] = level * (1 - OWN_COURSE + OWN_COURSE * course)
    amount = np.round(calendar.covered(amount), 2)
    person, column = np.nonzero(amount)
    month = (calendar.first[person] + column).astype("datetime64[s]")
    return pd.DataFrame(
        {"participant_number": calendar.numbers[person], "month": month, "amount": amount[person, column]}
    )


def _earned(rng: np.random.Generator, states: States) -> Floats:
    employed, benefit = states.employed[:, :INCOME_MONTHS] == 1, states.benefit[:, :INCOME_MONTHS]
    weekly = np.array([full * percent / 100 for full, percent in margins.POSITIONS])[states.position[:, :INCOME_MONTHS]]
    wage = np.maximum(rng.normal(*HOURLY_WAGE, len(employed)), 150)[:, None]
    support = np.array(MONTHLY_BENEFIT)[benefit] * np.where(employed, BENEFIT_BESIDE_WORK, 1.0)
    earned: Floats = employed * weekly * WEEKS_A_MONTH * wage + support
    return earned


def unemployment(rng: np.random.Generator, municipalities: list[str], calendar: Calendar) -> pd.DataFrame:
    """municipality, month (first day), rate in per cent: a level of its own, a season and a slow wave."""
    months = np.arange(calendar.first.min(), calendar.last + 1)
    step = np.arange(len(months))
    level = rng.uniform(2.6, 4.2, (len(municipalities), 1))
    wave = 0.5 * np.sin(2 * np.pi * (step / 96 + rng.random((len(municipalities), 1))))
    rate = level + wave + 0.25 * np.cos(2 * np.pi * step / 12) + rng.normal(0, 0.08, (len(municipalities), len(step)))
    return pd.DataFrame(
        {
            "municipality": np.repeat(municipalities, len(step)),
            "month": np.tile(months.astype("datetime64[s]"), len(municipalities)),
            "rate": np.round(np.maximum(rate, 0.3), 1).ravel(),
        }
    )
