"""Intervals hold the truth as often as they say: trials with a known effect, estimated every way.

The nightly amount is written to ``tests/evidence/coverage.json``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import adjusted_effects, complier_effects, weighted_effects
from evaluation.differences import differences_in_differences
from evaluation.effects import comparison_rows

EVIDENCE = Path(__file__).parents[1] / "evidence" / "coverage.json"
OFFICES, PERSONS, EFFECT = 8, 160, 2.0
RATIOS = {f"{office}": {"intervention": 5, "control": 3} for office in range(OFFICES)}


def trial(rng: np.random.Generator) -> pd.DataFrame:
    """Persons of eight offices, five to three, skewed outcomes, more spread where treated; half comply."""
    office = rng.permutation(np.arange(PERSONS) % OFFICES)
    treated = rng.random(PERSONS) < 5 / 8
    age, before = rng.normal(0, 1, PERSONS), rng.gamma(2.0, 2.0, PERSONS)
    complies = rng.random(PERSONS) < 0.5
    noise = rng.gamma(1.5, 2.0, PERSONS) - 3 + rng.normal(0, 1, PERSONS) * treated
    y = 5 + office * 0.3 + age + 0.5 * before + noise + 2 * EFFECT * treated * complies
    arm = np.where(treated, "intervention", "control")
    return pd.DataFrame(
        {
            "participant_number": np.arange(PERSONS),
            "office": office.astype(str),
            "arm": arm,
            "age": age,
            "before": before,
            "received": (treated & complies).astype(float),
            "y": y,
        }
    )


def simple(covariance: str) -> Callable[[pd.DataFrame], Any]:
    return lambda people: comparison_rows(people, ["y"], "intervention", "office", covariance, 0.05)[0]


def change(people: pd.DataFrame) -> Any:
    parts = [people.assign(month=month, state=people[name]) for month, name in ((-1, "before"), (1, "y"))]
    panel = pd.concat(parts, ignore_index=True)
    window = {"months": (1, 1), "before": (-1, -1)}
    return differences_in_differences(panel, outcomes=["state"], covariance="HC2", **window).iloc[0]


ESTIMATORS: dict[str, tuple[Callable[[pd.DataFrame], Any], float]] = {
    "classical": (simple("classical"), EFFECT),
    "HC1": (simple("HC1"), EFFECT),
    "HC2": (simple("HC2"), EFFECT),
    "HC3": (simple("HC3"), EFFECT),
    "CR2": (simple("CR2"), EFFECT),
    "adjusted (Lin)": (lambda p: adjusted_effects(p, outcomes=["y"], covariates=["age", "before"]).iloc[0], EFFECT),
    "differences": (change, EFFECT),
    "compliers": (
        lambda p: complier_effects(p, outcomes=["y"], received="received", covariance="HC2").iloc[0],
        2 * EFFECT,
    ),
    "weighted": (lambda p: weighted_effects(p, outcomes=["y"], ratios=RATIOS).iloc[0], EFFECT),
}


WIDE = ("classical", "HC3", "compliers")
"""Known to cover more than they say here: the larger arm varies more, which the classical error does not know; HC3 is
wide on purpose; two stages are normal only in large trials. They must not cover less."""


def covered(trials: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(ESTIMATORS, 0)
    for _trial in range(trials):
        people = trial(rng)
        for name, (estimate, truth) in ESTIMATORS.items():
            row = estimate(people)
            hits[name] += bool(row["ci_low"] <= truth <= row["ci_high"])
    return {name: count / trials for name, count in hits.items()}


def within(share: float, trials: int, errors: float) -> bool:
    return abs(share - 0.95) <= errors * np.sqrt(0.95 * 0.05 / trials)


@pytest.mark.slow
def test_intervals_cover_the_effect() -> None:
    found = covered(500, seed=11)
    assert {name: share for name, share in found.items() if not within(share, 500, 4)} == {}


@pytest.mark.slow
def test_an_interval_that_is_too_narrow_is_seen() -> None:
    rng = np.random.default_rng(12)
    rows = [simple("classical")(trial(rng)) for _trial in range(500)]
    narrow = [abs(row["effect"] - EFFECT) <= 1.5 * row["se"] for row in rows]
    assert not within(float(np.mean(narrow)), 500, 4)


@pytest.mark.nightly
def test_intervals_cover_the_effect_in_ten_thousand_trials() -> None:
    trials = 10_000
    found = covered(trials, seed=13)
    EVIDENCE.parent.mkdir(exist_ok=True)
    EVIDENCE.write_text(json.dumps({"trials": trials, "seed": 13, "nominal": 0.95, "coverage": found}, indent=1) + "\n")
    assert all(within(share, trials, 3) for name, share in found.items() if name not in WIDE), found
    assert all(share >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / trials) for share in found.values()), found
