"""Power and sample size: published examples, statsmodels, and simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower

from evaluation import EvaluationError, detectable_effect, power_of, required_sample
from evaluation.power import Anova, Proportions, RepeatedMeasures, TTest


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "ratio", "units"), [(0.5, 1, 64), (0.3, 2, 40), (0.8, 5 / 3, 24)])
def test_the_t_test_equals_statsmodels(effect: float, ratio: float, units: int) -> None:
    ours = TTest(effect, ratio).power(units, 0.05)
    treated = TTest(effect, ratio).persons(units)[1]
    assert ours == pytest.approx(TTestIndPower().power(effect, units, 0.05, ratio=treated / units), rel=1e-8)


@pytest.mark.parametrize("effect", [0.2, -0.5, 2.0, 50.0])
def test_a_large_trial_finds_an_effect_for_certain(effect: float) -> None:
    found = [power_of(TTest(effect), n=n) for n in range(4, 20_000, 97)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1.0)
    assert required_sample(TTest(50.0)).power == pytest.approx(1.0)


def test_the_analysis_of_variance_equals_statsmodels() -> None:
    ours = Anova(0.25, 3).power(53, 0.05)
    assert ours == pytest.approx(FTestAnovaPower().power(0.25, 159, 0.05, k_groups=3), rel=1e-8)


@pytest.mark.parametrize(
    ("test", "power", "total"),
    [
        (TTest(0.5), 0.80, 128),  # Cohen 1988, table 2.4.1: 64 a group
        (TTest(0.2), 0.80, 788),  # 394 a group
        (Anova(0.25, 3), 0.80, 159),  # Cohen 1988, table 8.4.4: 53 a group (52 by his approximation)
        (Proportions(0.5, 0.75), 0.90, 154),  # R's power.prop.test: 76.7 a group
        (RepeatedMeasures(0.25, "between"), 0.80, 98),  # G*Power, defaults
        (RepeatedMeasures(0.25, "interaction"), 0.80, 34),  # G*Power, defaults
        (RepeatedMeasures(0.25, "within", groups=1), 0.80, 34),
    ],
)
def test_published_sample_sizes(test, power: float, total: int) -> None:
    found = required_sample(test, power=power)
    assert found.total == total
    assert found.power >= power > power_of(test, n=total - len(found.by_group))


@pytest.mark.parametrize(
    ("groups", "measurements", "correlation"), [(2, 2, 0.2), (2, 3, 0.4), (2, 5, 0.5), (3, 3, 0.2), (3, 4, 0.3)]
)
def test_the_78_of_the_questionnaire_study_follows_from_any_of_these(
    groups: int, measurements: int, correlation: float
) -> None:
    """f = 0.25, alpha 0.05, power 0.80, n = 78 is printed without the rest of its assumptions; these give it."""
    test = RepeatedMeasures(0.25, "between", groups, measurements, correlation)
    assert required_sample(test, power=0.80).total == 78


def test_repeated_measures_hold_in_simulation() -> None:
    rng = np.random.default_rng(4)
    n, m, correlation, effect = 30, 3, 0.5, 0.35
    covariance = np.full((m, m), correlation) + (1 - correlation) * np.eye(m)
    draws = rng.multivariate_normal(np.zeros(m), covariance, (3000, 2, n)).mean(axis=3)
    found = stats.ttest_ind(draws[:, 0] + 2 * effect, draws[:, 1], axis=1).pvalue < 0.05
    expected = RepeatedMeasures(effect, "between", 2, m, correlation).power(n, 0.05)
    assert found.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 3000))


def test_uneven_arms_are_counted_by_their_ratio() -> None:
    found = required_sample(TTest(0.4, ratio=5 / 3))
    assert found.by_group[1] == np.ceil(found.by_group[0] * 5 / 3)
    assert found.total == sum(found.by_group)


def test_what_an_estimate_could_have_shown() -> None:
    assert detectable_effect(1.0, df=1e9) == pytest.approx(2.8016, abs=1e-3)


def test_what_cannot_be_planned_is_named() -> None:
    with pytest.raises(EvaluationError, match="too small"):
        required_sample(TTest(0.0))
    with pytest.raises(EvaluationError, match="too small"):
        required_sample(Proportions(1.0, 1.0))
    with pytest.raises(EvaluationError, match="every group"):
        power_of(Anova(0.3, 4), n=3)
