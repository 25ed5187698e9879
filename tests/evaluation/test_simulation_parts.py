"""The parts of the simulator: probabilities that add up, latent paths with the right margins, spells from months."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from evaluation.codes import measures
from evaluation.published import TABLE_2
from evaluation.simulation import margins
from evaluation.simulation.joint import STUDY, tables
from evaluation.simulation.latent import choose, cut_below, loadings, normal, pinned, spread_evenly
from evaluation.simulation.measures import CODES, codes_of
from evaluation.simulation.spells import Calendar, runs_of
from evaluation.simulation.states import START

AFTER = slice(START + 1, None)


@pytest.fixture(scope="module")
def published() -> np.ndarray:
    return tables().joint


@pytest.mark.parametrize("effect", [0, 0.5, 1])
@pytest.mark.parametrize("imbalance", [0, 1])
def test_the_probabilities_of_every_month_sum_to_one(effect: float, imbalance: float) -> None:
    made = tables(effect=effect, imbalance=imbalance)
    assert made.joint.min() >= 0
    assert made.capacity.min() >= 0
    np.testing.assert_allclose(made.joint.sum(axis=(2, 3, 4)), 1)
    np.testing.assert_allclose(made.positions.sum(axis=-1), 1)


def test_the_probabilities_sum_to_table_2(published: np.ndarray) -> None:
    after = published[:, AFTER]
    made = {
        "employed": after[:, :, :, 1].sum(axis=(1, 2, 3)),
        "employed_or_higher_education": after[:, :, :, 1].sum(axis=(1, 2, 3))
        + after[:, :, :, 0, STUDY].sum(axis=(1, 2)),
        "aap": after[:, :, 1].sum(axis=(1, 2, 3)),
        "aap_and_employed": after[:, :, 1, 1].sum(axis=(1, 2)),
        "disability_benefit": after[:, :, 2].sum(axis=(1, 2, 3)),
        "disability_benefit_and_employed": after[:, :, 2, 1].sum(axis=(1, 2)),
        "health_benefit": after[:, :, 1:].sum(axis=(1, 2, 3, 4)),
        "any_measure": after[..., 1:STUDY].sum(axis=(1, 2, 3, 4)),
        "employed_only": after[:, :, 0, 1, [0, STUDY]].sum(axis=(1, 2)),
        "none_of_these": after[:, :, 0, 0, 0].sum(axis=1),
    }
    for outcome, months in made.items():
        np.testing.assert_allclose(months, TABLE_2[outcome][:2], atol=0.0501, err_msg=outcome)


def test_an_effect_of_nothing_leaves_only_the_control_arm(published: np.ndarray) -> None:
    made = tables(effect=0, imbalance=0)
    for table in (made.joint, made.positions, made.capacity):
        np.testing.assert_allclose(table[0], table[1], atol=1e-12)
    np.testing.assert_allclose(made.joint[1, AFTER], published[1, AFTER])


def test_no_probability_of_disability_benefit_ever_falls(published: np.ndarray) -> None:
    assert np.diff(published[:, :, 2].sum(axis=(2, 3)), axis=1).min() >= 0


def test_paths_are_standard_normal_in_every_month_and_persistent() -> None:
    factors = loadings(60, margins.EMPLOYMENT)
    correlation = factors @ factors.T
    np.testing.assert_allclose(np.diag(correlation), 1)
    assert correlation[0, 1] > 0.99 > correlation[0, 59] > margins.EMPLOYMENT.lasting - 0.05


def test_choosing_gives_each_category_its_share() -> None:
    shares = np.array([[0.2, 0.0, 0.5, 0.3], [0.0, 0.0, 0.0, 0.0]])
    paths = special.ndtri((np.arange(1000) + 0.5) / 1000)[:, None]
    chosen = choose(paths, shares, (np.zeros((1000, 1), dtype=int),))
    assert np.bincount(chosen.ravel(), minlength=4).tolist() == [200, 0, 500, 300]
    assert choose(paths, shares, (np.ones((1000, 1), dtype=int),)).max() == 0


def test_the_cut_is_where_the_bivariate_normal_says() -> None:
    share, correlation, bound = np.array([0.5, 0.3]), np.array([0.6, 0.9]), np.array([1.2, 2.5])
    for cut, wanted, rho, below in zip(cut_below(share, correlation, bound), share, correlation, bound, strict=True):
        both_below = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([cut, below])
        assert stats.norm.cdf(below) - both_below == pytest.approx(wanted, abs=1e-5)


def test_pinned_paths_are_spread_evenly_in_their_month_and_keep_their_order() -> None:
    factors = loadings(30, margins.ACTIVITY)
    groups = np.repeat([0, 1], [60, 40])
    paths = normal(np.random.default_rng(1), groups, factors.shape[1], even=False) @ factors.T
    moved = pinned(paths, factors, 12, groups, paths[:, 12])
    for group in (0, 1):
        own = groups == group
        np.testing.assert_allclose(special.ndtr(np.sort(moved[own, 12])), (np.arange(own.sum()) + 0.5) / own.sum())
        assert (np.argsort(moved[own, 12]) == np.argsort(paths[own, 12])).all()


def test_even_normals_fill_every_stratum_once() -> None:
    groups = np.zeros(50, dtype=int)
    drawn = normal(np.random.default_rng(1), groups, 3, even=True)
    assert (np.sort(np.floor(special.ndtr(drawn) * 50), axis=0) == np.arange(50)[:, None]).all()
    assert spread_evenly(np.array([3.0, 1.0, 2.0]), groups[:3]).tolist() == pytest.approx([5 / 6, 1 / 6, 1 / 2])


def test_runs_are_the_stretches_of_equal_states() -> None:
    runs = runs_of(np.array([[0, 2, 2, 1], [1, 1, 0, 1], [0, 0, 0, 0]]))
    assert list(zip(runs.person, runs.state, runs.begin, runs.end, strict=True)) == [
        (0, 2, 1, 2),
        (0, 1, 3, 3),
        (1, 1, 0, 1),
        (1, 1, 3, 3),
    ]


def test_a_spell_runs_from_the_first_to_the_last_day_and_has_no_end_where_the_register_ends() -> None:
    month = np.datetime64("2015-11", "M")
    calendar = Calendar(np.array(["A", "B"]), np.array([month, month + 1]), month + 3)
    states = calendar.covered(np.array([[0, 1, 1, 0, 1], [0, 1, 1, 1, 1]]))
    spells = pd.DataFrame(calendar.spells(runs_of(states), np.random.default_rng(1)))
    assert spells["start"].dt.strftime("%Y-%m-%d").tolist() == ["2015-12-01", "2016-01-01"]
    assert spells["end"].dt.strftime("%Y-%m-%d").tolist()[0] == "2016-01-31"
    assert spells["end"].isna().tolist() == [False, True]


def test_what_holds_in_the_first_month_began_earlier() -> None:
    month = np.datetime64("2015-11", "M")
    calendar = Calendar(np.array(["A"]), np.array([month]), month + 3)
    spells = calendar.spells(runs_of(np.array([[1, 1, 0, 0]])), np.random.default_rng(1))
    assert spells["start"][0] < pd.Timestamp("2015-11-01")


@pytest.mark.parametrize("kind", margins.KINDS)
def test_every_kind_has_a_code_of_its_group_in_every_year(kind: str) -> None:
    assert {measures()[code].group for code, _weight, _years in CODES[kind]} == {kind}
    days = np.arange("2008-01-01", "2021-01-01", dtype="datetime64[D]")
    index = np.full(len(days), margins.KINDS.index(kind))
    assert set(codes_of(np.random.default_rng(1), index, days)) <= {code for code, _weight, _years in CODES[kind]}
