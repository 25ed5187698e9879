"""Effects among those whom the draw moved; R's two-stage least squares is in test_references."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, complier_effects
from evaluation.disclosure import disclosed
from evaluation.finding_tables import table
from evaluation.sandwich import contrast, least_squares
from tests.evaluation.trials import people


@pytest.fixture
def persons() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    frame, willing = people(rng, 200), rng.random(200)
    drawn = frame["arm"] == "intervention"
    frame["received"] = np.where(drawn, willing < 0.8, willing < 0.15).astype(float)
    frame["months"] = 5 + 3 * frame["received"] + rng.normal(0, 4, 200)
    return frame


def p_of_no_effect_beyond(persons: pd.DataFrame, b: float) -> float:
    """The Anderson-Rubin test at one value: does the draw have an effect on what b leaves unexplained?"""
    design = np.column_stack([persons["arm"] == "intervention", pd.get_dummies(persons["office"])]).astype(float)
    fit = least_squares((persons["months"] - b * persons["received"]).to_numpy(), design)
    return contrast(fit, np.arange(design.shape[1]) == 0, "HC2").row()["p"]


def test_the_robust_interval_ends_where_its_test_begins_to_reject(persons: pd.DataFrame) -> None:
    row = complier_effects(persons, outcomes=["months"], received="received", covariance="HC2").iloc[0]
    for end in (row["ar_low"], row["ar_high"]):
        assert p_of_no_effect_beyond(persons, end) == pytest.approx(0.05, abs=1e-9)
    assert row["ar_low"] < row["effect"] < row["ar_high"]
    assert row["moved"] == pytest.approx(0.65, abs=0.15)
    assert row["first_stage_f"] > 50


def test_full_compliance_gives_the_effect_of_the_draw(persons: pd.DataFrame) -> None:
    persons["received"] = (persons["arm"] == "intervention").astype(float)
    row = complier_effects(persons, outcomes=["months"], received="received").iloc[0]
    design = np.column_stack([persons["received"], pd.get_dummies(persons["office"])]).astype(float)
    expected = contrast(least_squares(persons["months"].to_numpy(), design), np.arange(design.shape[1]) == 0)
    assert (row["effect"], row["se"]) == pytest.approx((expected.estimate, expected.se), rel=1e-10)


def test_a_draw_that_moved_nobody_has_no_compliers(persons: pd.DataFrame) -> None:
    found = complier_effects(persons.assign(received=1.0), outcomes=["months"], received="received").iloc[0]
    assert found["reason"] == "nobody_moved"
    assert np.isnan(found["effect"])


def test_a_draw_that_moved_few_says_that_it_is_weak(persons: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    found = complier_effects(
        persons.assign(received=(rng.random(200) < 0.5).astype(float)), outcomes=["months"], received="received"
    ).iloc[0]
    assert found["reason"] == "weak"
    assert np.isfinite(found["effect"])
    assert np.isnan(found["ar_low"])


def test_one_arm_or_another_mark_is_named(persons: pd.DataFrame) -> None:
    apart = persons[(persons["office"] == "Moss") == (persons["arm"] == "control")]
    found = complier_effects(apart, outcomes=["months"], received="received").iloc[0]
    assert found["reason"] in ("no_contrast", "nobody_moved")
    with pytest.raises(EvaluationError) as caught:
        complier_effects(persons.assign(received=2.5), outcomes=["months"], received="received")
    assert caught.value.code == "not_a_mark"


def test_where_everyone_followed_the_draw_an_f_without_end_is_explained_and_no_count_leaves(persons) -> None:
    followed = persons.assign(took=(persons["arm"] == "intervention").astype(float))
    found = complier_effects(followed, outcomes=["months"], received="took").iloc[0]
    assert (found["moved"], found["reason"]) == (pytest.approx(1), "all_followed")
    assert np.isinf(found["first_stage_f"])
    assert np.isfinite(found[["effect", "se", "p", "ar_low", "ar_high"]].astype(float)).all()
    left = disclosed(table("compliers", found.to_frame().T, {}).to_dict(), "opensafely")
    assert left["rows"][0][-1] == ""
