"""Table 1: equal to statsmodels and scipy, and the published p-values that follow from the published counts."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from evaluation import EvaluationError, baseline_table

SIZES = {"intervention": 167, "control": 101}
# Dahl and Lima 2021, table 1: per cent in the intervention and the control arm, difference, p.
PUBLISHED_SHARES = {
    "men": (56.9, 67.3, 10.4, 0.09),
    "born_in_norway": (82.6, 82.2, -0.4, 0.92),
    "married": (20.3, 16.8, -3.5, 0.48),
    "has_children": (43.7, 39.6, -4.1, 0.51),
    "completed_upper_secondary": (46.7, 49.5, 2.8, 0.66),
    "employed_at_start": (14.4, 20.8, 6.4, 0.17),
    "aap_at_start": (67.7, 66.3, -1.3, 0.82),
    "work_capacity_standard": (1.8, 4.0, 2.2, 0.28),
    "work_capacity_situational": (0.6, 0.0, -0.6, 0.44),
    "work_capacity_specially_adapted": (86.8, 90.1, 3.3, 0.43),
    "work_capacity_permanently_adapted": (0.6, 0.0, -0.6, 0.44),
    "work_capacity_unknown": (10.2, 5.9, -4.2, 0.23),
}


def from_counts() -> pd.DataFrame:
    """268 people with the published shares, each rounded to the nearest count."""
    arms = []
    for place, (arm, size) in enumerate(SIZES.items()):
        columns = {
            name: np.arange(size) < round(published[place] / 100 * size) for name, published in PUBLISHED_SHARES.items()
        }
        arms.append(pd.DataFrame(columns).assign(arm=arm))
    return pd.concat(arms, ignore_index=True)


@pytest.mark.parametrize("variable", PUBLISHED_SHARES)
def test_published_shares_differences_and_p_values_follow_from_the_counts(variable: str) -> None:
    row = baseline_table(from_counts(), variables=[variable]).table.loc[variable]
    treated, control, difference, p = PUBLISHED_SHARES[variable]
    assert round(100 * row["control"], 1) == control
    # 34 of 167 married are 20.36 per cent, printed as 20.3: no count of 167 rounds to it.
    assert 100 * row["intervention"] == pytest.approx(treated, abs=0.06)
    assert 100 * row["difference"] == pytest.approx(difference, abs=0.1 + 1e-9)
    assert round(row["p"], 2) == p


@pytest.fixture
def mixed() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"arm": np.where(rng.random(200) < 0.6, "intervention", "control")})
    frame["age"] = rng.normal(37, 10, 200)
    frame["income"] = np.where(rng.random(200) < 0.1, np.nan, rng.lognormal(12, 0.5, 200))
    frame["men"] = rng.random(200) < 0.6
    return frame


def test_a_row_equals_scipys_pooled_t_test(mixed: pd.DataFrame) -> None:
    found = baseline_table(mixed, variables=["age", "income", "men"]).table
    for variable in found.index:
        groups = [
            mixed.loc[mixed["arm"] == arm, variable].dropna().astype(float) for arm in ("control", "intervention")
        ]
        expected = stats.ttest_ind(*groups)
        np.testing.assert_allclose(
            found.loc[variable, ["t", "p"]].astype(float), [expected.statistic, expected.pvalue], rtol=1e-8
        )
    assert found["missing"].tolist() == [0, mixed["income"].isna().sum(), 0]


def test_the_joint_test_equals_statsmodels_and_counts_dependent_variables_once(mixed: pd.DataFrame) -> None:
    data = mixed.assign(treated=(mixed["arm"] == "intervention").astype(int), women=~mixed["men"])
    fit = smf.ols("treated ~ age + income + men", data).fit()
    found = baseline_table(data, variables=["age", "income", "men", "women"])
    np.testing.assert_allclose([found.joint_f, found.joint_p], [fit.fvalue, fit.f_pvalue], rtol=1e-8)
    assert found.joint_df == (3, int(fit.df_resid))


def test_a_variable_that_never_varies_is_a_named_gap(mixed: pd.DataFrame) -> None:
    row = baseline_table(mixed.assign(same=1, age=mixed["age"]), variables=["age", "same"]).table.loc["same"]
    assert np.isnan([row["se"], row["p"], row["smd"]]).all()


def test_three_arms_are_refused(mixed: pd.DataFrame) -> None:
    mixed.loc[:5, "arm"] = "third"
    with pytest.raises(EvaluationError, match="third"):
        baseline_table(mixed, variables=["age"])
