"""Repeated measurements with a covariate, and with some missing, beside R's afex and nlme (`references/repeated.R`)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, repeated_measures
from evaluation.mixed import mixed_measures

REFERENCES = Path(__file__).parent / "references"
PRINTED = json.loads((REFERENCES / "repeated.json").read_text())
ASKED: dict[str, Any] = {"subject": "person", "between": "group", "within": "wave", "outcome": "hours"}


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    return pd.read_csv(REFERENCES / "measurements.csv")


@pytest.mark.parametrize(("name", "covariates"), [("plain", ()), ("with_age", ("age",))])
def test_the_analysis_of_variance_is_afexs(measured: pd.DataFrame, name: str, covariates: tuple[str, ...]) -> None:
    found = repeated_measures(measured, **ASKED, covariates=covariates).set_index("term")
    printed = pd.DataFrame(PRINTED[name]).set_index("term")
    for term, expected in printed.iterrows():
        row = found.loc[term]
        np.testing.assert_allclose(
            row[["F", "df1", "df2", "p", "partial_eta_squared"]].astype(float),
            expected[["F", "df1", "df2", "p", "pes"]].astype(float),
            rtol=1e-6,
            err_msg=str(term),
        )
    assert len(found) == len(printed)
    assert found["left_out"].iloc[0] == measured.loc[measured["hours"].isna(), "person"].nunique()


def test_the_mixed_model_is_nlmes(measured: pd.DataFrame) -> None:
    found = mixed_measures(measured, **ASKED, covariates=("age",))
    printed = PRINTED["mixed"]
    order = ["constant", "group[extended]", *(f"wave[T{number}]" for number in (1, 2, 3)), "age"]
    order += [f"group[extended]:wave[T{number}]" for number in (1, 2, 3)]
    ours = found.estimates.set_index("term").loc[order]
    np.testing.assert_allclose(ours["estimate"], printed["estimate"], rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(ours["se"], printed["se"], rtol=2e-4)
    np.testing.assert_allclose(
        [found.person_variance, found.residual_variance], [printed["person"], printed["residual"]], rtol=1e-3
    )
    assert (found.persons, found.measurements) == (printed["persons"], printed["measurements"])


def test_a_test_of_one_column_is_its_own_z(measured: pd.DataFrame) -> None:
    found = mixed_measures(measured, **ASKED, covariates=("age",))
    tests, estimates = found.tests.set_index("term"), found.estimates.set_index("term")
    assert tests.loc["age", "chi2"] == pytest.approx(estimates.loc["age", "z"] ** 2)
    assert list(tests["df"]) == [1, 3, 3, 1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frame: frame.assign(group="one"), "too_few"),
        (lambda frame: frame[frame["wave"] == "T1"], "too_few"),
        (lambda frame: frame.drop_duplicates("person").assign(wave=["T1", "T2"] * 20 + ["T1"]), "too_few"),
        (lambda frame: frame.assign(hours=3.0), "no_variance"),
        (lambda frame: frame[(frame["group"] == "extended") | (frame["wave"] != "T4")], "collinear"),
        (lambda frame: frame.drop(columns="age"), "unknown_outcome"),
        (lambda frame: pd.concat([frame, frame.dropna().head(3)]), "duplicate_measurement"),
        (lambda frame: frame.assign(group=np.resize(["extended", "other"], len(frame))), "changed_group"),
    ],
)
def test_what_cannot_be_modelled_is_named(measured: pd.DataFrame, change: Any, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        mixed_measures(change(measured), **ASKED, covariates=("age",))
    assert caught.value.code == code


def test_nothing_is_tested_of_persons_who_do_not_differ(measured: pd.DataFrame) -> None:
    """Sums of tenths differ by rounding alone."""
    hours = measured["group"].map({"extended": 0.1, "other": 0.3}) + measured["wave"].str[1:].astype(int) * 0.1
    with pytest.raises(EvaluationError) as caught:
        repeated_measures(measured.assign(hours=hours), **ASKED)
    assert caught.value.code == "no_variance"


def test_two_values_of_a_covariate_are_refused(measured: pd.DataFrame) -> None:
    with pytest.raises(EvaluationError, match="two values of age"):
        repeated_measures(measured.assign(age=range(len(measured))), **ASKED, covariates=("age",))
