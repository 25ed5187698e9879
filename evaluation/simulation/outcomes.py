"""Outcomes straight from simulated states, and their expected values: for thousands of trials without any register.

They are what `person_months` finds in the deliveries of the same states; `expected` is what a trial of everybody would
find, from the tables of probabilities.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluation.simulation import margins
from evaluation.simulation.joint import NOTHING, STUDY
from evaluation.simulation.latent import Floats
from evaluation.simulation.states import START, Model, States

Indicator = Callable[[Any, Any, Any], npt.NDArray[np.bool_]]  # of benefit, employed and activity

WEEKLY_HOURS: Final = np.array([full * percent / 100 for full, percent in margins.POSITIONS])

INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(
    {
        "employed": lambda benefit, employed, activity: employed == 1,
        "employed_or_higher_education": lambda benefit, employed, activity: (employed == 1) | (activity == STUDY),
        "aap": lambda benefit, employed, activity: benefit == 1,
        "aap_and_employed": lambda benefit, employed, activity: (benefit == 1) & (employed == 1),
        "aap_only": lambda benefit, employed, activity: (benefit == 1) & (employed == 0),
        "disability_benefit": lambda benefit, employed, activity: benefit == 2,
        "disability_benefit_and_employed": lambda benefit, employed, activity: (benefit == 2) & (employed == 1),
        "disability_benefit_only": lambda benefit, employed, activity: (benefit == 2) & (employed == 0),
        "health_benefit": lambda benefit, employed, activity: benefit > 0,
        "health_benefit_and_employed": lambda benefit, employed, activity: (benefit > 0) & (employed == 1),
        "health_benefit_only": lambda benefit, employed, activity: (benefit > 0) & (employed == 0),
        "any_measure": lambda benefit, employed, activity: (activity > NOTHING) & (activity < STUDY),
    }
)
SIMULATED: Final = (*INDICATORS, "mean_hours_per_week")


def totals_of(states: States, outcome: str, months: tuple[int, int]) -> Floats:
    """Of each person: months in the state, or mean weekly hours, over `months`."""
    when = slice(START + months[0], START + months[1] + 1)
    benefit, employed, activity = states.benefit[:, when], states.employed[:, when], states.activity[:, when]
    if outcome in INDICATORS:
        return np.asarray(INDICATORS[outcome](benefit, employed, activity).sum(axis=1), dtype=np.float64)
    return np.asarray((WEEKLY_HOURS[states.position[:, when]] * employed).mean(axis=1))


def expected(model: Model, outcome: str, months: tuple[int, int]) -> tuple[float, float]:
    """The expected total in the intervention arm and in the control arm."""
    when = slice(START + months[0], START + months[1] + 1)
    joint = model.tables.joint[:, when]
    if outcome in INDICATORS:
        benefit, employed, activity = np.indices(joint.shape[2:])
        first, second = (joint * INDICATORS[outcome](benefit, employed, activity)).sum(axis=(1, 2, 3, 4))
        return float(first), float(second)
    hours = (model.tables.positions[:, when] @ WEEKLY_HOURS) * joint[..., 1, :].sum(axis=-1)
    first, second = hours.sum(axis=2).mean(axis=1)
    return float(first), float(second)
