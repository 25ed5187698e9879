"""Weights, doubly robust estimates and bounds: true where the truth is known, as statsmodels, faults named."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special
from statsmodels.treatment.treatment_effects import TreatmentEffect

from evaluation import EvaluationError
from evaluation.comparing.sensitivity import TwoModels, delta_for, oster_bound
from evaluation.comparing.weighting import balance, selection_model, weighted_difference

COVARIATES = ("ill", "age", "place")
ASKED: dict[str, Any] = {"treatment": "treated", "covariates": COVARIATES}
TRUTH = 0.10


def _people(seed: int, n: int = 4_000, selection: float = 1.0) -> pd.DataFrame:
    """The ill come less often into the measure and find less work; the measure adds TRUTH for everybody."""
    rng = np.random.default_rng(seed)
    ill, age = (rng.random(n) < 0.4).astype(float), rng.normal(40, 10, n)
    place = rng.choice(["north", "south", "west"], n)
    chance = special.expit(-0.5 - 1.2 * selection * ill - 0.02 * (age - 40) + 0.3 * (place == "south"))
    treated = (rng.random(n) < chance).astype(float)
    level = 0.45 - 0.25 * ill - 0.004 * (age - 40) + TRUTH * treated
    return pd.DataFrame(
        {
            "ill": ill,
            "age": age,
            "place": place,
            "treated": treated,
            "employed": (rng.random(n) < level).astype(float),
            "office": rng.integers(0, 40, n).astype(str),
        }
    )


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return _people(1)


def _matrix(people: pd.DataFrame) -> np.ndarray:
    places = [(people["place"] == name).astype(float) for name in ("south", "west")]
    return np.column_stack([np.ones(len(people)), people["ill"], people["age"], *places])


def test_the_selection_model_is_statsmodels_logit(people: pd.DataFrame) -> None:
    found = selection_model(people, **ASKED)
    fit = sm.Logit(people["treated"].to_numpy(), _matrix(people)).fit(disp=False, tol=1e-10)
    np.testing.assert_allclose(found.table["estimate"], fit.params, rtol=1e-7)
    np.testing.assert_allclose(found.table["se"], fit.bse, rtol=1e-6)
    np.testing.assert_allclose(found.pseudo_r2, fit.prsquared, rtol=1e-9)
    np.testing.assert_allclose(found.probability, fit.predict(), rtol=1e-8)


def test_weighted_and_doubly_robust_equal_statsmodels(people: pd.DataFrame) -> None:
    found = weighted_difference(people, outcome="employed", **ASKED).set_index("estimator")["estimate"]
    z = _matrix(people)
    outcome, treated = people["employed"].to_numpy(), people["treated"].to_numpy()
    effect = TreatmentEffect(
        sm.OLS(outcome, z), treated, results_select=sm.Logit(treated, z).fit(disp=False, tol=1e-10)
    )
    np.testing.assert_allclose(found["weighted"], effect.ipw(return_results=False)[0], rtol=1e-6)
    np.testing.assert_allclose(found["doubly_robust"], effect.aipw(return_results=False)[0], rtol=1e-6)


@pytest.mark.slow
def test_errors_are_as_wide_as_the_estimates_vary() -> None:
    """The standard error of one sample, on average, is the spread over 120 samples; the raw difference is biased."""
    found = [weighted_difference(_people(seed, 1_500), outcome="employed", **ASKED) for seed in range(120)]
    table = pd.concat(found).groupby("estimator")[["estimate", "se"]].agg(["mean", "std"])
    for name in ("weighted", "doubly_robust"):
        assert table.loc[name, ("estimate", "mean")] == pytest.approx(TRUTH, abs=0.006)
        assert table.loc[name, ("se", "mean")] == pytest.approx(table.loc[name, ("estimate", "std")], rel=0.15)
    assert table.loc["raw", ("estimate", "mean")] > TRUTH + 0.04


def test_weights_make_the_groups_alike(people: pd.DataFrame) -> None:
    table = balance(people, **ASKED, probability=selection_model(people, **ASKED).probability).set_index("term")
    assert abs(table.loc["ill", "smd_before"]) > 0.3
    assert (table["smd_after"].abs() < 0.05).all()


def test_errors_grow_with_clusters_that_go_together(people: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    lucky = pd.Series(rng.random(40) < 0.5, index=[str(office) for office in range(40)])
    moved = people.assign(employed=people["employed"].where(rng.random(len(people)) < 0.5, people["office"].map(lucky)))
    alone, together = (
        weighted_difference(moved.astype({"employed": float}), outcome="employed", cluster=cluster, **ASKED)
        for cluster in (None, "office")
    )
    assert (alone["clusters"].iloc[0], together["clusters"].iloc[0]) == (0, 40)
    np.testing.assert_allclose(alone["estimate"], together["estimate"])
    assert not np.allclose(alone["se"], together["se"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frame: frame.assign(treated=1.0), "no_contrast"),
        (lambda frame: frame.assign(treated=0.5 * frame["treated"]), "no_contrast"),
        (lambda frame: frame.assign(treated=np.where(frame["treated"] == 1, "new", "old")), "not_a_number"),
        (lambda frame: frame.assign(office=frame["office"].where(frame.index > 3)), "missing_value"),
        (lambda frame: frame.assign(age=frame["age"].where(frame.index > 3)), "missing_value"),
        (lambda frame: frame.assign(employed=np.nan), "missing_value"),
        (lambda frame: frame.assign(employed=1.0), "no_variance"),
        (lambda frame: frame.assign(ill=frame["age"] * 2), "collinear"),
        (lambda frame: frame.assign(age=1000 * frame["treated"]), "no_overlap"),
        (lambda frame: frame.assign(office="one"), "too_few"),
    ],
)
def test_what_cannot_be_weighted_is_named(
    people: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], code: str
) -> None:
    with pytest.raises(EvaluationError) as caught:
        weighted_difference(change(people), outcome="employed", cluster="office", **ASKED)
    assert caught.value.code == code


MODELS = TwoModels(
    short=0.038,
    short_r2=0.001,
    long=0.015,
    long_r2=0.245,
    outcome_variance=0.21,
    treatment_variance=0.145,
    residual_variance=0.12,
)


def test_what_is_left_at_delta_one_needs_delta_one() -> None:
    """The two formulas of Oster (2019) undo each other: the effect left at delta 1 is reached by delta 1."""
    bound = oster_bound(MODELS)
    assert bound.r2_max == pytest.approx(1.3 * 0.245)
    assert delta_for(MODELS, bound.r2_max, target=bound.effect) == pytest.approx(1.0, rel=1e-9)
    assert bound.effect < MODELS.long < MODELS.short


def test_an_unmeasured_twin_of_what_was_measured_is_found_out() -> None:
    """Two causes of equal strength, one of them unseen: the bound at delta 1 recovers the truth without either."""
    rng = np.random.default_rng(4)
    n = 400_000
    seen, unseen = rng.normal(size=(2, n))
    treatment = 0.5 * seen + 0.5 * unseen + rng.normal(size=n)
    outcome = 1.0 * treatment + seen + unseen + rng.normal(size=n)

    def model(*columns: np.ndarray) -> tuple[float, float]:
        fit = sm.OLS(outcome, np.column_stack([np.ones(n), treatment, *columns])).fit()
        return float(fit.params[1]), float(fit.rsquared)

    short, long, whole = model(), model(seen), model(seen, unseen)
    residual = sm.OLS(treatment, np.column_stack([np.ones(n), seen])).fit().resid
    told = TwoModels(*short, *long, float(outcome.var()), float(treatment.var()), float(residual.var()))
    assert oster_bound(told, r2_max=whole[1]).effect == pytest.approx(1.0, abs=0.02)
    assert short[0] > long[0] > 1.2


@pytest.mark.parametrize(
    ("models", "r2_max", "code"),
    [
        (MODELS, 0.2, "bad_option"),
        (MODELS, 1.2, "bad_option"),
        (TwoModels(0.1, 0.1, 0.1, 0.1, 1, 1, 1), None, "no_variance"),
    ],
)
def test_a_bound_without_a_base_is_refused(models: TwoModels, r2_max: float | None, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        oster_bound(models, r2_max=r2_max)
    assert caught.value.code == code
