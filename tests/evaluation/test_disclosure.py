"""Small counts never leave: not as themselves, not as a share, not as what follows from one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluation.disclosure import RULES, disclosed, disclosed_manifest, far_enough
from evaluation.errors import EvaluationError
from evaluation.remarks import remarks

BASELINE = ("variable", "intervention", "control", "difference", "se", "t", "p", "smd", "missing")
NOTES = {"n_intervention": 167, "n_control": 101, "joint_n": 268, "joint_df": [15, 252], "joint_p": 0.19}


def _baseline(variable, treated, control, missing=0):
    row = [variable, treated / 167, control / 101, control / 101 - treated / 167, 0.1, 1.0, 0.3, 0.2, missing]
    return {"name": "table-1", "columns": BASELINE, "rows": [row], "spec": None, "notes": NOTES}


def _figure(outcome, holders, n):
    mean = holders / n
    point = {"outcome": "@" + outcome, "month": 3, "arm": "@control", "mean": 100 * mean, "n": n}
    columns = ("outcome", "month", "arm", "mean", "n")
    rows = [[outcome, 3, "control", mean, n]]
    return {"name": "figure-1", "columns": columns, "rows": rows, "spec": {"data": {"values": [point]}}, "notes": {}}


@pytest.mark.parametrize(
    ("rule", "n", "leaves"),
    [("opensafely", 7, None), ("opensafely", 8, 10), ("opensafely", 12, 10), ("opensafely", 13, 15),
     ("ssb3", 2, None), ("ssb3", 4, 3), ("strict10", 9, None), ("strict10", 14, 10), ("strict10", 15, 20)],
)  # fmt: skip
def test_a_count_is_hidden_or_rounded(rule, n, leaves):
    assert RULES[rule].count(n) == leaves


@given(st.sampled_from(sorted(RULES)), st.integers(0, 300), st.integers(1, 300))
def test_no_share_lets_a_small_count_or_a_small_complement_be_computed(name, holders, n):
    rule = RULES[name]
    share = rule.share(min(holders, n) / n, n)
    if share is not None:
        back = share * rule.count(n)
        assert abs(back / rule.rounds_to - round(back / rule.rounds_to)) < 1e-9
        assert min(min(holders, n), n - min(holders, n)) > rule.hides_up_to


def test_what_follows_from_a_hidden_share_is_hidden_with_it():
    row = dict(zip(BASELINE, disclosed(_baseline("married", 34, 3), "opensafely")["rows"][0], strict=True))
    assert [row[key] for key in BASELINE[1:8]] == [None] * 7


def test_a_share_and_its_difference_follow_from_rounded_counts():
    found = disclosed(_baseline("men", 95, 68, missing=9), "opensafely")
    row = dict(zip(BASELINE, found["rows"][0], strict=True))
    assert row["intervention"] == pytest.approx(95 / 165)
    assert row["control"] == pytest.approx(70 / 100)
    assert row["difference"] == pytest.approx(70 / 100 - 95 / 165)
    assert row["missing"] == 10
    assert found["notes"] | {"joint_p": None} == {
        "n_intervention": 165, "n_control": 100, "joint_n": 270, "joint_df": [15, 250], "joint_p": None,
        "disclosure": "opensafely",
    }  # fmt: skip


def test_means_of_years_and_money_are_no_counts():
    assert disclosed(_baseline("age", 36 * 167, 38 * 101), "strict10")["rows"][0][1:4] == [36, 38, 2]


def test_a_figure_draws_exactly_what_its_table_says():
    found = disclosed(_figure("employed", 44, 101), "opensafely")
    assert found["rows"][0][3:] == [45 / 100, 100]
    assert found["spec"]["data"]["values"][0] == {
        "outcome": "@employed", "month": 3, "arm": "@control", "mean": 45.0, "n": 100
    }  # fmt: skip


def test_a_hidden_point_is_in_neither_table_nor_drawing():
    found = disclosed(_figure("employed", 4, 101), "opensafely")
    assert found["rows"][0][3] is None
    assert found["spec"]["data"]["values"][0]["mean"] is None
    assert "3.96" not in json.dumps(found)


def test_the_given_finding_is_not_changed():
    content = _figure("employed", 44, 101)
    before = json.dumps(content)
    disclosed(content, "opensafely")
    assert json.dumps(content) == before


def test_an_unknown_rule_is_an_error():
    with pytest.raises(EvaluationError, match="no disclosure rule"):
        disclosed(_figure("employed", 44, 101), "none")


def test_the_difference_between_few_missing_outcomes_is_hidden_with_their_counts() -> None:
    columns = ["outcome", "treated_n", "treated_missing", "control_n", "control_missing", "effect", "ci_high", "reason"]
    rows = [["employed", 167, 3, 101, 12, -0.1, -0.02, ""], ["aap", 167, 31, 101, 12, 0.071, 0.16, ""]]
    content = {"columns": columns, "notes": {}, "rows": rows, "spec": None}
    few, many = disclosed(content, "opensafely")["rows"]
    assert few == ["employed", 165, None, 100, 10, None, None, ""]
    assert many == ["aap", 165, 30, 100, 10, 0.08, 0.18, ""]  # steps of 0.02, an end as far away as it was, or farther


def _effects(outcome: str, effect: float, few: int | None) -> dict:
    columns = ("outcome", "month", "effect", "ci_low", "ci_high", "p", "n", "reason")
    row = [outcome, 3, effect, effect - 0.05, effect + 0.05, 0.004, 268, ""]
    values = [{"outcome": "@" + outcome, "month": 3, "effect": effect, "ci_low": 0, "ci_high": 0, "p": 0.004, "n": 268}]
    return {"columns": columns, "rows": [row], "spec": {"data": {"values": values}}, "notes": {"smallest": [few]}}


def test_the_effect_on_a_state_that_few_have_is_hidden_with_their_share_and_nobody_is_told_how_few() -> None:
    found = disclosed(_effects("aap", 0.0123, 4), "opensafely")
    assert found["rows"][0] == ["aap", 3, None, None, None, None, 270, ""]
    assert "smallest" not in found["notes"]
    assert found["spec"]["data"]["values"][0]["effect"] is None


def test_a_panel_in_which_nothing_is_left_to_draw_says_so() -> None:
    for few, title in ((4, {"text": "@aap", "subtitle": "@nothing_to_draw"}), (40, "@aap")):
        content = _effects("aap", 0.0713, few)
        content["spec"]["concat"] = [{"title": "@aap", "layer": []}]
        assert disclosed(content, "opensafely")["spec"]["concat"][0]["title"] == title


def test_an_effect_on_a_state_goes_in_steps_and_what_follows_from_it_is_computed_from_the_step() -> None:
    row = disclosed(_effects("aap", 0.0713, 40), "opensafely")["rows"][0]
    assert row[2:5] == [0.08, 0.02, 0.14]
    assert row[5] == pytest.approx(2 * stats.t.sf(0.08 / (0.06 / stats.t.ppf(0.975, 268)), 268))


def test_the_reader_is_told_of_steps_and_gaps_where_there_are_any() -> None:
    for few in (40, 4):
        notes = disclosed(_effects("aap", 0.0713, few), "opensafely")["notes"]
        assert any("trinn på 2 prosentpoeng" in sentence for sentence in remarks(notes, "nb"))
        assert any("steps of 2 percentage points" in sentence for sentence in remarks(notes, "en"))
    assert "step" not in disclosed(_effects("hours", 1.23456, None), "opensafely")["notes"]


def test_an_effect_on_hours_keeps_its_digits() -> None:
    assert disclosed(_effects("hours", 1.23456, None), "opensafely")["rows"][0][2] == 1.23456


def test_a_share_of_those_who_have_a_value_is_hidden_when_these_may_be_few() -> None:
    known = 107
    row = ["married", 7 / known, 0.3, 0.2, 0.1, 1.0, 0.3, 0.2, 60]
    content = {"name": "table-1", "columns": BASELINE, "rows": [row], "spec": None, "notes": NOTES}
    assert disclosed(content, "opensafely")["rows"][0][1:3] == [None, None]


def test_the_test_of_two_shares_is_made_from_the_rounded_ones() -> None:
    row = dict(zip(BASELINE, disclosed(_baseline("men", 95, 68), "opensafely")["rows"][0], strict=True))
    treated, control = (np.repeat([1.0, 0.0], counts) for counts in ((95, 70), (70, 30)))
    expected = stats.ttest_ind(control, treated)
    assert (row["t"], row["p"]) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert row["smd"] == pytest.approx(row["difference"] / np.sqrt((treated.var(ddof=1) + control.var(ddof=1)) / 2))


def test_how_many_persons_there_were_is_rounded_in_the_manifest_as_well() -> None:
    assert disclosed_manifest({"persons": 268, "seed": 7}, "opensafely") == {"persons": 270, "seed": 7}
    consent = {"persons_left_out": 0, "persons_not_covered": {"income": 1, "benefits": 13}}
    left = {"persons_left_out": 0, "persons_not_covered": {"income": None, "benefits": 15}}
    assert disclosed_manifest({"consent": consent}, "opensafely") == {"consent": left}


def test_two_releases_are_of_the_same_persons_or_of_many_others() -> None:
    sizes = {"n_intervention": 167, "n_control": 101}
    assert far_enough(sizes, [sizes, {"n_intervention": 150, "n_control": 93}], "opensafely")
    assert not far_enough(sizes, [sizes, {"n_intervention": 167, "n_control": 94}], "opensafely")


def test_a_figure_that_no_rule_knows_does_not_leave() -> None:
    plane = {"name": "cost-plane", "columns": ["extra_cost"], "rows": [[1.0]], "spec": {"data": {}}, "notes": {}}
    with pytest.raises(EvaluationError, match="cost-plane") as caught:
        disclosed(plane, "opensafely")
    assert caught.value.code == "undisclosable"
