"""Frames as statisticians hand them over: any kind of column, in any order; what cannot be used is named."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import (
    Anova,
    EvaluationError,
    Proportions,
    RepeatedMeasures,
    TTest,
    bivariate,
    compare_from_counts,
    compare_from_summary,
    compare_groups,
    correlations,
    cost_effectiveness,
    detectable_effect,
    linear_probability,
    mixed_measures,
    nested_models,
    power_of,
    repeated_measures,
    required_sample,
    retention,
    time_in_measure,
)
from evaluation.given import as_numbers


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 240
    return pd.DataFrame(
        {
            "employed": (rng.random(n) < 0.4).astype(int),
            "treated": (rng.random(n) < 0.5).astype(int),
            "age": rng.normal(40, 10, n),
            "sex": rng.choice(["man", "woman"], n),
            "office": rng.integers(0, 12, n),
        }
    )


@pytest.fixture(scope="module")
def waves() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(30), 3)
    group = np.where(person < 18, "extended", "ordinary")
    wave = np.tile(["T1", "T2", "T3"], 30)
    return pd.DataFrame({"person": person, "group": group, "wave": wave, "hours": rng.normal(20, 5, 90)})


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    frame = pd.DataFrame(
        [(f"P{person}", month) for person in range(6) for month in range(-8, 25)],
        columns=["participant_number", "month"],
    )
    inside = (frame["month"] >= 0) & (frame["month"] < 8)
    arm = np.where(frame["participant_number"] < "P3", "extended", "control")
    return frame.assign(arm=arm, employed=(frame["month"] > 10).astype(float), follow_up=inside.astype(float))


Change = Callable[[pd.DataFrame], dict[str, Any]]


def _fit(people: pd.DataFrame, **options: Any) -> Any:
    asked = {"outcome": "employed", "treatment": "treated", "covariates": ["age", "sex"], "absorb": ["office"]}
    return linear_probability(people, **(asked | {"cluster": "office"} | options))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: {"employed": d["employed"] == 1, "treated": d["treated"].astype("Int64")},
        lambda d: {"employed": d["employed"].astype("category"), "age": d["age"].astype("Float64")},
        lambda d: {"treated": (d["treated"] == 1).astype(object), "age": d["age"].astype(object)},
        lambda d: {"sex": pd.Categorical(d["sex"], ["man", "nobody", "woman"]), "office": d["office"].astype(str)},
        lambda d: {"sex": d["sex"].astype("string"), "office": d["office"].astype("category")},
    ],
)
def test_a_model_is_the_same_whatever_kind_its_columns_are(people: pd.DataFrame, change: Change) -> None:
    expected = _fit(people)
    found = _fit(people.assign(**change(people)).sample(frac=1, random_state=1))
    np.testing.assert_allclose(found.table["estimate"], expected.table["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.table["se"], expected.table["se"], rtol=1e-9)


def test_control_is_compared_with_also_where_a_categorical_puts_it_last(people: pd.DataFrame) -> None:
    words = pd.Categorical(np.where(people["treated"] == 1, "a", "control"), ["a", "control"])
    found = _fit(people.assign(treated=words)).table
    assert found["term"].iloc[0] == "treated[a]"
    assert found["estimate"].iloc[0] == pytest.approx(_fit(people).table["estimate"].iloc[0])
    steps = nested_models(people.assign(treated=words), outcome="employed", treatment="treated", steps=["age"])
    assert steps.terms["term"].iloc[0] == "treated[a]"


def test_one_name_is_as_good_as_a_list_of_it(people: pd.DataFrame) -> None:
    one = _fit(people, covariates="age", interactions="age", absorb="office")
    many = _fit(people, covariates=["age"], interactions=["age"], absorb=["office"])
    pd.testing.assert_frame_equal(one.table, many.table)


def test_rows_alone_in_their_office_are_counted(people: pd.DataFrame) -> None:
    alone = people.assign(office=people["office"].where(people.index >= 30, 1_000 + people.index))
    assert (_fit(people).alone, _fit(alone).alone) == (0, 30)
    assert _fit(alone, absorb=()).alone == 0
    without = _fit(alone[alone.index >= 30])
    np.testing.assert_allclose(_fit(alone).table["estimate"], without.table["estimate"], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "options", "code", "said"),
    [
        (lambda d: {"employed": "yes"}, {}, "not_a_number", "employed .* 240 of 240"),
        (lambda d: {"age": np.inf}, {}, "not_a_number", "age"),
        (lambda d: {"age": pd.Timestamp("2020-01-01")}, {}, "not_a_number", "age is a time"),
        (lambda d: {"age": pd.Period("2020-01", "M")}, {"outcome": "age", "covariates": []}, "not_a_number", "a time"),
        (lambda d: {"treated": 1}, {}, "no_contrast", "treated"),
        (lambda d: {"treated": "extended"}, {}, "no_contrast", "treated"),
        (lambda d: {"sex": "man"}, {}, "collinear", "sex has one level"),
        (lambda d: {"employed": np.nan}, {}, "too_few", "employed is missing in 240 of 240"),
        (lambda d: {}, {"covariates": ["employed"]}, "bad_option", "explain itself"),
    ],
)
def test_what_no_model_can_be_made_of_is_named(
    people: pd.DataFrame, change: Change, options: dict, code: str, said: str
) -> None:
    with pytest.raises(EvaluationError, match=said) as caught:
        _fit(people.assign(**change(people)), **options)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "options", "code"),
    [
        (lambda d: {"treated": d["sex"].where(d.index > 9, "nobody")}, {}, "no_contrast"),
        (lambda d: {"employed": "yes"}, {}, "not_a_number"),
        (lambda d: {"age": np.inf}, {}, "not_a_number"),
        (lambda d: {"age": np.nan}, {}, "too_few"),
        (lambda d: {"sex": "man"}, {"steps": [["sex"]]}, "collinear"),
        (lambda d: {}, {"steps": ["employed"]}, "bad_option"),
    ],
)
def test_what_no_steps_can_be_made_of_is_named(people: pd.DataFrame, change: Change, options: dict, code: str) -> None:
    asked = {"outcome": "employed", "treatment": "treated", "steps": [[], "age"]} | options
    with pytest.raises(EvaluationError) as caught:
        nested_models(people.assign(**change(people)), **asked)
    assert caught.value.code == code


def test_a_column_that_is_there_twice_is_named(people: pd.DataFrame) -> None:
    with pytest.raises(EvaluationError, match="age more than once"):
        _fit(pd.concat([people, people[["age"]]], axis=1))


def test_groups_are_compared_whatever_kind_their_columns_are(people: pd.DataFrame) -> None:
    expected = compare_groups(people, group="sex", variables=["age", "employed"])
    kinds = people.assign(sex=people["sex"].astype("category"), age=people["age"].astype(object))
    pd.testing.assert_frame_equal(compare_groups(kinds, group="sex", variables=["age", "employed"]), expected)
    named = {"mean": {"a": 27.1, "b": 38.9}, "sd": {"b": 13.1, "a": 5.7}, "n": pd.Series({"a": 56, "b": 26})}
    assert compare_from_summary(**named) == compare_from_summary(mean=[27.1, 38.9], sd=[5.7, 13.1], n=[56, 26])


@pytest.mark.parametrize(
    ("doing", "code"),
    [
        (lambda d: compare_groups(d, group="sex", variables=["sex"]), "bad_option"),
        (lambda d: compare_groups(d, group="sex", variables="age", variance="equal"), "unknown_variance"),
        (lambda d: compare_groups(d.assign(age=np.inf), group="sex", variables="age"), "not_a_number"),
        (lambda d: compare_groups(d.assign(age=pd.Timestamp(0)), group="sex", variables="age"), "not_a_number"),
        (lambda d: compare_from_summary(mean=[1, 2], sd=[1, -1], n=[9, 9]), "not_a_number"),
        (lambda d: compare_from_summary(mean=[1, np.nan], sd=[1, 1], n=[9, 9]), "not_a_number"),
        (lambda d: compare_from_summary(mean=[1, 2], sd=[1], n=[9, 9]), "not_two_groups"),
        (lambda d: compare_from_summary(mean={"a": 1, "b": 2}, sd={"a": 1, "c": 1}, n=[9, 9]), "not_two_groups"),
        (lambda d: compare_from_summary(mean=[1, 2], sd=[1, 1], n=[9, 1]), "too_few"),
        (lambda d: compare_from_counts([[-1, 4], [5, 6]]), "not_a_number"),
        (lambda d: compare_from_counts([23, 10]), "not_a_number"),
        (lambda d: correlations(d, variables=["age"]), "too_few"),
        (lambda d: correlations(d, variables=["age", "sex"]), "not_a_number"),
        (lambda d: bivariate(d, outcome="age", predictors="sex"), "not_a_number"),
        (lambda d: bivariate(d, outcome="age", predictors="age"), "bad_option"),
    ],
)
def test_what_cannot_be_compared_is_named(people: pd.DataFrame, doing: Callable[..., Any], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        doing(people)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: {"person": d["person"].where(d.index > 4)}, "missing_value"),
        (lambda d: {"wave": d["wave"].where(d.index > 4)}, "missing_value"),
        (lambda d: {"hours": "many"}, "not_a_number"),
        (lambda d: {"hours": d["hours"].where(d.index > 0, np.inf)}, "not_a_number"),
    ],
)
def test_measurements_of_nobody_or_of_nothing_are_named(waves: pd.DataFrame, change: Change, code: str) -> None:
    asked = {"subject": "person", "between": "group", "within": "wave", "outcome": "hours"}
    with pytest.raises(EvaluationError) as caught:
        repeated_measures(waves.assign(**change(waves)), **asked)
    assert caught.value.code == code


def test_an_age_in_words_is_no_covariate(waves: pd.DataFrame) -> None:
    asked = {"subject": "person", "between": "group", "within": "wave", "outcome": "hours", "covariates": "age"}
    for analysis in (repeated_measures, mixed_measures):
        with pytest.raises(EvaluationError, match="age"):
            analysis(waves.assign(age="old"), **asked)


def test_months_of_a_panel_may_be_of_any_kind_and_in_any_order(panel: pd.DataFrame) -> None:
    kinds = panel.assign(employed=panel["employed"].astype("Int8"), follow_up=panel["follow_up"] == 1)
    mixed = kinds.assign(arm=kinds["arm"].astype("category")).sample(frac=1, random_state=4)
    for analysis in (retention, time_in_measure):
        expected, found = analysis(panel), analysis(mixed)
        assert found.astype({"arm": str}).to_dict() == expected.astype({"arm": str}).to_dict()


def test_who_is_in_no_arm_is_left_out_of_the_time_in_the_measure(panel: pd.DataFrame) -> None:
    found = time_in_measure(panel.assign(arm=panel["arm"].where(panel["participant_number"] != "P1")), months=2)
    assert found.groupby("arm")["n"].max().to_dict() == {"control": 3, "extended": 2}


@pytest.mark.parametrize(
    ("doing", "code"),
    [
        (lambda p: retention(pd.concat([p, p])), "duplicate_measurement"),
        (lambda p: retention(p.assign(employed="yes")), "not_a_number"),
        (lambda p: time_in_measure(pd.concat([p, p])), "duplicate_measurement"),
        (lambda p: time_in_measure(p.assign(follow_up="in")), "not_a_number"),
        (lambda p: time_in_measure(p, months=-1), "bad_option"),
        (lambda p: time_in_measure(p.assign(arm=None)), "no_starters"),
    ],
)
def test_a_panel_that_tells_nothing_is_named(panel: pd.DataFrame, doing: Callable[..., Any], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        doing(panel)
    assert caught.value.code == code


MEASURES = pd.DataFrame(
    {
        "measure": ["follow_up", "extended"],
        "total_cost": [638_126_000, 275_232_000],
        "participant_months": [102_457, 36_364],
        "months_in_first_year": [7.20, 8.26],
        "result": [0.292, 0.331],
    }
)


def test_a_cost_that_is_not_there_is_none_and_one_measure_is_compared_with_nothing() -> None:
    found = cost_effectiveness(MEASURES, reference="follow_up")
    assert (found.table["transaction_cost"] == 0).all()
    alone = cost_effectiveness(MEASURES.head(1), reference="follow_up").comparison
    assert (len(alone), list(alone)) == (0, list(found.comparison))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total_cost": [1, np.nan]}, "not_positive"),
        ({"total_cost": "dear"}, "not_a_number"),
        ({"transaction_cost": [-1, 0]}, "not_positive"),
        ({"transaction_cost": [np.nan, 0]}, "not_positive"),
        ({"result_se": [-0.1, 0.1]}, "not_positive"),
        ({"result": [29.2, 33.1]}, "bad_option"),
        ({"measure": "follow_up"}, "duplicate_measure"),
    ],
)
def test_costs_that_cannot_be_are_named(change: dict, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        cost_effectiveness(MEASURES.assign(**change), reference="follow_up")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "doing",
    [
        lambda: TTest(0.5, ratio=0),
        lambda: TTest(float("nan")),
        lambda: Proportions(0.5, 1.1),
        lambda: Proportions(0.5, 0.6, ratio=-1),
        lambda: Anova(0.25, 1),
        lambda: Anova(-0.25),
        lambda: RepeatedMeasures(0.25, "interactions"),
        lambda: RepeatedMeasures(0.25, "between", groups=1),
        lambda: RepeatedMeasures(0.25, "within", measurements=1),
        lambda: RepeatedMeasures(0.25, "within", correlation=1),
        lambda: RepeatedMeasures(0.25, "within", correlation=-0.6, measurements=3),
        lambda: RepeatedMeasures(0.25, "within", epsilon=0.2, measurements=3),
        lambda: required_sample(TTest(0.5), power=1),
        lambda: required_sample(TTest(0.5), alpha=0),
        lambda: power_of(TTest(0.5), n=100, alpha=2),
        lambda: detectable_effect(-1, df=10),
    ],
)
def test_a_design_that_cannot_be_is_refused(doing: Callable[[], Any]) -> None:
    with pytest.raises(EvaluationError) as caught:
        doing()
    assert caught.value.code == "bad_option"


def test_a_fault_is_named_without_its_value() -> None:
    with pytest.raises(EvaluationError) as caught:
        as_numbers(pd.Series(["12", "01017012345", "x"], name="age"))
    assert "01017012345" not in str(caught.value)
    assert as_numbers(pd.Series(["12", None], name="age")).tolist()[0] == 12
