"""Meta-analysis: the BCG trials as R's metafor documents them, statsmodels, and studies that tell nothing."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects, effectsize_smd

from evaluation import EvaluationError, meta_analysis, meta_regression
from evaluation.review.effect_sizes import effect_sizes
from tests.evaluation.review.studies import BCG


@pytest.mark.parametrize(
    ("options", "estimate", "se", "tau2"),
    [
        ({"model": "fixed"}, -0.4303, 0.0405, 0.0),
        ({"tau2": "DL"}, -0.7141, 0.1787, 0.3088),
        ({"tau2": "PM"}, -0.7150, 0.1809, 0.3181),
        ({"tau2": "REML"}, -0.7145, 0.1798, 0.3132),
    ],
)
def test_the_bcg_trials_add_up_as_metafor_prints_them(options: dict, estimate: float, se: float, tau2: float) -> None:
    found = meta_analysis(BCG, measure="RR", **options).pooled
    assert round(np.log(found.estimate), 4) == estimate
    assert round(found.se, 4) == se
    assert round(found.tau2, 4) == tau2
    assert (round(found.q, 4), found.q_df) == (152.2330, 12)


def test_heterogeneity_and_intervals() -> None:
    found = meta_analysis(BCG, measure="RR", tau2="REML").pooled
    assert [round(value, 4) for value in (found.estimate, found.ci_low, found.ci_high)] == [0.4894, 0.3441, 0.6962]
    assert found.i2 == pytest.approx((152.2330 - 12) / 152.2330, abs=1e-6)
    assert found.prediction[0] < 0.1546 < 1.5490 < found.prediction[1]  # t with 11 degrees of freedom, not z


@pytest.mark.parametrize(("tau2", "name"), [("PM", "iterated"), ("DL", "chi2")])
def test_sums_equal_statsmodels(tau2: str, name: str) -> None:
    sizes = effect_sizes(BCG, "OR")
    expected = combine_effects(sizes["y"].to_numpy(), sizes["v"].to_numpy(), method_re=name, atol=1e-12)
    found = meta_analysis(BCG.assign(effect=sizes["y"], se=np.sqrt(sizes["v"])), measure="generic", tau2=tau2)
    np.testing.assert_allclose(found.pooled.estimate, expected.mean_effect_re, rtol=1e-6)
    np.testing.assert_allclose(found.pooled.se, expected.sd_eff_w_re, rtol=1e-6)
    np.testing.assert_allclose(found.table["weight"], expected.weights_rel_re, rtol=1e-6)


def test_hartung_and_knapps_variance_gives_metafors_t() -> None:
    found = meta_analysis(BCG, measure="RR", tau2="REML", hartung_knapp=True).pooled
    assert round(found.statistic, 4) == -3.9522
    assert [round(np.log(end), 4) for end in (found.ci_low, found.ci_high)] == [-1.1084, -0.3206]


def test_studies_that_agree_have_no_variance_between_them() -> None:
    alike = pd.DataFrame({"effect": [0.30, 0.31, 0.30], "se": 0.2})
    for tau2 in ("DL", "PM", "REML"):
        found = meta_analysis(alike, measure="generic", tau2=tau2).pooled
        assert (found.tau2, found.i2) == (0.0, 0.0)


def test_standardised_differences_equal_statsmodels() -> None:
    study = {
        "mean_treated": 12.0,
        "sd_treated": 3.0,
        "n_treated": 20,
        "mean_control": 10.5,
        "sd_control": 2.5,
        "n_control": 24,
    }
    found = effect_sizes(pd.DataFrame([study]), "SMD").iloc[0]
    g, _variance = effectsize_smd(12.0, 3.0, 20, 10.5, 2.5, 24)
    assert found["y"] == pytest.approx(g, rel=1e-4)  # statsmodels corrects by 1 - 3 / (4 df - 1)
    assert found["v"] == pytest.approx(1 / 20 + 1 / 24 + found["y"] ** 2 / 88)


def test_subgroups_have_their_own_sums_and_a_test_between_them() -> None:
    found = meta_analysis(BCG, measure="RR", subgroup="allocation")
    random = meta_analysis(BCG[BCG["allocation"] == "random"], measure="RR").pooled
    assert list(found.subgroups) == ["random", "alternate", "systematic"]
    assert found.subgroups["random"] == random
    assert found.between["df"] == 2
    assert 0 < found.between["p"] < 1
    assert "separate" in found.convention


def test_subgroups_may_share_their_variance_between_studies() -> None:
    """With one tau2 for all, the test between subgroups is metafor's test of the subgroup as a moderator."""
    found = meta_analysis(BCG, measure="RR", tau2="REML", subgroup="allocation", common_tau2=True)
    moderated = meta_regression(BCG, measure="RR", moderators=["allocation"])
    assert [part.tau2 for part in found.subgroups.values()] == pytest.approx([moderated.tau2] * 3)
    assert (found.between["q"], found.between["p"]) == pytest.approx((moderated.q_m, moderated.q_m_p))
    assert "common to subgroups" in found.convention
    assert found.between["p"] != pytest.approx(
        meta_analysis(BCG, measure="RR", subgroup="allocation").between["p"], rel=0.05
    )


@pytest.mark.parametrize(
    ("events", "measure", "reason"),
    [((0, 0), "RR", "no_events"), ((50, 60), "OR", "no_events"), ((0, 3), "RR", ""), ((0, 0), "RD", "")],
)
def test_empty_cells_follow_their_rule(events: tuple[int, int], measure: str, reason: str) -> None:
    study = {"events_treated": events[0], "total_treated": 50, "events_control": events[1], "total_control": 60}
    found = meta_analysis(pd.concat([BCG, pd.DataFrame([study])], ignore_index=True), measure=measure)
    last = found.table.iloc[-1]
    assert last["reason"] == reason
    assert (last["weight"] == 0) == bool(reason)
    assert found.pooled.studies == 14 - bool(reason)


def test_half_is_added_to_every_cell_of_a_study_with_an_empty_one() -> None:
    study = {"events_treated": 0, "total_treated": 50, "events_control": 3, "total_control": 60}
    found = effect_sizes(pd.DataFrame([study]), "OR").iloc[0]
    assert found["y"] == pytest.approx(np.log((0.5 * 57.5) / (50.5 * 3.5)))
    assert found["v"] == pytest.approx(1 / 0.5 + 1 / 50.5 + 1 / 3.5 + 1 / 57.5)


@pytest.mark.parametrize(
    ("studies", "measure", "code"),
    [
        (BCG, "HR", "unknown_measure"),
        (BCG.drop(columns="total_control"), "RR", "unknown_outcome"),
        (BCG.assign(events_treated=1e9), "RR", "bad_study"),
        (BCG.assign(events_treated=0, events_control=0), "RR", "no_studies"),
    ],
)
def test_what_cannot_be_added_up_is_named(studies: pd.DataFrame, measure: str, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        meta_analysis(studies, measure=measure)
    assert caught.value.code == code
