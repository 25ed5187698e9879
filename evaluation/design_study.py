"""What a design would find: power, bias, coverage and predictability, from carrying it out on simulated people.

Every trial draws its arms from the declared design and its people from `evaluation.simulation`; the estimate is the one
of table 2. Chunks of trials are worked on by as many processes as there are cores, and no number depends on how many.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.power import TTest
from evaluation.predictability import Predictability, predictability
from evaluation.redraws import BATCH, Lists
from evaluation.regression import Covariance, treatment_effects
from evaluation.simulation.joint import tables
from evaluation.simulation.outcomes import expected, totals_of
from evaluation.simulation.states import START, Model, draw_states
from evaluation.trial_design import TrialDesign

Progress = Callable[[int, int, str], None]
Array = npt.NDArray[np.float64]

CHUNK_PERSONS: Final = 15_000  # simulated together; trials of one chunk share its stream of random numbers
ESTIMATES: Final = ("estimate", "se", "p", "ci_low", "ci_high", "sd", "n")


@dataclass(frozen=True)
class DesignStudy:
    """`power`: one row an outcome and effect. `estimates`: one row a simulated trial. `foreseen`: stratum -> how well
    its draws can be foreseen.

    power: outcome, effect (multiple of the published one), truth (expected difference, in the outcome's unit), mean
    (of the estimates), bias, bias_se (of the simulation), sd (of the estimates), mean_se, coverage, power,
    power_se (of the simulation), closed_form (power of a t test with the same spread), trials, failed.
    """

    design: TrialDesign
    power: pd.DataFrame
    estimates: pd.DataFrame
    foreseen: dict[str, Predictability]


def simulate_design(
    design: TrialDesign, *, progress: Progress | None = None, processes: int | None = None
) -> DesignStudy:
    """Carry a design out `design.trials` times for every effect.

    Args:
        progress: called as progress(done, total, label) after each chunk.
        processes: how many at once; as many as there are cores if left out, 1 in this process.

    Raises:
        EvaluationError: `design_invalid` naming the field, also for an effect that makes a probability negative.
    """
    problem = design.problem()
    if problem:
        raise EvaluationError("design_invalid", problem)
    tasks = [(design, effect, chunk) for effect in range(len(design.effects)) for chunk in range(_chunks(design))]
    for effect in design.effects:
        _model(effect)
    parts = dict(_worked(tasks, processes or os.cpu_count() or 1, progress or _silent))
    estimates = pd.concat([parts[place] for place in range(len(tasks))], ignore_index=True)
    foreseen = {
        stratum: predictability(design.method, design.arms, draws=persons, levels=_levels(design), seed=design.seed)
        for stratum, persons in _lists_of(design).items()
    }
    return DesignStudy(design, _summary(design, estimates), estimates, foreseen)


def _silent(_done: int, _total: int, _label: str) -> None:
    """Tell nobody."""


Task = tuple[TrialDesign, int, int]


def _worked(tasks: list[Task], processes: int, progress: Progress) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each task's place and what it found, in the order in which they finish."""
    label = tasks[0][0].name
    if processes == 1:
        for place, task in enumerate(tasks):
            yield place, _chunk(*task)
            progress(place + 1, len(tasks), label)
        return
    # "spawn": a copy of a process with threads (BLAS has some) may hang.
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_chunk, *task): place for place, task in enumerate(tasks)}
        done = 0
        while waiting:
            finished, _rest = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                done += 1
                yield waiting.pop(future), future.result()
                progress(done, len(tasks), label)


