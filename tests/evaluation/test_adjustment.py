"""The covariate-adjusted effect: equal to statsmodels with centred, interacted covariates and HC2."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import adjusted_effects
from tests.evaluation.trials import people


@pytest.fixture
def persons() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = people(rng, 180)
    frame["age"] = rng.normal(37, 10, 180)
    frame["men"] = (rng.random(180) < 0.6).astype(float)
    frame["months"] = 8 + 0.2 * frame["age"] + 2 * (frame["arm"] == "intervention") + rng.normal(0, 5, 180)
    return frame


def test_it_equals_statsmodels(persons: pd.DataFrame) -> None:
    row = adjusted_effects(persons, outcomes=["months"], covariates=["age", "men"]).iloc[0]
    data = persons.assign(
        t=(persons["arm"] == "intervention").astype(int),
        a=persons["age"] - persons["age"].mean(),
        m=persons["men"] - persons["men"].mean(),
    )
    fit = smf.ols("months ~ t * (a + m) + C(office)", data).fit(cov_type="HC2", use_t=True)
    low, high = fit.conf_int().loc["t"]
    expected = [fit.params["t"], fit.bse["t"], fit.tvalues["t"], fit.pvalues["t"], low, high]
    np.testing.assert_allclose(row[["effect", "se", "t", "p", "ci_low", "ci_high"]].astype(float), expected, rtol=1e-8)


def test_persons_with_a_gap_are_left_out_and_counted(persons: pd.DataFrame) -> None:
    persons.loc[:4, "age"] = np.nan
    assert adjusted_effects(persons, outcomes=["months"], covariates=["age"])["n"].item() == 175


def test_covariates_that_depend_on_one_another_are_refused(persons: pd.DataFrame) -> None:
    persons["women"] = 1 - persons["men"]
    row = adjusted_effects(persons, outcomes=["months"], covariates=["men", "women"]).iloc[0]
    assert (row["reason"], row["term"]) == ("collinear", "women")
    assert np.isnan(row["effect"])


def test_a_characteristic_that_nobody_in_one_arm_has_is_named_beside_outcomes_that_can_be_adjusted(
    persons: pd.DataFrame,
) -> None:
    """The draw decides it: a run of a locked plan must not fail on it."""
    persons.loc[persons["arm"] == "control", "men"] = 0.0
    persons["few"] = persons["months"].where(persons["office"] != "Moss")
    found = adjusted_effects(persons, outcomes=["months"], covariates=["age", "men"]).iloc[0]
    assert (found["reason"], found["term"], found["n"]) == ("collinear", "treatment:men", 180)
    alone = adjusted_effects(persons, outcomes=["months"], covariates=["age"]).iloc[0]
    assert (alone["reason"], alone["term"]) == ("", "")


def test_who_are_fewer_than_the_terms_are_too_few_and_an_outcome_of_one_arm_has_no_contrast(
    persons: pd.DataFrame,
) -> None:
    persons["early"] = persons["months"].where(persons.index < 6)
    persons["one"] = persons["months"].where(persons["arm"] == "control")
    persons["none"] = np.nan
    found = adjusted_effects(persons, outcomes=["early", "one", "none", "months"], covariates=["age", "men"])
    assert list(found["reason"]) == ["too_few", "no_contrast", "no_contrast", ""]
    assert np.isfinite(found["effect"].iloc[3])


def test_a_slope_that_one_person_alone_decides_has_no_standard_error(persons: pd.DataFrame) -> None:
    """Of the one married person in control nobody can say how such persons vary; the others' residuals do not tell."""
    control = persons["arm"] == "control"
    persons.loc[control, "men"] = 0.0
    persons.loc[control.idxmax(), "men"] = 1.0
    found = adjusted_effects(persons, outcomes=["months"], covariates=["age", "men"]).iloc[0]
    assert found["reason"] == "too_few"
    assert np.isnan(found["se"])
