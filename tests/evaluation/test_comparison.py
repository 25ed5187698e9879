"""Group comparisons: scipy from data, the published questionnaire study from its printed figures."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation import (
    EvaluationError,
    bivariate,
    compare_from_counts,
    compare_from_summary,
    compare_groups,
    correlations,
)


@pytest.fixture
def answers() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 90
    ability = rng.normal(7, 2, n)
    frame = pd.DataFrame(
        {
            "measure": rng.choice(["extended", "other"], n, p=[0.65, 0.35]),
            "sex": rng.choice(["man", "woman"], n),
            "ability": ability,
            "efficacy": ability + rng.normal(0, 1.2, n),
            "hours": 10 + 2 * ability + rng.normal(0, 8, n),
        }
    )
    frame.loc[:9, "efficacy"] = np.nan
    return frame


@pytest.mark.parametrize(("variance", "equal"), [("pooled", True), ("welch", False)])
def test_numbers_are_compared_as_scipy_does(answers: pd.DataFrame, variance: str, equal: bool) -> None:
    row = compare_groups(answers, group="measure", variables=["efficacy"], variance=variance).iloc[0]
    parts = [answers.loc[answers["measure"] == name, "efficacy"].dropna() for name in ("extended", "other")]
    expected = stats.ttest_ind(*parts, equal_var=equal)
    np.testing.assert_allclose(
        [row["statistic"], row["df"], row["p"]], [expected.statistic, expected.df, expected.pvalue], rtol=1e-10
    )
    assert row["n_extended"] + row["n_other"] == 80
    assert row["mean_other"] == pytest.approx(parts[1].mean())


def test_words_are_compared_by_chi_square(answers: pd.DataFrame) -> None:
    row = compare_groups(answers, group="measure", variables=["sex"]).iloc[0]
    expected = stats.chi2_contingency(pd.crosstab(answers["sex"], answers["measure"]), correction=False)
    np.testing.assert_allclose([row["statistic"], row["p"], row["df"]], expected[:3], rtol=1e-10)


def test_the_published_chi_square_follows_from_its_counts() -> None:
    """Johansen and Schönfelder 2021, table 2, sex: 23 and 10 women, 33 and 16 men."""
    found = compare_from_counts([[23, 10], [33, 16]])
    assert (round(found["chi2"], 3), found["df"], round(found["p"], 3)) == (0.050, 1, 0.823)


@pytest.mark.parametrize(
    ("means", "sds", "n", "printed"),
    [
        ((27.1, 38.9), (5.7, 13.1), (56, 26), -5.739),  # age
        ((17.3, 12.3), (20.4, 21.7), (54, 26), 1.007),  # hours the year before
        ((26.6, 21.4), (20.5, 20.2), (54, 26), 1.070),  # hours the year after
    ],
)
def test_published_t_tests_lie_within_what_rounding_allows(means, sds, n, printed: float) -> None:
    """Means and deviations are printed with one decimal: each may be off by 0.05."""
    corners = [
        compare_from_summary(mean=(means[0] + a, means[1] - a), sd=(sds[0] + b, sds[1] + b), n=n)["t"]
        for a in (-0.05, 0.05)
        for b in (-0.05, 0.05)
    ]
    assert min(corners) <= printed <= max(corners)


def test_a_summary_gives_what_the_data_give(answers: pd.DataFrame) -> None:
    parts = [answers.loc[answers["measure"] == name, "hours"] for name in ("extended", "other")]
    found = compare_from_summary(
        mean=[part.mean() for part in parts], sd=[part.std() for part in parts], n=[len(part) for part in parts]
    )
    interval = stats.ttest_ind(*parts).confidence_interval()
    np.testing.assert_allclose([found["ci_low"], found["ci_high"]], [interval.low, interval.high], rtol=1e-10)


def test_correlations_equal_scipy_in_every_group(answers: pd.DataFrame) -> None:
    found = correlations(answers, variables=["ability", "efficacy", "hours"], by="measure")
    assert len(found) == 9
    row = found[(found["group"] == "other") & (found["second"] == "efficacy")].iloc[0]
    known = answers[answers["measure"] == "other"][["ability", "efficacy"]].dropna()
    expected = stats.pearsonr(known["ability"], known["efficacy"])
    interval = expected.confidence_interval()
    np.testing.assert_allclose(
        [row["r"], row["p"], row["ci_low"], row["ci_high"]],
        [expected.statistic, expected.pvalue, interval.low, interval.high],
        rtol=1e-9,
    )
    assert row["stars"] == "***"


def test_one_predictor_at_a_time(answers: pd.DataFrame) -> None:
    found = bivariate(answers, outcome="hours", predictors=["ability", "efficacy"], by="measure")
    row = found[(found["group"] == "all") & (found["predictor"] == "ability")].iloc[0]
    expected = stats.linregress(answers["ability"], answers["hours"])
    np.testing.assert_allclose([row["beta"], row["se"], row["p"]], [expected.slope, expected.stderr, expected.pvalue])
    assert row["r2"] == pytest.approx(expected.rvalue**2)


def test_what_does_not_vary_has_no_number_or_a_named_error(answers: pd.DataFrame) -> None:
    same = answers.assign(ability=7.0)
    assert np.isnan(correlations(same, variables=["ability", "hours"])["r"].item())
    assert np.isnan(bivariate(same, outcome="hours", predictors=["ability"])["beta"].item())
    for change, code in (
        ({"ability": 7.0}, "no_variance"),
        ({"sex": "man"}, "no_variance"),
        ({"measure": "x"}, "not_two_groups"),
    ):
        with pytest.raises(EvaluationError) as caught:
            compare_groups(answers.assign(**change), group="measure", variables=["ability", "sex"])
        assert caught.value.code == code


@pytest.mark.parametrize(
    "asked",
    [
        lambda: compare_from_counts([[1, "x"], [2, 3]]),
        lambda: compare_from_counts([[1], [2, 3]]),
        lambda: compare_from_summary(mean=["a", 2], sd=[1, 2], n=[3, 4]),  # type: ignore[list-item]
        lambda: compare_from_summary(mean=[None, 2], sd=[1, 2], n=[3, 4]),  # type: ignore[list-item]
    ],
)
def test_published_figures_that_are_no_numbers_are_named(asked: Callable[[], object]) -> None:
    with pytest.raises(EvaluationError) as caught:
        asked()
    assert caught.value.code == "not_a_number"
