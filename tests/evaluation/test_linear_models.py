"""Linear probability models: equal to statsmodels with dummies and to pyfixest, and faults are named."""

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.formula.api as smf

from evaluation import EvaluationError, linear_probability


@pytest.fixture(scope="module")
def starters() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 1500
    frame = pd.DataFrame(
        {
            "extended": rng.random(n) < 0.3,
            "age": rng.integers(18, 62, n),
            "aap": (rng.random(n) < 0.5).astype(float),
            "education": rng.choice(["primary", "secondary", "higher"], n),
            "office": rng.integers(0, 40, n),
            "month": rng.choice(["2017-01", "2017-02", "2017-03", "2017-04"], n),
        }
    )
    frame["age_squared"] = frame["age"] ** 2
    chance = 0.3 + 0.1 * frame["extended"] - 0.1 * frame["aap"] + frame["office"] / 400
    frame["employed"] = (rng.random(n) < chance).astype(float)
    frame["treated"] = frame["extended"].astype(float)
    return frame


COVARIATES = ("age", "age_squared", "education")


def test_without_clusters_it_is_ordinary_least_squares(starters: pd.DataFrame) -> None:
    found = linear_probability(starters, outcome="employed", treatment="extended", covariates=COVARIATES)
    fit = smf.ols("employed ~ treated + age + age_squared + C(education, Treatment('higher'))", starters).fit()
    names = ["treated", "age", "age_squared"]
    ours = found.table.set_index("term").rename(index={"extended": "treated"})
    np.testing.assert_allclose(ours.loc[names, "estimate"], fit.params[names], rtol=1e-8)
    np.testing.assert_allclose(ours.loc[names, "se"], fit.bse[names], rtol=1e-8)
    np.testing.assert_allclose(ours.loc[names, ["ci_low", "ci_high"]], fit.conf_int().loc[names], rtol=1e-7)
    np.testing.assert_allclose(ours.loc["constant", "estimate"], fit.params["Intercept"], rtol=1e-8)
    np.testing.assert_allclose(found.r2, fit.rsquared, rtol=1e-8)
    assert found.covariance == "classical"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pyfixest's own, with pandas 3.1
@pytest.mark.parametrize(("factor", "pyfixest_name"), [("stata", "full"), ("nested", "nonnested")])
@pytest.mark.parametrize("absorb", [("office",), ("month",), ("office", "month")])
def test_absorbed_and_clustered_equals_pyfixest(
    starters: pd.DataFrame, factor: str, pyfixest_name: str, absorb: tuple[str, ...]
) -> None:
    found = linear_probability(
        starters,
        outcome="employed",
        treatment="treated",
        covariates=(*COVARIATES, "aap"),
        interactions=["aap"],
        absorb=absorb,
        cluster="office",
        factor=factor,
    )
    fit = pf.feols(
        f"employed ~ treated*aap + age + age_squared + C(education) | {' + '.join(absorb)}",
        starters,
        vcov={"CRV1": "office"},
        ssc=pf.ssc(k_fixef=pyfixest_name),
        demeaner=pf.MapDemeaner(fixef_tol=1e-10),
        fixef_rm="none",
    )
    ours, names = found.table.set_index("term"), ["treated", "aap", "treated:aap", "age", "age_squared"]
    np.testing.assert_allclose(ours.loc[names, "estimate"], fit.coef()[names], rtol=1e-8)
    np.testing.assert_allclose(ours.loc[names, "se"], fit.se()[names], rtol=1e-8)
    np.testing.assert_allclose(ours.loc[names, "p"], fit.pvalue()[names], rtol=1e-6)


@pytest.mark.slow
def test_absorbed_effects_are_what_dummies_are(starters: pd.DataFrame) -> None:
    found = linear_probability(
        starters, outcome="employed", treatment="treated", covariates=["age"], absorb=["office", "month"]
    )
    fit = smf.ols("employed ~ treated + age + C(office) + C(month)", starters).fit()
    row = found.table.set_index("term").loc["treated"]
    np.testing.assert_allclose([row["estimate"], row["se"]], [fit.params["treated"], fit.bse["treated"]], rtol=1e-8)
    np.testing.assert_allclose(found.r2, fit.rsquared, rtol=1e-8)
    assert found.coefficients == len(fit.params)


def test_effects_that_lie_within_one_another_are_counted_once(starters: pd.DataFrame) -> None:
    counties = starters.assign(county=starters["office"] // 10)
    both = linear_probability(counties, outcome="employed", treatment="treated", absorb=["office", "county"])
    alone = linear_probability(counties, outcome="employed", treatment="treated", absorb=["office"])
    assert both.coefficients == alone.coefficients
    np.testing.assert_allclose(both.table["se"], alone.table["se"], rtol=1e-10)


def test_a_combined_effect_has_its_own_standard_error(starters: pd.DataFrame) -> None:
    found = linear_probability(
        starters, outcome="employed", treatment="treated", interactions=["aap"], absorb=["month"], cluster="office"
    )
    combined = found.combination({"treated": 1, "treated:aap": 1})
    other = linear_probability(
        starters.assign(without=1 - starters["aap"]),
        outcome="employed",
        treatment="treated",
        interactions=["without"],
        absorb=["month"],
        cluster="office",
    )
    row = other.table.set_index("term").loc["treated"]
    np.testing.assert_allclose([combined["estimate"], combined["se"]], [row["estimate"], row["se"]], rtol=1e-8)


def test_a_row_with_a_gap_is_left_out_and_counted(starters: pd.DataFrame) -> None:
    gaps = starters.assign(age=starters["age"].where(starters.index % 10 != 0))
    found = linear_probability(gaps, outcome="employed", treatment="treated", covariates=["age"])
    assert (found.n, found.left_out) == (1350, 150)
    assert len(starters) == 1500


@pytest.mark.parametrize(
    ("change", "options", "code"),
    [
        ({}, {"covariates": ["education", "schooling"]}, "unknown_outcome"),
        ({"same": 1.0}, {"covariates": ["same"]}, "collinear"),
        ({"twice": lambda d: 2 * d["age"]}, {"covariates": ["age", "twice"]}, "collinear"),
        ({"size": lambda d: d["office"] * 3.7}, {"covariates": ["size"], "absorb": ["office"]}, "collinear"),
        ({"employed": 1.0}, {}, "no_variance"),
        ({"one": 1}, {"cluster": "one"}, "too_few"),
        ({}, {"cluster": "office", "factor": "sas"}, "unknown_factor"),
    ],
)
def test_what_cannot_be_estimated_is_named(starters: pd.DataFrame, change: dict, options: dict, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        linear_probability(starters.assign(**change), outcome="employed", treatment="treated", **options)
    assert caught.value.code == code
