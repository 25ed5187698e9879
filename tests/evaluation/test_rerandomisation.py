"""The randomisation test: lists of the trial's own design, p-values as every possible list gives them."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import Design, EvaluationError, effects_by_month, person_months, randomisation_test
from evaluation.redraws import Lists
from tests.evaluation.trials import people, registers

ARMS = (("intervention", 5), ("control", 3))
BLOCKS = Design({"kind": "permuted_blocks", "multipliers": [1, 2]}, ARMS)


def small_panel(values: list[float], treated: set[int]) -> pd.DataFrame:
    """One month, one office, the outcomes given."""
    n = len(values)
    return pd.DataFrame(
        {
            "participant_number": [f"P{i}" for i in range(n)],
            "office": "Moss",
            "arm": ["intervention" if i in treated else "control" for i in range(n)],
            "month": 1,
            "employed": values,
        }
    )


def test_p_is_the_share_of_all_lists_that_are_as_far_out() -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    treated = {4, 5, 7}
    arms = (("intervention", 3), ("control", 5))
    panel = small_panel(values, treated)
    found = randomisation_test(
        panel,
        design=Design({"kind": "permuted_blocks", "multipliers": [1]}, arms),
        outcomes=["employed"],
        months=(1, 1),
        seed=1,
        draws=20_000,
    ).iloc[0]

    def difference(chosen: set[int]) -> float:
        ours = [values[i] for i in chosen]
        return abs(np.mean(ours) - np.mean([values[i] for i in range(8) if i not in chosen]))

    far = sum(difference(set(chosen)) >= difference(treated) - 1e-12 for chosen in combinations(range(8), 3))
    exact = far / comb(8, 3)
    assert found["p"] == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / 20_000))
    assert found["p_max_t"] == found["p"]


def test_whole_blocks_hold_the_ratio_and_every_place_its_chance() -> None:
    drawn = Lists(BLOCKS, "intervention", [np.arange(37)], 3).batch(0)
    eights, sixteens = drawn[:, :8].sum(axis=1) == 5, drawn[:, :16].sum(axis=1) == 10
    assert (eights | sixteens).all()
    assert not eights.all()
    assert np.abs(drawn.mean(axis=0) - 5 / 8).max() < 5 * np.sqrt(15 / 64 / 1000)


@pytest.mark.slow
def test_lists_drawn_at_once_are_distributed_as_those_of_the_rule() -> None:
    """The first eight places of blocks of 2 or 4: every list as often as the person-by-person rule draws it."""
    arms = (("intervention", 1), ("control", 1))
    design = Design({"kind": "permuted_blocks", "multipliers": [1, 2]}, arms)
    fast = np.concatenate([Lists(design, "control", [np.arange(5)], 1).batch(b) for b in range(20)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluation.redraws._at_once", lambda _design, _treated: None)
        slow = np.concatenate([Lists(design, "control", [np.arange(5)], 2).batch(b) for b in range(20)])
    codes = 2 ** np.arange(5)
    ours, theirs = (np.bincount(lists @ codes, minlength=32) for lists in (fast, slow))
    possible = (ours + theirs) > 0
    chi2 = ((ours - theirs)[possible] ** 2 / (ours + theirs)[possible]).sum()
    assert chi2 < possible.sum() + 6 * np.sqrt(2 * possible.sum())


def test_t_is_that_of_the_regression_and_lists_do_not_depend_on_what_else_is_asked() -> None:
    rng = np.random.default_rng(6)
    participants = people(rng, 120)
    panel = person_months(
        participants, employment=registers(rng, participants)["employment"], data_to=pd.Timestamp("2017-12-31").date()
    )
    options = {"design": BLOCKS, "months": (1, 24), "by_month": True, "seed": 4, "draws": 1000}
    both = randomisation_test(panel, outcomes=["employed", "hours"], **options)
    alone = randomisation_test(panel, outcomes=["hours"], **options)
    expected = effects_by_month(panel, outcomes=["hours"], months=(1, 24))
    np.testing.assert_allclose(alone["t"], expected["t"], rtol=1e-8)
    assert alone["n"].tolist() == expected["n"].tolist()
    assert both[both["outcome"] == "hours"]["p"].tolist() == alone["p"].tolist()
    assert (both["p_max_t"] >= both["p"]).all()


@pytest.mark.slow
def test_p_is_uniform_when_the_treatment_does_nothing() -> None:
    rng = np.random.default_rng(2)
    found = []
    for seed in range(60):
        lists = Lists(BLOCKS, "intervention", [np.arange(40)], seed).batch(0)[0]
        panel = small_panel(list(rng.normal(size=40)), set(np.flatnonzero(lists)))
        options = {"design": BLOCKS, "outcomes": ["employed"], "months": (1, 1), "draws": 1000}
        found.append(randomisation_test(panel, seed=1000 + seed, **options)["p"].item())
    assert 0.3 < np.mean(found) < 0.7
    assert np.mean(np.array(found) < 0.1) < 0.25


def test_every_other_method_goes_through_its_own_rule() -> None:
    design = Design({"kind": "big_stick", "bound": 2}, (("intervention", 1), ("control", 1)))
    panel = small_panel([float(i) for i in range(12)], {0, 2, 4, 6, 8, 10})
    found = randomisation_test(panel, design=design, outcomes=["employed"], months=(1, 1), seed=1, draws=1000).iloc[0]
    fit = smf.ols("employed ~ C(arm)", panel).fit()
    assert found["t"] == pytest.approx(fit.tvalues.iloc[1])
    assert 0.3 < found["p"] < 0.9


@pytest.mark.slow
def test_minimisation_keeps_one_list_and_takes_the_persons_levels() -> None:
    method = {"kind": "minimisation", "factors": {"office": 1, "sex": 1}, "probability": [4, 5]}
    design = Design(method, (("intervention", 1), ("control", 1)))
    levels = [{"office": office, "sex": sex} for office, sex in zip("MMRR" * 5, "mwwm" * 5, strict=True)]
    drawn = Lists(design, "intervention", [np.arange(20)], 1, levels).batch(0)
    simple = Lists(Design({"kind": "simple"}, design.arms), "intervention", [np.arange(20)], 1).batch(0)
    in_moss = np.array([level["office"] == "M" for level in levels])
    assert drawn[:, in_moss].sum(axis=1).std() < 0.7 * simple[:, in_moss].sum(axis=1).std()
    panel = small_panel([float(i % 5) for i in range(20)], set(np.flatnonzero(drawn[0])))
    panel = panel.assign(office=[level["office"] for level in levels], sex=[level["sex"] for level in levels])
    options = {"design": design, "outcomes": ["employed"], "months": (1, 1), "seed": 1, "draws": 1000}
    assert 0 < randomisation_test(panel, factors=["office", "sex"], **options)["p"].item() <= 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"draws": 1500}, "draws"),
        ({"design": Design({"kind": "simple"}, (("a", 1), ("control", 1)))}, "wrong_design"),
    ],
)
def test_what_cannot_be_tested_is_named(options: dict, code: str) -> None:
    panel = small_panel([1.0, 2.0, 3.0, 4.0], {0, 1})
    with pytest.raises(EvaluationError) as caught:
        randomisation_test(
            panel, **({"design": BLOCKS, "outcomes": ["employed"], "months": (1, 1), "seed": 1} | options)
        )
    assert caught.value.code == code
