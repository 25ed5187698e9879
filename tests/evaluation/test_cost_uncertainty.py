"""How sure one can be of what a further result costs."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError
from evaluation.cost_uncertainty import (
    acceptability,
    acceptability_figure,
    cost_and_effect,
    fieller,
    plane_figure,
)
from evaluation.writing import as_svg, printable


def _people(seed: int = 1, n: int = 1_200, gain: float = 0.08) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.5
    return pd.DataFrame(
        {
            "arm": np.where(treated, "extended", "control"),
            "cost": rng.gamma(4, np.where(treated, 62_511, 46_114) / 4),
            "result": (rng.random(n) < 0.29 + gain * treated).astype(float),
            "office": rng.integers(0, 30, n).astype(str),
        }
    )


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return _people()


def _found(people: pd.DataFrame, **options: object):
    return cost_and_effect(people, cost="cost", result="result", rng=np.random.default_rng(2), **options)


def test_the_differences_are_those_of_the_means(people: pd.DataFrame) -> None:
    found = _found(people)
    means = people.groupby("arm")[["cost", "result"]].mean()
    np.testing.assert_allclose(
        [found.extra_cost, found.extra_result], (means.loc["extended"] - means.loc["control"]).to_numpy()
    )
    assert found.ratio == pytest.approx(found.extra_cost / found.extra_result)


def test_the_bootstraps_errors_are_those_of_two_means(people: pd.DataFrame) -> None:
    found = _found(people)
    for name, se in (("cost", found.cost_se), ("result", found.result_se)):
        parts = [part[name].var() / len(part) for _arm, part in people.groupby("arm")]
        assert se == pytest.approx(np.sqrt(sum(parts)), rel=0.06)


def test_fiellers_interval_is_where_the_test_of_the_ratio_turns(people: pd.DataFrame) -> None:
    """A ratio r is on the interval's edge where extra - r gain lies 1.96 of its own errors from 0."""
    covariance = np.array([[1500.0**2, 0.2 * 1500 * 0.02], [0.2 * 1500 * 0.02, 0.02**2]])
    low, high, reason = fieller(16_397, 0.08, covariance)
    assert reason == ""
    for ratio in (low, high):
        se = np.sqrt(covariance[0, 0] + ratio**2 * covariance[1, 1] - 2 * ratio * covariance[0, 1])
        assert abs(16_397 - ratio * 0.08) / se == pytest.approx(1.959964, rel=1e-6)
    assert low < 16_397 / 0.08 < high


def test_a_gain_that_may_be_nothing_has_no_interval() -> None:
    found = _found(_people(gain=0.0))
    assert found.reason == "result_may_be_the_same"
    assert np.isnan([found.ci_low, found.ci_high]).all()


@pytest.mark.slow
def test_fiellers_interval_holds_the_truth_as_often_as_it_says() -> None:
    truth = (62_511 - 46_114) / 0.12
    held = 0
    for seed in range(200):
        found = cost_and_effect(
            _people(seed, 1_500, gain=0.12), cost="cost", result="result", rng=np.random.default_rng(seed), draws=400
        )
        held += found.ci_low <= truth <= found.ci_high
    assert 180 <= held <= 200


def test_clusters_are_drawn_whole(people: pd.DataFrame) -> None:
    """Offices that differ in what the extended measure costs make the difference less sure than persons would."""
    dear = people["office"].astype(float).where(people["arm"] == "extended", 0)
    moved = people.assign(cost=10_000 * dear)
    assert _found(moved, cluster="office").cost_se > 1.5 * _found(moved).cost_se


def test_acceptability_rises_with_the_price_of_a_result(people: pd.DataFrame) -> None:
    found = _found(people)
    curve = acceptability(found.draws, thresholds=[0, 100_000, 200_000, 400_000, 2_000_000])
    assert curve["probability"].is_monotonic_increasing
    assert curve["probability"].iloc[0] == 0
    middle = acceptability(found.draws, thresholds=[found.ratio])["probability"].iloc[0]
    assert middle == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_the_plane_and_the_curve_are_drawn(people: pd.DataFrame) -> None:
    found = _found(people)
    curve = acceptability(found.draws, thresholds=range(0, 1_000_000, 50_000))
    for figure in (plane_figure(found), acceptability_figure(curve)):
        drawn = as_svg(printable(figure))
        assert "@" not in drawn
        assert len(figure.rows) == (1_000 if figure.name == "cost-plane" else 20)


def test_the_same_generator_gives_the_same_numbers(people: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(_found(people).draws, _found(people).draws)


@pytest.mark.parametrize(
    ("changed", "options", "code"),
    [
        ({"cost": np.nan}, {}, "missing_value"),
        ({"cost": "1 200"}, {}, "not_a_number"),
        ({"arm": lambda table: table["arm"].where(table.index > 9)}, {}, "missing_value"),
        ({"office": lambda table: table["office"].where(table.index > 9)}, {"cluster": "office"}, "missing_value"),
        ({}, {"draws": 0}, "bad_option"),
        ({}, {"draws": 1}, "bad_option"),
        ({"arm": "control"}, {}, "not_two_arms"),
        ({"result": 1.0}, {}, "no_variance"),
        ({"office": "one"}, {"cluster": "office"}, "too_few"),
        ({}, {"cluster": "team"}, "unknown_outcome"),
    ],
)
def test_what_cannot_be_told_is_named(people: pd.DataFrame, changed: dict, options: dict, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        _found(people.assign(**changed), **options)
    assert caught.value.code == code
