"""Adjusted effects by month from cross-sums equal statsmodels' regression of each month on persons."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import EvaluationError, adjusted_effects_by_month, person_months
from tests.evaluation.trials import people, registers

pytestmark = pytest.mark.slow

COVARIATES = ["age", "men", "income"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(47)
    participants = people(rng, 140)
    panel = person_months(
        participants, **registers(rng, participants), months=(-2, 30), data_to=pd.Timestamp("2017-12-31").date()
    )
    baseline = pd.DataFrame(
        {
            "participant_number": participants["participant_number"],
            "age": rng.normal(38, 10, 140).round(1),
            "men": (rng.random(140) < 0.6).astype(float),
            "income": rng.gamma(2, 100_000, 140).round(),
        }
    )
    baseline.loc[0, "age"] = np.nan
    return panel.drop(columns="calendar_month").merge(baseline, on="participant_number")


@pytest.mark.parametrize("covariance", ["classical", "cluster"])
@pytest.mark.parametrize("source", ["frame", "file"])
def test_it_is_the_regression_of_each_month(panel: pd.DataFrame, tmp_path: Path, covariance: Any, source: str) -> None:
    path = tmp_path / "panel.parquet"
    panel.to_parquet(path)
    options = {"outcomes": ["employed", "hours"], "covariates": COVARIATES, "months": (-2, 30)}
    found = adjusted_effects_by_month(panel if source == "frame" else path, covariance=covariance, **options)
    assert len(found) == 2 * 33
    for row in found[found["reason"] == ""].to_dict("records"):
        month = panel[panel["month"] == row["month"]].dropna(subset=[row["outcome"], *COVARIATES])
        month = month.assign(t=(month["arm"] == "intervention").astype(int))
        fit: dict[str, Any] = {}
        if covariance == "cluster":
            fit = {"cov_type": "cluster", "cov_kwds": {"groups": pd.factorize(month["office"])[0]}, "use_t": True}
        peer = smf.ols(f"{row['outcome']} ~ t + age + men + income + C(office)", month).fit(**fit)
        expected = [peer.params["t"], peer.bse["t"], peer.pvalues["t"], *peer.conf_int().loc["t"]]
        ours = [row[name] for name in ("effect", "se", "p", "ci_low", "ci_high")]
        np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-11)
        assert row["n"] == int(peer.nobs)


def test_what_cannot_be_estimated_says_why(panel: pd.DataFrame) -> None:
    some = panel.assign(
        employed=panel["employed"].mask(panel["month"] == 3).where(panel["month"] != 4, 1.0),
        women=lambda frame: np.where(frame["month"] == 5, 1 - frame["men"], frame["age"] ** 2),
    )
    options = {"outcomes": ["employed"], "months": (3, 6)}
    found = adjusted_effects_by_month(some, covariates=["men", "women"], **options)
    assert list(found["reason"]) == ["no_contrast", "no_variance", "collinear", ""]
    few = adjusted_effects_by_month(some.head(33 * 5), covariates=["men", "age"], months=(6, 6), outcomes=["employed"])
    assert few["reason"].item() in ("too_few", "no_contrast")


def test_what_needs_persons_is_refused(panel: pd.DataFrame) -> None:
    with pytest.raises(EvaluationError) as caught:
        adjusted_effects_by_month(panel, outcomes=["employed"], covariates=["age"], covariance="HC3")
    assert caught.value.code == "needs_persons"
    with pytest.raises(EvaluationError, match="shoe_size"):
        adjusted_effects_by_month(panel, outcomes=["employed"], covariates=["shoe_size"])
