"""Effects by subgroup: equal to statsmodels with an interaction; a level with one arm is a named gap."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import subgroup_effects
from tests.evaluation.trials import people


@pytest.fixture
def persons() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = people(rng, 200)
    frame["men"] = (rng.random(200) < 0.6).astype(float)
    frame["months"] = rng.normal(9, 6, 200) + 3 * (frame["arm"] == "intervention") * frame["men"]
    return frame


def test_both_effects_and_their_difference_equal_statsmodels(persons: pd.DataFrame) -> None:
    found = subgroup_effects(persons, outcomes=["months"], subgroups=["men"]).set_index("level")
    data = persons.assign(t=(persons["arm"] == "intervention").astype(int), women=1 - persons["men"])
    for level, mark in ((0, "men"), (1, "women")):
        fit = smf.ols(f"months ~ t * {mark} + C(office)", data).fit()
        expected = [fit.params["t"], fit.bse["t"], fit.pvalues["t"], fit.pvalues[f"t:{mark}"]]
        np.testing.assert_allclose(
            found.loc[level, ["effect", "se", "p", "interaction_p"]].astype(float), expected, rtol=1e-8
        )
    assert found["n"].sum() == 200


def test_a_level_with_one_arm_is_a_named_gap(persons: pd.DataFrame) -> None:
    some = persons[(persons["men"] == 1) | (persons["arm"] == "control")]
    found = subgroup_effects(some, outcomes=["months"], subgroups=["men"])
    assert set(found["reason"]) == {"no_contrast"}
    assert found["effect"].isna().all()


def test_a_number_is_no_subgroup_and_keeps_no_other_back(persons: pd.DataFrame) -> None:
    found = subgroup_effects(persons.assign(age=40.5), outcomes=["months"], subgroups=["age", "men"])
    assert list(found["reason"]) == ["not_a_mark", "not_a_mark", "", ""]
    assert np.isnan(found["effect"]).tolist() == [True, True, False, False]


def test_an_outcome_that_the_mark_tells_wholly_has_no_variance_and_no_p(persons: pd.DataFrame) -> None:
    found = subgroup_effects(persons.assign(same=persons["men"]), outcomes=["same"], subgroups=["men"])
    assert set(found["reason"]) == {"no_variance"}
    assert found[["effect", "p", "interaction_p"]].isna().all(axis=None)
