"""Nested models from one factorisation are the models that each would be alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, linear_probability
from evaluation.nesting import nested_models

STEPS: tuple[Sequence[str], ...] = ((), ("month", "unemployment"), ("diagnosis",), ("age", "age_squared"), ("office",))


@pytest.fixture(scope="module")
def starters() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 1_200
    frame = pd.DataFrame(
        {
            "treated": (rng.random(n) < 0.3).astype(float),
            "month": rng.choice(["2017-01", "2017-02", "2017-03"], n),
            "unemployment": rng.normal(3, 1, n),
            "diagnosis": rng.choice(["none", "mental", "other"], n),
            "age": rng.integers(18, 62, n).astype(float),
            "office": rng.choice([f"office {number}" for number in range(30)], n),
        }
    )
    frame["age_squared"] = frame["age"] ** 2
    frame["employed"] = (rng.random(n) < 0.3 + 0.1 * frame["treated"] - 0.1 * (frame["diagnosis"] == "none")).astype(
        float
    )
    return frame


def _alone(data: pd.DataFrame, upto: int, cluster: str | None) -> Any:
    names = [name for step in STEPS[:upto] for name in step]
    absorb = ("office",) if "office" in names and cluster else ()
    covariates = [name for name in names if name not in absorb]
    return linear_probability(
        data, outcome="employed", treatment="treated", covariates=covariates, absorb=absorb, cluster=cluster
    )


@pytest.mark.parametrize("cluster", ["office", None])
def test_each_model_is_what_it_would_be_alone(starters: pd.DataFrame, cluster: str | None) -> None:
    found = nested_models(starters, outcome="employed", treatment="treated", steps=STEPS, cluster=cluster)
    assert len(found.table) == len(STEPS)
    for model in range(1, len(STEPS) + 1):
        alone = _alone(starters, model, cluster)
        theirs = alone.table[alone.table["term"] != "constant"].reset_index(drop=True)
        ours = found.terms[found.terms["model"] == model].reset_index(drop=True)
        assert list(ours["term"]) == list(theirs["term"])
        for column in ("estimate", "se", "t", "p", "ci_low", "ci_high"):
            np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-7, atol=1e-11, err_msg=column)
        row = found.table.iloc[model - 1]
        np.testing.assert_allclose([row["r2"], row["coefficients"]], [alone.r2, alone.coefficients], rtol=1e-9)
    assert (found.n, found.left_out, found.clusters) == (1_200, 0, 30 if cluster else 0)


def test_the_change_of_the_treatment_is_told_step_by_step(starters: pd.DataFrame) -> None:
    table = nested_models(starters, outcome="employed", treatment="treated", steps=STEPS, cluster="office").table
    np.testing.assert_allclose(table["change"][1:], np.diff(table["estimate"]))
    assert np.isnan(table["change"][0])
    assert list(table["added"])[:2] == ["", "month + unemployment"]


def test_all_models_use_the_rows_that_have_everything(starters: pd.DataFrame) -> None:
    holes = starters.assign(age=starters["age"].where(starters.index >= 7))
    found = nested_models(holes, outcome="employed", treatment="treated", steps=STEPS, cluster="office")
    assert (found.n, found.left_out) == (1_193, 7)
    assert set(found.table["n"]) == {1_193}


@pytest.mark.parametrize(
    ("changed", "options", "code"),
    [
        ({}, {"steps": ()}, "no_steps"),
        ({}, {"steps": [["weight"]]}, "unknown_outcome"),
        ({"employed": 1.0}, {}, "no_variance"),
        ({"unemployment": 3.0}, {}, "collinear"),
        ({"office": "one"}, {"steps": [["age"]]}, "too_few"),
    ],
)
def test_what_cannot_be_fitted_is_named(
    starters: pd.DataFrame, changed: dict[str, Any], options: dict[str, Any], code: str
) -> None:
    asked = {"outcome": "employed", "treatment": "treated", "steps": STEPS, "cluster": "office"} | options
    with pytest.raises(EvaluationError) as caught:
        nested_models(starters.assign(**changed), **asked)
    assert caught.value.code == code
