"""A trial like SE-KLAR: participants, hidden states, and the registers' deliveries of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from evaluation.simulation import margins
from evaluation.simulation.deliveries import until
from evaluation.simulation.joint import LAST_TOTAL, tables
from evaluation.simulation.latent import Groups
from evaluation.simulation.money import INCOME_MONTHS, income, unemployment
from evaluation.simulation.nearest import nearest
from evaluation.simulation.people import Traits, baseline, seklar_participants
from evaluation.simulation.registers import Registers
from evaluation.simulation.spells import Month, calendar_of, start_months
from evaluation.simulation.states import START, Model, States, draw_states

Frames = dict[str, pd.DataFrame]

CHUNK: Final = 20_000  # persons at a time, so that memory does not grow with the trial
EVEN_DRAWS: Final = 24  # of a balanced trial, of which the nearest is kept
EVEN_PERSONS: Final = 2_000  # above which one even draw is near enough


def simulate_seklar(
    participants: pd.DataFrame | None = None,
    *,
    seed: int,
    effect: float = 1.0,
    imbalance: float = 1.0,
    balanced: bool = False,
    exact_baseline: bool = False,
    data_to: str | None = None,
) -> Frames:
    """Register deliveries of a trial whose expected outcomes are those published for SE-KLAR.

    Args:
        participants: one row a person with participant_number, office, arm (`intervention` or `control`) and
            start_date; further columns are kept. None makes the 268 of SE-KLAR (`seklar_participants`).
        seed: the same arguments give the same frames.
        effect: the difference between the arms in every month after the start, as a multiple of the published one
            (the control arm stays as it is). With `effect=0, imbalance=0` the arms are exchangeable.
        imbalance: the chance differences between the arms at the start (table 1), likewise.
        balanced: spread the persons of an arm evenly over what they could be instead of drawing them independently.
            Counts at the start are then the nearest whole numbers to those of table 1, and of several such draws
            the one nearest to table 2 is kept: for showing a trial, never for studying sampling error.
        exact_baseline: balanced, for a trial of 167 and 101 persons, where every count of table 1 is exact.
        data_to: last day of the registers, ISO; None is the end of month 36 of the person who started last.

    Returns:
        participants, employment, benefits, measures, education, work_capacity, income and unemployment
        (EVALUATION, section 1). Dates are timestamps; `end` is missing where a spell is ongoing on the last day.

    Raises:
        ValueError: no participants, a missing column, an arm of another name, an impossible effect or imbalance, or
            an exact baseline of a trial of another size.
    """
    given = seklar_participants(seed=seed) if participants is None else participants.reset_index(drop=True)
    _check(given, exact_baseline)
    last = np.datetime64(data_to, "M") if data_to else start_months(given).max() + LAST_TOTAL
    even = balanced or exact_baseline
    calendar = calendar_of(given, last)
    model = Model(tables(effect=effect, imbalance=imbalance), max(calendar.columns, INCOME_MONTHS))
    trial = _Trial(model, last, imbalance, even)
    pieces = [given] if even else [given[at : at + CHUNK] for at in range(0, len(given), CHUNK)]
    first, *others = np.random.default_rng(seed).spawn(len(pieces) + 1)
    drawn = [trial.deliveries(rng, piece) for rng, piece in zip(others, pieces, strict=True)]
    frames = {name: pd.concat([part[name] for part in drawn], ignore_index=True) for name in drawn[0]}
    places = sorted(frames["participants"]["municipality"].unique())
    frames |= {"unemployment": unemployment(first, places, calendar)}
    return until(frames, data_to) if data_to else frames


def _check(participants: pd.DataFrame, exact_baseline: bool) -> None:
    for column in ("participant_number", "office", "arm", "start_date"):
        if column not in participants:
            raise ValueError(f"participants has no column {column}")
    if participants.empty:
        raise ValueError("there are no participants")
    unknown = set(participants["arm"]) - set(margins.ARMS)
    if unknown:
        raise ValueError(f"unknown arm {min(map(str, unknown))}: the simulated trial has {' and '.join(margins.ARMS)}")
    sizes = tuple(int((participants["arm"] == arm).sum()) for arm in margins.ARMS)
    if exact_baseline and sizes != margins.PERSONS:
        raise ValueError(f"an exact baseline needs arms of {margins.PERSONS} persons, not {sizes}; use balanced")


@dataclass(frozen=True)
class _Trial:
    """What holds for every person: the model, the last month of the registers, and how persons are drawn."""

    model: Model
    last: Month
    imbalance: float
    even: bool

    def deliveries(self, rng: np.random.Generator, people: pd.DataFrame) -> Frames:
        people = people.reset_index(drop=True)
        arm = np.array([margins.ARMS.index(name) for name in people["arm"]])
        calendar = calendar_of(people, self.last)
        states = self._states(rng, arm)
        traits = Traits(rng, arm, states.standing, imbalance=self.imbalance, even=self.even)
        registers = Registers(rng, calendar, states)
        return {
            "participants": baseline(people, traits, states.benefit[:, START]),
            "employment": registers.employment(),
            "benefits": registers.benefits(),
            "measures": registers.measures(),
            "education": registers.education(),
            "work_capacity": registers.work_capacity(),
            "income": income(rng, calendar, states, traits.income()),
        }

    def _states(self, rng: np.random.Generator, arm: Groups) -> States:
        if not self.even or len(arm) > EVEN_PERSONS:
            return draw_states(rng, arm, self.model, even=self.even)
        drawn = [draw_states(rng, arm, self.model, even=True) for _draw in range(EVEN_DRAWS)]
        return nearest(drawn, arm, self.model.tables)
