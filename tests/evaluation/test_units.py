"""Trials that drew offices: units are analysed, and a test of persons would reject far too often."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import EvaluationError, drawn_units, effects_by_month, effects_on_totals, likeness
from evaluation.units import unit_means


def trial(rng: np.random.Generator, units: int = 12, size: int = 20, spread: float = 1.0) -> pd.DataFrame:
    """Person-months of a trial that drew offices in pairs (counties): every office has its own level."""
    office = np.repeat(np.arange(units), size)
    level = rng.normal(0, spread, units)[office]
    frame = pd.DataFrame(
        {
            "participant_number": np.arange(units * size),
            "office": office,
            "county": office // 4,
            "arm": np.where(office % 2 == 0, "intervention", "control"),
        }
    )
    months = [frame.assign(month=month, y=level + rng.normal(0, 1, units * size)) for month in (1, 2)]
    return pd.concat(months, ignore_index=True)


def test_the_effect_is_that_of_unit_means() -> None:
    panel = trial(np.random.default_rng(1))
    units = drawn_units(panel, unit="office", outcomes=["y"], keep=("county",))
    ours = effects_on_totals(units, outcomes=["y"], months=(1, 2), strata="county").iloc[0]
    means = panel.groupby(["office", "county", "arm"])["y"].mean().reset_index().assign(y=lambda f: 2 * f["y"])
    fit = smf.ols("y ~ C(arm, Treatment('control')) + C(county)", means).fit()
    assert ours["effect"] == pytest.approx(fit.params.iloc[1], rel=1e-9)
    assert ours["se"] == pytest.approx(fit.bse.iloc[1], rel=1e-9)
    assert ours["n"] == 12
    monthly = effects_by_month(units, outcomes=["y"], months=(1, 2), strata="county")
    assert list(monthly["n"]) == [12, 12]


@pytest.mark.slow
def test_its_level_is_right_where_that_of_persons_is_not() -> None:
    rng = np.random.default_rng(8)
    rejected = np.zeros(2)
    for _trial in range(300):
        panel = trial(rng).query("month == 1")
        units = drawn_units(panel, unit="office", outcomes=["y"], keep=("county",))
        for place, frame in enumerate((units, panel)):
            found = effects_on_totals(frame, outcomes=["y"], months=(1, 1), strata="county")
            rejected[place] += found["p"].item() < 0.05
    level, wrong = rejected / 300
    assert level <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)
    assert wrong > 0.3


def test_how_alike_persons_of_a_unit_are() -> None:
    rng = np.random.default_rng(5)
    people = trial(rng, units=400, size=10, spread=0.5).query("month == 1")
    row = likeness(people, unit="office", outcomes=["y"]).iloc[0]
    assert row["icc"] == pytest.approx(0.25 / 1.25, abs=0.03)
    assert row["design_effect"] == pytest.approx(1 + 9 * row["icc"], rel=1e-9)
    assert (row["units"], row["n"]) == (400, 4000)


def test_gaps_are_named() -> None:
    people = trial(np.random.default_rng(1)).query("month == 1")
    assert likeness(people.assign(y=3.0), unit="office", outcomes=["y"])["reason"].item() == "no_variance"
    assert likeness(people.query("office < 2"), unit="office", outcomes=["y"])["reason"].item() == "too_few"
    both = people.assign(arm=np.where(people["participant_number"] % 2 == 0, "intervention", "control"))
    with pytest.raises(EvaluationError) as caught:
        drawn_units(both, unit="office", outcomes=["y"])
    assert caught.value.code == "unit_in_two_arms"


def test_a_frame_of_persons_becomes_one_of_units() -> None:
    people = trial(np.random.default_rng(1)).query("month == 1").assign(age=lambda f: f["participant_number"] % 40)
    found = unit_means(people, unit="office", columns=["y", "age"], keep=("county",))
    assert len(found) == 12
    assert found.loc[3, "age"] == people[people["office"] == 3]["age"].mean()
    assert set(found["arm"]) == {"intervention", "control"}