def _trials_a_chunk(design: TrialDesign) -> int:
    """A divisor of the lists drawn at once, so that a chunk never needs two batches of them."""
    most = max(1, CHUNK_PERSONS // design.persons)
    return max(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if size <= most or size == 1)


def _chunks(design: TrialDesign) -> int:
    return -(-design.trials // _trials_a_chunk(design))


@lru_cache(maxsize=16)
def _model(effect: float) -> Model:
    """The simulated trial at one effect; what its draws have in common is worked out once in a process."""
    try:
        return Model(tables(effect=effect, imbalance=0), START + 37)
    except ValueError as error:
        raise EvaluationError("design_invalid", f"effects: {error}") from error


def _chunk(design: TrialDesign, effect: int, chunk: int) -> pd.DataFrame:
    """The estimates of one chunk of trials under one effect."""
    size = _trials_a_chunk(design)
    first = chunk * size
    count = min(size, design.trials - first)
    stratum = np.repeat(np.arange(len(design.strata)), list(design.strata.values()))
    drawn = _lists(design, stratum).batch(first // BATCH)[first % BATCH : first % BATCH + count]
    rng = np.random.default_rng(np.random.SeedSequence(design.seed, spawn_key=(1, effect, chunk)))
    states = draw_states(rng, np.where(drawn, 0, 1).ravel(), _model(design.effects[effect]), even=False)
    gone = rng.random(drawn.shape) < design.attrition
    rows = []
    for outcome in design.outcomes:
        values = totals_of(states, outcome, design.months).reshape(drawn.shape)
        for trial in range(count):
            seen = ~gone[trial]
            found = _estimate(design, values[trial][seen], drawn[trial][seen], stratum[seen])
            rows.append({"outcome": outcome, "effect": design.effects[effect], "trial": first + trial} | found)
    return pd.DataFrame(rows)


def _lists(design: TrialDesign, stratum: npt.NDArray[np.int64]) -> Lists:
    """The lists that the design draws; persons of a design with factors have levels at random."""
    whole = design.method["kind"] == "minimisation"
    places = [np.arange(len(stratum))] if whole else [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    return Lists(design.design, design.treated, places, design.seed, _factors(design))


def _levels(design: TrialDesign) -> dict[str, list[str]]:
    """Two levels of every factor that the method balances."""
    return {str(factor): ["a", "b"] for factor in design.method.get("factors", {})}


def _factors(design: TrialDesign) -> list[dict[str, str]]:
    rng = np.random.default_rng(np.random.SeedSequence(design.seed, spawn_key=(2,)))
    names = {factor: rng.choice(levels, design.persons) for factor, levels in _levels(design).items()}
    return [{factor: str(names[factor][person]) for factor in names} for person in range(design.persons)]


def _lists_of(design: TrialDesign) -> dict[str, int]:
    """The strata with a list of their own, and their persons."""
    return {"": design.persons} if design.method["kind"] == "minimisation" else dict(design.strata)


def _estimate(
    design: TrialDesign, values: Array, drawn: npt.NDArray[np.bool_], stratum: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """One trial's estimate; missing where the design gave it nothing to compare or too few persons."""
    try:
        found = treatment_effects(values[:, None], drawn, stratum, cast(Covariance, design.covariance))
    except EvaluationError:
        return dict.fromkeys(ESTIMATES, float("nan"))
    low, high = found.interval(design.alpha)
    p = float(found.p[0]) if found.se[0] > 0 else 1.0
    spread = float(values[~drawn].std(ddof=1)) if (~drawn).sum() > 1 else float("nan")
    numbers = (found.effect[0], found.se[0], p, low[0], high[0], spread, found.n)
    return {name: float(number) for name, number in zip(ESTIMATES, numbers, strict=True)}


def _summary(design: TrialDesign, estimates: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for outcome in design.outcomes:
        for effect in design.effects:
            first, second = expected(_model(effect), outcome, design.months)
            found = estimates[(estimates["outcome"] == outcome) & (estimates["effect"] == effect)]
            rows.append({"outcome": outcome, "effect": effect} | _row(design, found, first - second))
    return pd.DataFrame(rows)


def _row(design: TrialDesign, found: pd.DataFrame, truth: float) -> dict[str, float]:
    made = found.dropna(subset=["estimate"])
    trials = len(made)
    mean, sd = made["estimate"].mean(), made["estimate"].std(ddof=1)
    covered = ((made["ci_low"] <= truth) & (truth <= made["ci_high"])).mean()
    power = (made["p"] < design.alpha).mean()
    return {
        "truth": truth,
        "mean": mean,
        "bias": mean - truth,
        "bias_se": sd / np.sqrt(trials),
        "sd": sd,
        "mean_se": made["se"].mean(),
        "coverage": covered,
        "power": power,
        "power_se": np.sqrt(power * (1 - power) / trials),
        "closed_form": _closed_form(design, truth, float(made["sd"].mean())),
        "trials": trials,
        "failed": len(found) - trials,
    }


def _closed_form(design: TrialDesign, truth: float, spread: float) -> float:
    """Power of a t test between groups of the design's ratio whose persons differ as the simulated controls do."""
    ratios = dict(design.arms)
    treated, control = ratios[design.treated], ratios[design.control]
    persons = round(design.persons * (1 - design.attrition) * control / (treated + control))
    if not spread > 0 or persons < 2:
        return float("nan")
    return TTest(truth / spread, ratio=treated / control).power(persons, design.alpha)
