"""Difference in differences equals the two-period model with person effects, clustered on persons."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import differences_in_differences, effects_on_totals, person_months, person_totals
from tests.evaluation.trials import people, registers


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(17)
    participants = people(rng, 90)
    return person_months(participants, **registers(rng, participants), months=(-6, 12))


def test_it_is_the_model_with_person_effects(panel: pd.DataFrame) -> None:
    ours = differences_in_differences(panel, outcomes=["employed"], months=(1, 12), before=(-6, -1), covariance="HC1")
    row = ours.iloc[0]
    parts = []
    for period, window, scale in ((0, (-6, -1), 2), (1, (1, 12), 1)):
        totals = person_totals(panel, outcomes=["employed"], months=window, keep=("office",))
        parts.append(totals.assign(y=totals["employed"] * scale, period=period))
    long = pd.concat(parts, ignore_index=True)
    long["treated"] = ((long["arm"] == "intervention") & (long["period"] == 1)).astype(int)
    fit = smf.ols("y ~ treated + C(office):period + C(participant_number)", long).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(long["participant_number"])[0]}, use_t=True
    )
    assert row["effect"] == pytest.approx(fit.params["treated"], rel=1e-9)
    # The two count persons and coefficients differently; the sandwich itself is the same.
    n, k = 90, 5
    theirs = (n / (n - 1)) * (2 * n - 1) / (2 * n - len(fit.params))
    assert row["se"] == pytest.approx(fit.bse["treated"] * np.sqrt(n / (n - k) / theirs), rel=1e-8)


def test_means_are_not_scaled_and_units_are_those_of_the_totals(panel: pd.DataFrame) -> None:
    before = panel["month"] < 0
    same = panel.assign(employed=panel["employed"].where(~before, 0.0), hours=panel["hours"].where(~before, 0.0))
    outcomes = ["employed", "mean_hours_per_week", "total_hours"]
    change = differences_in_differences(same, outcomes=outcomes, months=(1, 12), before=(-6, -1))
    totals = effects_on_totals(same, outcomes=outcomes, months=(1, 12))
    np.testing.assert_allclose(change["effect"], totals["effect"])
    np.testing.assert_allclose(change["control_change"], totals["control_mean"])


def test_a_person_without_a_month_before_is_left_out(panel: pd.DataFrame) -> None:
    first = panel["participant_number"].iloc[0]
    gap = panel.assign(employed=panel["employed"].mask((panel["participant_number"] == first) & (panel["month"] == -3)))
    found = differences_in_differences(gap, outcomes=["employed"], months=(1, 12), before=(-6, -1))
    assert found["n"].item() == 89


def test_what_cannot_be_compared_is_named(panel: pd.DataFrame) -> None:
    still = panel.assign(employed=1.0)
    unseen = panel.assign(employed=np.nan)
    named = [
        differences_in_differences(frame, outcomes=["employed"], months=(1, 12), before=(-6, -1))["reason"].item()
        for frame in (still, unseen)
    ]
    assert named == ["no_variance", "no_contrast"]
