"""Answers to scores by the instruments' rules, and who answered."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError
from evaluation.questionnaire import INSTRUMENTS, WAVES, response_rates, size_of, survey_scores

EFFICACY = "return_to_work_self_efficacy"


def _answers(*rows: tuple[str, str, str, str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant_number", "wave", "instrument", "item", "value"])


def _three(person: str, wave: str, *values: Any) -> pd.DataFrame:
    return _answers(*((person, wave, EFFICACY, f"item_{at}", value) for at, value in enumerate(values, start=1)))


def test_a_score_is_the_mean_of_its_items() -> None:
    scores = survey_scores(pd.concat([_three("A", "T1", "7", "8", "10"), _three("A", "T3", 1, 1, 3)]))
    assert scores.set_index("wave")[EFFICACY].to_dict() == pytest.approx({"T1": 25 / 3, "T3": 5 / 3})
    assert list(scores) == ["participant_number", "wave", *INSTRUMENTS]


@pytest.mark.parametrize(
    ("values", "score"), [(("7", "9", None), 8.0), (("7", "", " "), np.nan), ((None,) * 3, np.nan)]
)
def test_a_score_needs_two_of_three_items(values: tuple[Any, ...], score: float) -> None:
    found = survey_scores(_three("A", "T1", *values))[EFFICACY].iloc[0]
    assert found == score or (np.isnan(found) and np.isnan(score))


def test_do_not_know_is_no_number() -> None:
    answers = _answers(("A", "T1", "expected_time_to_work", "expected_time_to_work", "do_not_know"),
                       ("B", "T1", "expected_time_to_work", "expected_time_to_work", "8"))  # fmt: skip
    scores = survey_scores(answers).set_index("participant_number")["expected_time_to_work"]
    assert np.isnan(scores["A"])
    assert scores["B"] == 8


@pytest.mark.parametrize(
    ("instrument", "value"),
    [("work_ability", "11"), ("work_ability", "-1"), ("work_ability", "7.5"), (EFFICACY, "0"), (EFFICACY, "ti"),
     ("expected_time_to_work", "9")],
)  # fmt: skip
def test_a_value_that_is_no_answer_is_named(instrument: str, value: str) -> None:
    with pytest.raises(EvaluationError, match=instrument) as caught:
        survey_scores(_answers(("A", "T1", instrument, "item_1", value)))
    assert caught.value.code == "bad_answer"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (_answers(("A", "T1", "mood", "mood", "1")), "unknown_instrument"),
        (_answers(("A", "T9", "work_ability", "work_ability", "1")), "unknown_wave"),
        (_answers(("A", "T1", None, "work_ability", "1")), "missing_value"),
        (_answers(("A", None, "work_ability", "work_ability", "1")), "missing_value"),
        (_answers((None, "T1", "work_ability", "work_ability", "1")), "missing_value"),
        (_answers(*[("A", "T1", "work_ability", "work_ability", "1")] * 2), "duplicate_measurement"),
    ],
)
def test_answers_that_cannot_be_scored_are_named(answers: pd.DataFrame, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        survey_scores(answers)
    assert caught.value.code == code


def test_before_anybody_has_answered_there_are_no_scores() -> None:
    scores = survey_scores(_answers(("A", "T1", "work_ability", "work_ability", "1")).head(0))
    assert list(scores) == ["participant_number", "wave", *INSTRUMENTS]
    assert scores.empty


def test_response_is_told_by_wave_and_group() -> None:
    people = pd.DataFrame({"participant_number": list("ABCD"), "arm": ["extended", "extended", "extended", "other"]})
    answers = _answers(
        ("A", "T1", "work_ability", "work_ability", "5"),
        ("B", "T1", "work_ability", "work_ability", ""),
        ("D", "T2", "work_ability", "work_ability", "5"),
    )
    rates = response_rates(answers, people).set_index(["wave", "arm"])
    assert rates.loc[("T1", "extended"), ["asked", "answered"]].tolist() == [3, 1]
    assert rates.loc[("T1", "extended"), "share"] == pytest.approx(1 / 3)
    assert rates.loc[("T2", "other"), "share"] == 1
    assert len(rates) == 2 * len(WAVES)


@pytest.mark.parametrize(
    ("value", "measure", "word"),
    [
        (0.0, "partial_eta_squared", "negligible"),
        (0.06, "partial_eta_squared", "medium"),
        (0.14, "partial_eta_squared", "large"),
        (-0.37, "pearson_r", "medium"),
        (0.82, "pearson_r", "large"),
        (0.2, "cohens_d", "small"),
    ],
)
def test_effects_have_a_size_in_words(value: float, measure: str, word: str) -> None:
    assert size_of(value, measure) == word


def test_an_unknown_measure_has_no_size() -> None:
    with pytest.raises(EvaluationError, match="cohens_d"):
        size_of(1, "odds")


def test_what_is_no_number_is_not_large() -> None:
    with pytest.raises(EvaluationError, match="pearson_r"):
        size_of(float("nan"), "pearson_r")
