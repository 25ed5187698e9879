"""The estimators for which R is the authority give what R gives (references/estimators.R and its output)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import adjusted_effects, complier_effects, power_of, weighted_effects
from evaluation.power import Anova, Proportions, TTest
from evaluation.regression import treatment_effects
from evaluation.sandwich import contrast, least_squares
from evaluation.units import unit_means

HERE = Path(__file__).parent / "references"
R: dict[str, Any] = json.loads((HERE / "estimators.json").read_text())
RATIOS = {
    "Hurum": {"intervention": 5, "control": 3},
    "Royken": {"intervention": 5, "control": 3},
    "Moss": {"intervention": 1, "control": 1},
    "Halden": {"intervention": 1, "control": 1},
    "Rygge": {"intervention": 3, "control": 1},
}


@pytest.fixture(scope="module")
def persons() -> pd.DataFrame:
    return pd.read_csv(HERE / "trial.csv")


def agrees(ours: Any, theirs: dict[str, float]) -> None:
    for name, expected in theirs.items():
        assert float(ours[name]) == pytest.approx(expected, rel=1e-8, abs=1e-12), name


@pytest.mark.parametrize("covariance", ["classical", "HC1", "HC2", "HC3", "cluster", "CR2"])
def test_office_effects(persons: pd.DataFrame, covariance: Any) -> None:
    treated = (persons["arm"] == "intervention").to_numpy()
    found = treatment_effects(persons[["months"]].to_numpy(), treated, persons["office"].to_numpy(), covariance)
    low, high = found.interval()
    ours = {"effect": found.effect[0], "se": found.se[0], "p": found.p[0], "df": found.df}
    agrees(ours | {"ci_low": low[0], "ci_high": high[0]}, R["office_effects"][covariance])


def test_the_bias_reduced_errors_of_any_model(persons: pd.DataFrame) -> None:
    design = np.column_stack([persons["arm"] == "intervention", np.ones(len(persons)), persons["age"]]).astype(float)
    fit = least_squares(persons["months"].to_numpy(), design)
    found = contrast(fit, [1, 0, 0], "CR2", persons["office"].to_numpy())
    agrees(found.row() | {"df": found.df}, R["with_covariate"]["CR2"])


@pytest.mark.parametrize("covariance", ["classical", "HC1", "HC2", "HC3", "cluster"])
def test_the_effect_on_compliers(persons: pd.DataFrame, covariance: Any) -> None:
    row = complier_effects(persons, outcomes=["months"], received="received", covariance=covariance).iloc[0]
    theirs = {name: value for name, value in R["compliers"][covariance].items() if name != "df"}
    agrees(row, theirs)


@pytest.mark.parametrize("covariance", ["classical", "HC1", "HC2", "HC3"])
def test_weights_by_the_declared_design(persons: pd.DataFrame, covariance: Any) -> None:
    row = weighted_effects(persons, outcomes=["months"], ratios=RATIOS, covariance=covariance).iloc[0]
    theirs = {name: value for name, value in R["weighted"][covariance].items() if name != "df"}
    agrees(row, theirs)


def test_covariate_adjustment(persons: pd.DataFrame) -> None:
    row = adjusted_effects(persons, outcomes=["months"], covariates=["age", "men"]).iloc[0]
    agrees(row, {name: value for name, value in R["adjusted"]["HC2"].items() if name != "df"})


def test_drawn_offices(persons: pd.DataFrame) -> None:
    drawn = persons.assign(arm=np.where(persons["office"].isin(["Hurum", "Moss"]), "intervention", "control"))
    units = unit_means(drawn, unit="office", columns=["months"])
    everyone = np.zeros(len(units))
    found = treatment_effects(units[["months"]].to_numpy(), (units["arm"] == "intervention").to_numpy(), everyone)
    ours = {"effect": found.effect[0], "se": found.se[0], "p": found.p[0], "df": found.df}
    agrees(ours, {name: R["units"]["classical"][name] for name in ours})


def test_power() -> None:
    assert power_of(TTest(0.5), n=128) == pytest.approx(R["power"]["t_test"], rel=1e-7)
    assert TTest(0.35, ratio=167 / 101).power(101, 0.05) == pytest.approx(R["power"]["uneven_t_test"], rel=1e-7)
    assert power_of(Anova(0.25, 3), n=159) == pytest.approx(R["power"]["anova"], rel=1e-7)
    assert power_of(Proportions(0.5, 0.75), n=154) == pytest.approx(R["power"]["proportions"], rel=1e-5)


def test_another_number_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="se"):
        agrees({"effect": 1.0, "se": 0.5000001}, {"effect": 1.0, "se": 0.5})
