"""Frames as people have them: whatever the types and the order, the same numbers; what cannot be used is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import EvaluationError, effects_by_month, effects_on_totals

OUTCOMES = ["employed", "hours"]
Change = Callable[[pd.DataFrame], pd.DataFrame]
Call = Callable[[pd.DataFrame], Any]


def _panel(persons: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    people = pd.DataFrame(
        {
            "participant_number": [f"P{number:03d}" for number in range(persons)],
            "office": rng.choice(["Moss", "Rygge", "Drammen"], persons),
            "arm": rng.choice(["intervention", "control"], persons),
        }
    )
    panel = people.merge(pd.DataFrame({"month": range(-3, 5)}), how="cross")
    employed = (rng.random(len(panel)) < 0.4).astype(float)
    return panel.assign(employed=employed, hours=employed * rng.uniform(5, 37.5, len(panel)))


def _treated(panel: pd.DataFrame) -> pd.Series:
    return panel["arm"] == "intervention"


SAME: dict[str, tuple[Change, dict[str, Any]]] = {
    "rows in another order": (lambda panel: panel.sample(frac=1, random_state=3), {}),
    "an index that repeats": (lambda panel: panel.set_index(np.zeros(len(panel), int)), {}),
    "an index named as columns": (lambda panel: panel.set_index(["participant_number", "month"], drop=False), {}),
    "categories": (lambda panel: panel.astype({"arm": "category", "office": "category"}), {}),
    "types that know missing": (lambda panel: panel.convert_dtypes(), {}),
    "whole numbers for offices": (lambda panel: panel.assign(office=panel["office"].map(len)), {}),
    "whole numbers for arms": (lambda panel: panel.assign(arm=_treated(panel).astype(int)), {"control": 0}),
    "an arm by its text": (lambda panel: panel.assign(arm=_treated(panel).astype(int)), {"control": "0"}),
    "truth values for arms": (lambda panel: panel.assign(arm=_treated(panel)), {"control": False}),
    "months with a point": (lambda panel: panel.astype({"month": float}), {}),
    "truth values for states": (lambda panel: panel.astype({"employed": bool}), {}),
    "further columns": (lambda panel: panel.assign(note="x", empty=np.nan), {}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SAME)
def test_the_same_numbers_from_frames_of_any_kind(name: str) -> None:
    change, options = SAME[name]
    frame = change(_panel())
    before = frame.copy(deep=True)
    for call, months in ((effects_on_totals, (1, 4)), (effects_by_month, (-3, 4))):
        found = call(frame, outcomes=OUTCOMES, months=months, **options)
        expected = call(_panel(), outcomes=OUTCOMES, months=months)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    shares = evaluation.monthly_shares(frame, outcomes=OUTCOMES)
    np.testing.assert_allclose(
        shares["mean"].sum(), evaluation.monthly_shares(_panel(), outcomes=OUTCOMES)["mean"].sum()
    )
    joint = evaluation.joint_effects_by_month(frame, outcomes=["employed"], months=(-3, 4), seed=1, **options)
    assert joint.table["effect"].notna().all()
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("name", "same"), [("CR1", "cluster"), ("hc2", "HC2"), ("cr2", "CR2"), ("Classical", "classical")]
)
def test_a_convention_has_one_name_in_results(name: str, same: Any) -> None:
    found, expected = (
        effects_on_totals(_panel(), outcomes=OUTCOMES, months=(1, 4), covariance=each) for each in (name, same)
    )
    pd.testing.assert_frame_equal(found, expected)
    assert set(found["covariance"]) == {same}


def _third(panel: pd.DataFrame) -> pd.Series:
    return panel["arm"].where(panel["office"] != "Moss", "third")


def _without(column: str) -> Change:
    return lambda panel: panel.assign(
        **{column: panel[column].astype(object).where(panel["participant_number"] != "P001")}
    )


REFUSED: dict[str, tuple[Change, str]] = {
    "somebody without an arm": (_without("arm"), "empty_cell"),
    "somebody without an office": (_without("office"), "empty_cell"),
    "a row without a month": (_without("month"), "empty_cell"),
    "words for an outcome": (lambda panel: panel.assign(hours="many"), "not_a_number"),
    "a number without end": (lambda panel: panel.assign(hours=panel["hours"].replace(0, np.inf)), "not_a_number"),
    "half a month": (lambda panel: panel.assign(month=panel["month"] + 0.5), "not_a_number"),
    "a month twice": (lambda panel: pd.concat([panel, panel[panel["participant_number"] == "P001"]]), "month_twice"),
    "three arms": (lambda panel: panel.assign(arm=_third), "not_two_arms"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("call", [effects_on_totals, effects_by_month])
def test_what_cannot_be_used_is_named(name: str, call: Any) -> None:
    change, code = REFUSED[name]
    with pytest.raises(EvaluationError) as caught:
        call(change(_panel()), outcomes=OUTCOMES, months=(1, 4))
    assert caught.value.code == code


@pytest.mark.parametrize("call", [effects_on_totals, effects_by_month])
def test_a_window_that_is_none_is_named(call: Any) -> None:
    with pytest.raises(EvaluationError, match="the first and the last"):
        call(_panel(), outcomes=OUTCOMES, months=(4, 1))


@pytest.mark.slow
def test_one_name_is_as_good_as_a_list_of_it_and_numbers_in_text_are_numbers() -> None:
    panel, window = _panel(), {"months": (1, 4)}
    people = evaluation.person_totals(panel, outcomes="hours", keep="office", **window)
    people["age"] = np.arange(len(people)) % 17
    with_covariate = people.assign(mark=np.arange(len(people)) % 2)
    calls: list[tuple[Any, pd.DataFrame, dict[str, Any]]] = [
        (effects_on_totals, panel, window),
        (effects_by_month, panel, window),
        (evaluation.monthly_shares, panel, {}),
        (evaluation.differences_in_differences, panel, window | {"before": (-3, -1)}),
        (evaluation.lee_bounds, people, {}),
        (evaluation.attrition, people, {}),
    ]
    for call, frame, options in calls:
        expected = call(frame, outcomes=["hours"], **options)
        pd.testing.assert_frame_equal(call(frame, outcomes="hours", **options), expected)
        if call is not evaluation.monthly_shares:
            text = call(frame.assign(hours=frame["hours"].map(repr)), outcomes=["hours"], **options)
            pd.testing.assert_frame_equal(text, expected)
    adjusted = evaluation.adjusted_effects(people, outcomes="hours", covariates="age")
    pd.testing.assert_frame_equal(adjusted, evaluation.adjusted_effects(people, outcomes=["hours"], covariates=["age"]))
    split = evaluation.subgroup_effects(with_covariate, outcomes="hours", subgroups="mark")
    assert split["subgroup"].tolist() == ["mark"] * 2


def test_months_that_nobody_was_followed_for_are_rows_with_a_reason() -> None:
    found = effects_by_month(_panel(), outcomes=OUTCOMES, months=(4, 6))
    assert found["reason"].tolist() == ["", "no_contrast", "no_contrast"] * 2


def test_a_file_is_never_rounded_in_silence(tmp_path: Path) -> None:
    panel = _panel()
    panel.assign(amount=panel["hours"] + 0.25).to_parquet(tmp_path / "parts.parquet")
    with pytest.raises(EvaluationError) as caught:
        effects_by_month(tmp_path / "parts.parquet", outcomes=["amount"], months=(1, 1))
    assert caught.value.code == "not_whole"
    panel.assign(arm=panel["arm"].where(panel["participant_number"] != "P001")).to_parquet(tmp_path / "arms.parquet")
    with pytest.raises(EvaluationError) as caught:
        effects_by_month(tmp_path / "arms.parquet", outcomes=OUTCOMES, months=(1, 1))
    assert caught.value.code == "empty_cell"


@pytest.mark.parametrize("kind", ["int64", "float64", "Int16"])
def test_whole_numbers_of_any_size_have_their_own_spread_in_a_file(tmp_path: Path, kind: Any) -> None:
    panel = _panel().assign(amount=lambda frame: (100 * frame["hours"]).round().astype(kind))
    panel.to_parquet(tmp_path / "amounts.parquet")
    options = {"outcomes": ["amount"], "months": (1, 3), "covariance": "HC3"}
    found, expected = (effects_by_month(source, **options) for source in (tmp_path / "amounts.parquet", panel))
    np.testing.assert_allclose(found[["effect", "se"]], expected[["effect", "se"]], rtol=1e-10)


PEOPLE = {
    "adjusted_effects": lambda people: evaluation.adjusted_effects(people, outcomes=["y"], covariates=["age"]),
    "complier_effects": lambda people: evaluation.complier_effects(people, outcomes=["y"], received="got"),
    "weighted_effects": lambda people: evaluation.weighted_effects(
        people, outcomes=["y"], ratios={name: {"intervention": 1, "control": 1} for name in ("Moss", "Rygge")}
    ),
    "subgroup_effects": lambda people: evaluation.subgroup_effects(people, outcomes=["y"], subgroups=["got"]),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_an_outcome_in_which_nobody_differs_has_a_reason_wherever_it_has_no_p(name: str) -> None:
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"office": ["Moss", "Rygge"] * 30, "arm": ["intervention", "control", "control"] * 20})
    people = people.assign(
        age=rng.normal(40, 9, 60), got=(people["arm"] == "intervention") & (rng.random(60) < 0.8), y=7.0
    )
    people.loc[people.index[:6], "got"] = [True, True, False, False, False, True]
    found = PEOPLE[name](people)
    assert found["p"].isna().all()
    assert set(found["reason"]) == {"no_variance"}


def test_words_are_no_variable_of_the_baseline() -> None:
    with pytest.raises(EvaluationError, match="office holds something else than a number"):
        evaluation.baseline_table(_panel(), variables=["office"])
