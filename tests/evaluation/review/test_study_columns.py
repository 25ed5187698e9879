"""Studies as reviews write them down: other names for columns, effects instead of counts, and both together."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, effect_sizes, forest_plot, join_review, meta_analysis, meta_regression
from tests.evaluation.review.studies import BCG, RARE, STAY

COUNTED = ["events_treated", "total_treated", "events_control", "total_control"]
AVERAGED = ["mean_treated", "sd_treated", "n_treated", "mean_control", "sd_control", "n_control"]


@pytest.mark.parametrize(
    "names",
    [
        ["ai", "n1i", "ci", "n2i"],
        ["event.e", "n.e", "event.c", "n.c"],
        ["Events intervention", "Total intervention", "Events control", "Total control"],
        ["events_1", "total_1", "events_0", "total_0"],
        ["events_1", "n_1", "events_2", "n_2"],
        ["treatment_events", "treatment_n", "control_events", "control_n"],
        ["events_t", "n_t", "events_c", "n_c"],
    ],
)
def test_counts_are_known_by_the_names_that_reviews_give_them(names: list[str]) -> None:
    found = meta_analysis(BCG[COUNTED].set_axis(names, axis=1), measure="RR")
    assert found.pooled == meta_analysis(BCG, measure="RR").pooled


@pytest.mark.parametrize(
    "names",
    [
        ["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"],
        ["mean.e", "sd.e", "n.e", "mean.c", "sd.c", "n.c"],
        ["Mean treatment", "SD treatment", "Total treatment", "Mean control", "SD control", "Total control"],
    ],
)
def test_means_are_known_by_the_names_that_reviews_give_them(names: list[str]) -> None:
    found = meta_analysis(STAY[AVERAGED].set_axis(names, axis=1), measure="SMD")
    assert found.pooled == meta_analysis(STAY, measure="SMD").pooled


@pytest.mark.parametrize("measure", ["rr", "risk_ratio", "Relative risk", "RR"])
def test_a_measure_is_called_by_its_name_too(measure: str) -> None:
    found = meta_analysis(BCG, measure=measure)
    assert (found.measure, found.rule.ratio) == ("RR", True)
    assert meta_regression(BCG, measure=measure, moderators="latitude").studies == 13


@pytest.mark.parametrize("measure", ["RR", "OR", "PETO", "RD"])
def test_an_effect_and_its_error_stand_for_the_counts(measure: str) -> None:
    sizes = effect_sizes(BCG, measure)
    effects = pd.DataFrame({"yi": sizes["y"], "sei": np.sqrt(sizes["v"])})
    counted, given = (meta_analysis(studies, measure=measure).pooled for studies in (BCG, effects))
    np.testing.assert_allclose(
        [given.estimate, given.ci_low, given.tau2], [counted.estimate, counted.ci_low, counted.tau2]
    )


def test_a_printed_interval_stands_for_the_counts() -> None:
    """As Nøkleby and Hernes (2017) print theirs: 2.40 (2.08 to 2.77)."""
    printed = pd.DataFrame({"study": ["IPS"], "effect": [2.40], "ci_low": [2.08], "ci_high": [2.77]})
    found = meta_analysis(printed, measure="RR")
    assert [round(end, 2) for end in (found.estimate, found.ci_low, found.ci_high)] == [2.40, 2.08, 2.77]
    whole = meta_analysis(BCG, measure="RR").table
    again = meta_analysis(whole[["study", "effect", "ci_low", "ci_high"]], measure="RR")
    np.testing.assert_allclose(again.table["weight"], whole["weight"], rtol=1e-9)


def test_a_trial_with_counts_joins_studies_with_printed_effects() -> None:
    printed = meta_analysis(BCG, measure="RR").table[["study", "effect", "ci_low", "ci_high"]]
    trial = pd.DataFrame([("This", 40, 167, 15, 101)], columns=["study", *COUNTED])
    joined = join_review(printed, trial, measure="RR").together
    counted = join_review(BCG, trial, measure="RR").together
    assert joined.estimate == pytest.approx(counted.estimate, rel=1e-9)
    assert list(joined.table["study"]) == list(counted.table["study"])


@pytest.mark.parametrize(
    ("studies", "options", "code", "said"),
    [
        (BCG[["study", "latitude"]], {}, "unknown_outcome", "events_treated, .* effect and se"),
        (STAY, {"measure": "RR"}, "unknown_outcome", "total_control"),
        (BCG.assign(ai=1, events_t=1).drop(columns="events_treated"), {}, "bad_study", "ai, events_t"),
        (BCG.assign(events_treated=["x", *range(12)]), {}, "not_a_number", "1 of 13"),
        (BCG.assign(events_treated=BCG["events_treated"].where(BCG.index != 4)), {}, "bad_study", "row 5"),
        (pd.DataFrame({"effect": [2.0], "ci_low": [2.5], "ci_high": [3.0]}), {}, "bad_study", "row 1"),
        (pd.DataFrame({"effect": [2.0], "ci_low": [-1.0], "ci_high": [3.0]}), {}, "bad_study", "above 0"),
        (pd.DataFrame({"effect": [0.1, None], "se": [0.1, None]}), {}, "bad_study", "row 2"),
        (pd.DataFrame({"effect": [0.1], "se": [0.1]}), {"model": "fixed", "weights": "MH"}, "bad_study", "counts"),
        (BCG, {"measure": "HR"}, "unknown_measure", "RR, OR"),
        (BCG, {"tau2": "HK"}, "unknown_model", "hartung_knapp=True"),
        (BCG, {"model": "mixed"}, "unknown_model", "model is one of"),
        (BCG, {"subgroup": "region"}, "unknown_outcome", "region"),
    ],
)  # fmt: skip
def test_what_is_no_study_is_asked_for(studies: pd.DataFrame, options: dict, code: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=said) as caught:
        meta_analysis(studies, **({"measure": "RR"} | options))
    assert caught.value.code == code


def test_the_sums_numbers_are_the_analysis_own() -> None:
    found = meta_analysis(BCG, measure="RR", hartung_knapp=True)
    assert (found.estimate, found.tau2, found.i2) == (found.pooled.estimate, found.pooled.tau2, found.pooled.i2)
    assert (found.df, meta_analysis(BCG.head(1), measure="RR", hartung_knapp=True).df) == (12, np.inf)
    with pytest.raises(AttributeError, match="no mean"):
        _ = found.mean


def test_a_subgroup_of_studies_without_an_effect_is_shown_without_a_sum() -> None:
    silent = BCG.head(3).assign(events_treated=0, events_control=0, allocation="alternate")
    found = meta_analysis(pd.concat([BCG[BCG["allocation"] == "random"], silent]), measure="RR", subgroup="allocation")
    assert list(found.subgroups) == ["random"]
    kinds = [(row["kind"], row["study"]) for row in forest_plot(found).records]
    assert ("heading", "alternate") in kinds
    assert [study for kind, study in kinds if kind == "sum"] == ["random_effects_sum"]


def test_order_and_index_of_the_studies_do_not_matter() -> None:
    mixed = BCG.sample(frac=1, random_state=3).set_axis([7] * len(BCG), axis=0)
    found = meta_analysis(mixed, measure="OR", subgroup="allocation")
    assert found.estimate == pytest.approx(meta_analysis(BCG, measure="OR").estimate, rel=1e-12)
    assert list(found.table["study"]) == list(mixed["study"])
    assert len(effect_sizes(RARE, "RR")) == len(RARE)
