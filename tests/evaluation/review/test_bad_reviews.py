"""What a review cannot answer is named, never a number without a meaning."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import (
    EvaluationError,
    egger,
    influence,
    leave_one_out,
    meta_analysis,
    meta_regression,
    trim_and_fill,
)
from evaluation.review.effect_sizes import ZeroCells, effect_sizes
from tests.evaluation.review.studies import BCG, RARE, STAY

TWO = BCG.head(2)


def _analysed(studies: pd.DataFrame, doing: Callable[..., Any], **options: Any) -> Any:
    return doing(studies, meta_analysis(studies, measure="RR", **options))


@pytest.mark.parametrize(
    ("doing", "code"),
    [
        (lambda: meta_analysis(BCG, measure="RR", weights="MH"), "unknown_model"),
        (lambda: meta_analysis(STAY, measure="MD", model="fixed", weights="MH"), "unknown_model"),
        (lambda: meta_analysis(BCG, measure="RR", model="fixed", weights="MH", hartung_knapp=True), "unknown_model"),
        (lambda: meta_analysis(BCG, measure="RR", tau2="ML"), "unknown_model"),
        (lambda: ZeroCells("some"), "bad_option"),
        (lambda: ZeroCells(added=0), "bad_option"),
        (lambda: meta_regression(BCG, measure="RR", moderators=[]), "no_moderators"),
        (lambda: meta_regression(BCG, measure="RR", moderators=["year"]), "unknown_outcome"),
        (lambda: meta_regression(TWO, measure="RR", moderators=["latitude"]), "too_few"),
        (lambda: meta_regression(BCG.assign(latitude=44), measure="RR", moderators=["latitude"]), "collinear"),
        (lambda: meta_regression(BCG.assign(latitude=np.nan), measure="RR", moderators=["latitude"]), "bad_study"),
        (lambda: _analysed(TWO, leave_one_out), "too_few"),
        (lambda: _analysed(TWO, influence), "too_few"),
        (lambda: _analysed(BCG, influence, model="fixed", weights="MH"), "unknown_model"),
        (lambda: _analysed(TWO, egger), "too_few"),
        (lambda: _analysed(TWO, trim_and_fill), "too_few"),
        (lambda: _analysed(BCG, trim_and_fill, model="fixed", weights="MH"), "unknown_model"),
        (lambda: meta_analysis(BCG.assign(events_control=0), measure="RR", model="fixed", weights="MH"), "no_studies"),
        (lambda: meta_analysis(BCG.assign(allocation=None), measure="RR", subgroup="allocation"), "bad_study"),
    ],
)
def test_a_question_without_an_answer_is_refused(doing: Callable[[], Any], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        doing()
    assert caught.value.code == code


def test_a_lacking_moderator_is_named_by_its_row_among_all_studies() -> None:
    studies = BCG.assign(latitude=BCG["latitude"].where(BCG.index != 4)).copy()
    studies.loc[0, ["events_treated", "events_control"]] = 0  # has no effect, and is left out
    with pytest.raises(EvaluationError, match="row 5 "):
        meta_regression(studies, measure="RR", moderators="latitude")


def test_a_printed_ratio_beside_the_se_of_its_logarithm_is_not_taken_for_a_logarithm() -> None:
    logs = pd.DataFrame({"effect": np.log([1.5, 2.0, 0.5]), "se": [0.2, 0.3, 0.4]})
    low, high = logs["effect"] - 1.96 * logs["se"], logs["effect"] + 1.96 * logs["se"]
    expected = effect_sizes(logs, "RR")
    for ends in ((low, high), (np.exp(low).round(2), np.exp(high).round(2))):
        found = effect_sizes(logs.assign(ci_low=ends[0], ci_high=ends[1]), "RR")
        pd.testing.assert_frame_equal(found, expected)
    printed = logs.assign(effect=np.exp(logs["effect"]), ci_low=np.exp(low).round(2), ci_high=np.exp(high).round(2))
    with pytest.raises(EvaluationError, match="row 1: by its interval the effect is a ratio"):
        effect_sizes(printed, "RR")
    pd.testing.assert_frame_equal(effect_sizes(printed.drop(columns="se"), "RR"), expected, atol=0.02)


def test_equally_large_studies_have_no_funnel() -> None:
    alike = pd.DataFrame({"effect": [0.1, 0.5, 0.9], "se": 0.2})
    with pytest.raises(EvaluationError, match="equally large"):
        egger(alike, meta_analysis(alike, measure="generic"))


def test_nothing_added_leaves_empty_cells_out_with_their_reason() -> None:
    assert list(effect_sizes(RARE, "OR", zero_cells=ZeroCells("none"))["reason"]) == [
        "empty_cell", "", "empty_cell", "empty_cell", "",
    ]  # fmt: skip


def test_what_few_studies_cannot_tell_is_missing() -> None:
    found = meta_analysis(TWO, measure="RR").pooled
    assert np.isnan([*found.prediction, *found.i2_ci]).all()
    alone = meta_analysis(BCG.head(1), measure="RR").pooled
    assert np.isnan([alone.q_p, *alone.tau2_ci]).all()
    assert (alone.studies, alone.tau2) == (1, 0.0)


def test_few_studies_are_said_to_be_few() -> None:
    assert _analysed(BCG.head(9), egger).too_few
    assert not _analysed(BCG.head(10), egger).too_few


def test_frames_are_left_as_they_were() -> None:
    before = BCG.copy()
    found = meta_analysis(BCG, measure="RR", subgroup="allocation")
    for doing in (leave_one_out, influence, egger, trim_and_fill):
        doing(BCG, found)
    pd.testing.assert_frame_equal(BCG, before)


def test_the_share_of_variation_has_higgins_and_thompsons_interval() -> None:
    """Higgins and Thompson (2002) by hand: Q = 152.233 of 13 studies."""
    low, high = meta_analysis(BCG, measure="RR").pooled.i2_ci
    log_h = np.log(152.233 / 12) / 2
    se = (np.log(152.233) - np.log(12)) / (2 * (np.sqrt(2 * 152.233) - np.sqrt(2 * 13 - 3)))
    expected = [1 - 1 / np.exp(2 * (log_h + sign * 1.959964 * se)) for sign in (-1, 1)]
    np.testing.assert_allclose([low, high], expected, rtol=1e-5)
