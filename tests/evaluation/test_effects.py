"""Every effect equals the one that statsmodels' formula gives."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import (
    EvaluationError,
    effects_by_month,
    effects_on_totals,
    joint_effects_by_month,
    monthly_shares,
    person_months,
    person_totals,
)
from tests.evaluation.trials import people, registers

FITS = {
    "classical": {},
    "HC1": {"cov_type": "HC1", "use_t": True},
    "HC2": {"cov_type": "HC2", "use_t": True},
    "HC3": {"cov_type": "HC3", "use_t": True},
}


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    participants = people(rng, 160)
    return person_months(participants, **registers(rng, participants), data_to=pd.Timestamp("2018-06-30").date())


def reference(data: pd.DataFrame, covariance: str):
    data = data.assign(treated=(data["arm"] == "intervention").astype(int))
    if covariance == "cluster":
        groups = data["office"].astype("category").cat.codes
        fit = {"cov_type": "cluster", "cov_kwds": {"groups": groups}, "use_t": True}
    else:
        fit = FITS[covariance]
    return smf.ols("y ~ treated + C(office)", data).fit(**fit)


@pytest.mark.slow
@pytest.mark.parametrize("covariance", [*FITS, "cluster"])
def test_totals_equal_statsmodels(panel: pd.DataFrame, covariance: str) -> None:
    outcomes = ["employed", "mean_hours_per_week", "total_hours", "aap_and_employed", "none_of_these"]
    ours = effects_on_totals(panel, outcomes=outcomes, months=(1, 24), covariance=covariance).set_index("outcome")
    totals = person_totals(panel, outcomes=outcomes, months=(1, 24), keep=("office",))
    for outcome in outcomes:
        fit = reference(totals.assign(y=totals[outcome]).dropna(subset=["y"]), covariance)
        low, high = fit.conf_int().loc["treated"]
        expected = [
            fit.params["treated"],
            fit.bse["treated"],
            fit.tvalues["treated"],
            fit.pvalues["treated"],
            low,
            high,
        ]
        found = ours.loc[outcome, ["effect", "se", "t", "p", "ci_low", "ci_high"]].astype(float)
        np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=outcome)
        assert ours.loc[outcome, "n"] == int(fit.nobs)


@pytest.mark.slow
@pytest.mark.parametrize("covariance", ["classical", "HC3"])
def test_every_month_equals_statsmodels(panel: pd.DataFrame, covariance: str) -> None:
    ours = effects_by_month(panel, outcomes=["employed", "hours"], months=(-3, 36), covariance=covariance)
    for row in ours.to_dict("records"):
        month = panel[panel["month"] == row["month"]].assign(y=lambda frame, row=row: frame[row["outcome"]]).dropna()
        fit = reference(month, covariance)
        np.testing.assert_allclose(
            [row["effect"], row["se"], row["p"]],
            [fit.params["treated"], fit.bse["treated"], fit.pvalues["treated"]],
            rtol=1e-8,
        )
        assert row["n"] == int(fit.nobs)


def test_totals_are_sums_means_and_hours(panel: pd.DataFrame) -> None:
    totals = person_totals(panel, outcomes=["employed", "mean_hours_per_week", "total_hours"], months=(1, 12))
    number = totals["participant_number"].iloc[0]
    mine = panel[(panel["participant_number"] == number) & panel["month"].between(1, 12)]
    row = totals.iloc[0]
    assert row["employed"] == mine["employed"].sum()
    assert row["mean_hours_per_week"] == pytest.approx(mine["hours"].mean())
    assert row["total_hours"] == pytest.approx(mine["hours"].sum() * 52 / 12)


def test_a_person_with_a_missing_month_is_left_out_and_counted(panel: pd.DataFrame) -> None:
    found = effects_on_totals(panel, outcomes=["employed"], months=(1, 36))
    whole = panel[panel["month"].between(1, 36)].groupby("participant_number")["employed"].count() == 36
    assert found["n"].item() == whole.sum() < panel["participant_number"].nunique()


def test_a_month_with_one_arm_is_a_named_gap(panel: pd.DataFrame) -> None:
    some = panel.assign(employed=panel["employed"].where((panel["arm"] == "control") | (panel["month"] != 5)))
    found = effects_by_month(some, outcomes=["employed"], months=(4, 6)).set_index("month")
    assert found["n"].to_dict()[5] == 0
    assert found["effect"].isna().to_dict() == {4: False, 5: True, 6: False}


@pytest.mark.parametrize(("covariance", "reason"), [("classical", ""), ("HC2", "too_few"), ("HC3", "too_few")])
def test_of_an_arm_of_one_person_nobody_can_say_how_it_varies(panel: pd.DataFrame, covariance, reason: str) -> None:
    """That person is fitted exactly; what the others leave would be told as the standard error of both arms."""
    numbers = panel.loc[panel["arm"] == "intervention", "participant_number"].unique()
    lone = panel[(panel["arm"] == "control") | (panel["participant_number"] == numbers[0])]
    by_month = effects_by_month(lone, outcomes=["hours"], months=(1, 1), covariance=covariance)
    band = joint_effects_by_month(lone, outcomes=["hours"], months=(1, 1), covariance=covariance, seed=1).table
    assert by_month["reason"].tolist() == band["reason"].tolist() == [reason]
    if reason:
        with pytest.raises(EvaluationError, match="too few persons"):
            effects_on_totals(lone, outcomes=["hours"], months=(1, 1), covariance=covariance)


def test_no_stratum_with_both_arms_is_an_error(panel: pd.DataFrame) -> None:
    split = panel[(panel["office"] == "Moss") == (panel["arm"] == "control")]
    with pytest.raises(EvaluationError, match="both arms"):
        effects_on_totals(split, outcomes=["employed"], months=(1, 12))


def test_an_outcome_that_the_registers_cannot_give_is_named(panel: pd.DataFrame) -> None:
    with pytest.raises(EvaluationError, match="happiness"):
        effects_on_totals(panel, outcomes=["happiness"])


def test_shares_are_means_over_those_observed(panel: pd.DataFrame) -> None:
    found = monthly_shares(panel, outcomes=["employed"]).set_index(["month", "arm"])
    mine = panel[(panel["month"] == 30) & (panel["arm"] == "control")]["employed"]
    assert found.loc[(30, "control"), "mean"] == pytest.approx(mine.mean())
    assert found.loc[(30, "control"), "n"] == mine.count() < len(mine)


def test_months_that_cannot_be_estimated_say_why(panel: pd.DataFrame) -> None:
    late = panel["month"] == 5
    apart = ~late | ((panel["office"] == "Moss") == (panel["arm"] == "control"))
    some = panel.assign(employed=panel["employed"].where(apart), hours=panel["hours"].where(~late, 7.3))
    found = effects_by_month(some, outcomes=["employed", "hours"], months=(4, 5)).set_index(["outcome", "month"])
    assert found["reason"].to_dict() == {
        ("employed", 4): "",
        ("employed", 5): "no_contrast",
        ("hours", 4): "",
        ("hours", 5): "no_variance",
    }
    assert found.loc[("hours", 5), "effect"] == 0


def test_the_interval_follows_the_level_asked_for(panel: pd.DataFrame) -> None:
    wide, narrow = (
        effects_on_totals(panel, outcomes=["employed"], months=(1, 12), alpha=alpha).iloc[0] for alpha in (0.01, 0.1)
    )
    assert wide["ci_low"] < narrow["ci_low"] < narrow["ci_high"] < wide["ci_high"]
