"""Weights of the declared design; R's weighted regression is in test_references."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, weighted_effects

RATIOS = {"large": {"intervention": 3, "control": 1}, "small": {"intervention": 1, "control": 1}}


def trial(rng: np.random.Generator, persons: int = 400) -> pd.DataFrame:
    """The effect is 4 in the large office and 0 in the small one: 3 over all persons when three in four are there."""
    office = np.where(np.arange(persons) % 4 == 0, "small", "large")
    treated = rng.random(persons) < np.where(office == "large", 0.75, 0.5)
    y = np.where(office == "large", 10 + 4 * treated, 2.0) + rng.normal(0, 1, persons)
    return pd.DataFrame({"office": office, "arm": np.where(treated, "intervention", "control"), "y": y})


@pytest.mark.slow
def test_they_give_the_mean_effect_over_all_persons_and_their_interval_covers_it() -> None:
    rng = np.random.default_rng(2)
    found = [weighted_effects(trial(rng), outcomes=["y"], ratios=RATIOS).iloc[0] for _trial in range(300)]
    effects = np.array([row["effect"] for row in found])
    assert effects.mean() == pytest.approx(3.0, abs=4 * effects.std() / np.sqrt(300))
    covered = np.mean([row["ci_low"] <= 3 <= row["ci_high"] for row in found])
    assert covered >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)


def test_an_arm_or_stratum_without_a_declared_ratio_is_named() -> None:
    persons = trial(np.random.default_rng(1), 40)
    for ratios in ({"large": RATIOS["large"]}, RATIOS | {"small": {"intervention": 1}}):
        with pytest.raises(EvaluationError, match="in small") as caught:
            weighted_effects(persons, outcomes=["y"], ratios=ratios)
        assert caught.value.code == "unknown_ratio"


def test_gaps_are_named() -> None:
    persons = trial(np.random.default_rng(1), 40)
    one_arm = persons.assign(y=persons["y"].where(persons["arm"] == "control"))
    assert weighted_effects(one_arm, outcomes=["y"], ratios=RATIOS)["reason"].item() == "no_contrast"
    assert weighted_effects(persons.assign(y=1.0), outcomes=["y"], ratios=RATIOS)["reason"].item() == "no_variance"
