"""The tables of the questionnaire study, put together from the analyses that are tested by themselves."""

import numpy as np
import pandas as pd
import pytest

from evaluation.comparison import compare_groups
from evaluation.questionnaire_tables import QuestionnaireStudy, response_table
from evaluation.showing import shown


@pytest.fixture(scope="module")
def study() -> QuestionnaireStudy:
    rng = np.random.default_rng(3)
    n = 82
    ability = rng.integers(0, 11, n).astype(float)
    people = pd.DataFrame(
        {
            "person": [f"P{number:02}" for number in range(n)],
            "group": ["extended_follow_up"] * 56 + ["kvp_or_external"] * 26,
            "sex": rng.choice(["man", "woman"], n),
            "age": rng.integers(19, 60, n).astype(float),
            "work_ability": ability,
            "self_efficacy": np.clip(ability + rng.normal(0, 1.5, n), 1, 10),
            "hours": 10 + 2 * ability + rng.normal(0, 8, n),
        }
    )
    known = people[["person", "group", "age"]]
    waves = [
        known.assign(wave=wave, hours=people["hours"] + step * 4 + rng.normal(0, 5, n))
        for step, wave in enumerate(("before", "after"))
    ]
    return QuestionnaireStudy(
        people=people,
        measurements=pd.concat(waves, ignore_index=True),
        variables=("sex", "age", "work_ability", "self_efficacy"),
        predictors=("work_ability", "self_efficacy"),
        outcome="hours",
        explained="hours",
        covariates=("age",),
    )


def test_the_four_tables_are_there_in_order(study: QuestionnaireStudy) -> None:
    assert [finding.name for finding in study.findings()] == [f"questionnaire-{number}" for number in (2, 3, 4, 5)]


def test_groups_stand_side_by_side_with_a_size(study: QuestionnaireStudy) -> None:
    rows = {row["variable"]: row for row in study.groups().records}
    expected = compare_groups(study.people, group="group", variables=["age"]).iloc[0]
    assert rows["age"]["first_mean"] == pytest.approx(expected["mean_extended_follow_up"])
    assert rows["age"]["second_n"] == 26
    assert rows["sex"]["test"] == "chi2"
    assert rows["sex"]["size"] == ""
    assert rows["age"]["size"] in ("negligible", "small", "medium", "large")


def test_time_is_tested_with_age_beside(study: QuestionnaireStudy) -> None:
    terms = [row["term"] for row in study.over_time().records]
    assert terms == ["group", "wave", "group:wave", "age", "age:wave"]


def test_relations_are_told_among_all_and_in_each_group(study: QuestionnaireStudy) -> None:
    assert {row["group"] for row in study.one_at_a_time().records} == {"all", "extended_follow_up", "kvp_or_external"}
    strong = next(row for row in study.together().records if row["group"] == "all")
    assert (strong["size"], strong["stars"]) == ("large", "***")


def test_answers_by_wave_are_a_table(study: QuestionnaireStudy) -> None:
    people = study.people.rename(columns={"person": "participant_number"})
    answers = pd.DataFrame([("P00", "T1", "work_ability", "work_ability", "5")],
                           columns=["participant_number", "wave", "instrument", "item", "value"])  # fmt: skip
    first = response_table(answers, people).records[0]
    assert (first["wave"], first["asked"], first["answered"]) == ("T1", 56, 1)


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_table_is_shown_in_words(study: QuestionnaireStudy, language: str) -> None:
    for finding in study.findings():
        told = shown(finding, language=language)
        assert not any("_" in text for text in (*told.heads, *(row[0] for row in told.rows))), told.heads
