"""The joint test before the start: equal to a multivariate analysis of variance, exact in level, gaps named."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.multivariate.manova import MANOVA

from evaluation import person_months, pre_period_test
from tests.evaluation.trials import people, registers


def panel_of(seed: int, persons: int, months: tuple[int, int]) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    participants = people(rng, persons)
    return person_months(participants, employment=registers(rng, participants)["employment"], months=months)


def test_it_is_the_multivariate_test_of_the_treatment() -> None:
    panel = panel_of(1, 200, (-6, 3))
    wide = panel.pivot(index=["participant_number", "arm", "office"], columns="month", values="hours")
    wide = wide[range(-6, 0)].set_axis([f"m{i}" for i in range(6)], axis=1).reset_index()
    wide["treated"] = (wide["arm"] == "intervention").astype(float)
    fit = MANOVA.from_formula("m0 + m1 + m2 + m3 + m4 + m5 ~ treated + C(office)", wide)
    expected = fit.mv_test().results["treated"]["stat"].loc["Hotelling-Lawley trace"]
    found = pre_period_test(panel, outcome="hours", months=(-6, -1))
    np.testing.assert_allclose(
        [found["F"], found["df1"], found["df2"], found["p"]],
        expected[["F Value", "Num DF", "Den DF", "Pr > F"]].astype(float),
        rtol=1e-7,
    )


@pytest.mark.slow
def test_its_level_holds_with_many_months_and_few_persons() -> None:
    p_values = [
        pre_period_test(panel_of(s, 100, (-24, -1)), outcome="employed", months=(-24, -1))["p"] for s in range(150)
    ]
    assert 0.005 < np.mean(np.array(p_values) < 0.05) < 0.11


def test_a_real_difference_is_found() -> None:
    panel = panel_of(3, 150, (-4, -1))
    shifted = panel.assign(hours=panel["hours"] + 20 * ((panel["arm"] == "control") & (panel["month"] == -2)))
    assert pre_period_test(shifted, outcome="hours", months=(-4, -1))["p"] < 1e-6


def test_a_month_in_which_nobody_changed_says_nothing_new() -> None:
    panel = panel_of(4, 150, (-4, -1))
    before = panel.set_index(["participant_number", "month"])["hours"]
    same = panel.assign(
        hours=[
            before[(number, -3 if month == -2 else month)]
            for number, month in zip(panel["participant_number"], panel["month"], strict=True)
        ]
    )
    assert pre_period_test(same, outcome="hours", months=(-4, -1))["df1"] == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda panel: panel.assign(employed=1.0), "no_variance"),
        (lambda panel: panel.assign(employed=np.nan), "no_contrast"),
        (lambda panel: panel.assign(office=panel["arm"]), "no_contrast"),
        (lambda panel: panel[panel["participant_number"] < "P0012"], "too_few"),
    ],
)
def test_a_test_that_cannot_be_made_says_why(change, reason: str) -> None:
    found = pre_period_test(change(panel_of(5, 60, (-24, -1))), outcome="employed", months=(-24, -1))
    assert found["reason"] == reason
    assert np.isnan(found["p"])
