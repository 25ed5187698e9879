"""The comparison of measures from deliveries: the report's tables and figures, and what it refuses."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError
from evaluation.__main__ import main
from evaluation.comparing.costs import Costs
from evaluation.comparing.models import by_age, full_model, step_by_step, with_aap
from evaluation.comparing.plan import PROBA_COSTS, ComparisonPlan, proba_plan
from evaluation.comparing.published import ESTIMATES, SHARES
from evaluation.comparing.rule import held_to_the_rule
from evaluation.comparing.running import _steps, compare_measures
from evaluation.comparing.sample import Comparison
from evaluation.comparing.tables import Tables, two_models
from evaluation.findings import Finding, Results
from evaluation.showing import shown
from evaluation.simulation import write_deliveries

pytestmark = pytest.mark.slow
Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def results(starters: Frames) -> Results:
    return compare_measures(proba_plan(), starters)


def _column(finding: Finding, key: str, column: str) -> dict[str, Any]:
    return {str(row[key]): row[column] for row in finding.records}


def test_every_table_and_figure_of_the_report_is_there(results: Results) -> None:
    names = {finding.name for finding in results.findings}
    tables = {"2-1", "3-1", "3-2", "4-1", "4-2", "4-3", "4-4", "4-5", "4-6", "4-7", "v1"}
    figures = {"2-21", "3-2", "3-3", "4-1", "4-2", "4-3", "4-4"}
    assert names >= {f"table-{name}" for name in tables} | {f"figure-{name}" for name in figures}
    assert names >= {"table-6-1", "table-6-2", "table-6-3", "cost-plane", "acceptability"}
    assert names >= {"variants", "selection", "balance", "weighted-difference", "oster"}
    assert results.manifest["check"]["largest"] < 1e-8


@pytest.mark.parametrize(
    ("name", "key", "within"),
    [
        ("table-3-2", "variable", 0.035),
        ("table-4-1", "kind", 0.04),
        ("table-4-2", "at", 0.045),
        ("table-2-1", "measure", 0.05),
    ],
)
def test_shares_are_near_the_published(results: Results, name: str, key: str, within: float) -> None:
    for column, place in (("treated_mean", 0), ("control_mean", 1)):
        found = _column(results[name], key, column)
        for row, published in SHARES[name].items():
            assert found[row] == pytest.approx(published[place], abs=within), row


def test_nobody_is_lost_between_the_tables(results: Results, starters: Frames) -> None:
    sample = results["table-3-1"].records
    assert sample[0]["n"] == len(starters["participants"])
    assert [row["n"] for row in sample] == sorted((row["n"] for row in sample), reverse=True)
    assert results["table-v1"].records[0]["n"] == sample[1]["n"]
    assert results["table-4-6"].records[0]["n"] == sample[2]["n"]


def test_the_sample_is_held_to_its_rule(results: Results, starters: Frames) -> None:
    kinds = _column(results["sample-rule"], "start", "n")
    assert kinds["by_rule"] == len(starters["participants"])
    assert sum(kinds.values()) == kinds["by_rule"]


def test_whoever_departs_from_the_rule_is_counted(starters: Frames) -> None:
    people, measures = starters["participants"].copy(), starters["measures"].copy()
    late, swapped, free, earlier = people["participant_number"][:4]
    people.loc[people["participant_number"] == late, "start_date"] -= pd.Timedelta(days=40)
    other = {"extended_follow_up": "follow_up", "follow_up": "extended_follow_up"}
    mine = people["participant_number"] == swapped
    people.loc[mine, "arm"] = people.loc[mine, "arm"].map(other)
    measures = measures[measures["participant_number"] != free]
    before = people.loc[people["participant_number"] == earlier, "start_date"].iloc[0] - pd.Timedelta(days=62)
    spell = {"participant_number": earlier, "measure": "MENTOR", "start": before, "end": before}
    measures = pd.concat([measures, pd.DataFrame([spell | {"end": before + pd.offsets.MonthEnd(0)}])])
    unknown = people["participant_number"].iloc[-1]
    kept = people[people["participant_number"] != unknown]
    found = held_to_the_rule(proba_plan(), kept, measures).set_index("start")["n"]
    assert found.to_dict() == {
        "by_rule": len(people) - 5,
        "by_rule_other_month": 1,
        "by_rule_other_measure": 1,
        "no_start": 2,
        "not_delivered": 1,
    }
    with pytest.raises(EvaluationError) as caught:
        held_to_the_rule(proba_plan(), kept, measures[measures["measure"] == "MENTOR"])
    assert caught.value.code == "no_starters"


def test_the_raw_difference_shrinks_step_by_step(results: Results) -> None:
    steps = results["table-v1"].records
    assert [row["model"] for row in steps] == [1, 2, 3, 4, 5]
    assert steps[0]["estimate"] == pytest.approx(0.039, abs=0.01)
    assert steps[4]["estimate"] == pytest.approx(0.015, abs=0.02)
    assert steps[4]["estimate"] < steps[0]["estimate"] - 0.01
    assert (steps[2]["added"], "age" in steps[3]["added"]) == ("diagnosis", True)
    assert steps[3]["change"] == min(row["change"] for row in steps[1:])
    assert all(later["r2"] >= row["r2"] for row, later in pairwise(steps))


def test_the_models_stand_side_by_side(results: Results) -> None:
    beside = {row["term"]: row for row in results["table-v1-terms"].records}
    steps = results["table-v1"].records
    assert [beside["extended_follow_up"][f"model_{row['model']}"] for row in steps] == [
        row["estimate"] for row in steps
    ]
    assert [beside["age"][f"model_{place}"] is None for place in range(1, 6)] == [True, True, True, False, False]
    assert not [term for term in beside if term.startswith("year_month")]


def test_the_last_step_is_the_whole_model(comparison: Comparison) -> None:
    last = step_by_step(comparison.people).table.iloc[-1]
    whole = full_model(comparison.people).table.set_index("term").loc["treated"]
    np.testing.assert_allclose([last["estimate"], last["se"]], whole[["estimate", "se"]], rtol=1e-6)


def test_coefficients_are_near_the_published(comparison: Comparison) -> None:
    found = full_model(comparison.people).table.set_index("term").rename(index={"treated": "extended_follow_up"})
    for term, (published,) in ESTIMATES["table-4-3"].items():
        assert found.loc[term, "estimate"] == pytest.approx(published, abs=4 * found.loc[term, "se"]), term


def test_the_combined_effect_has_its_own_error(comparison: Comparison) -> None:
    rows = with_aap(comparison.people)["rows"].set_index("term")
    assert rows.loc["with_aap", "estimate"] == pytest.approx(rows.loc[["treated", "treated:aap"], "estimate"].sum())
    assert rows.loc["with_aap", "se"] < np.hypot(*rows.loc[["treated", "treated:aap"], "se"])


def test_the_ages_make_up_the_whole(comparison: Comparison) -> None:
    parts = by_age(comparison.people)
    assert sum(part["n"] for part in parts.values()) == with_aap(comparison.people)["n"]


def test_the_two_models_of_the_bound_are_the_first_and_last_step(comparison: Comparison) -> None:
    steps, models = step_by_step(comparison.people).table, two_models(comparison.people)
    assert (models.short, models.long) == (steps["estimate"].iloc[0], steps["estimate"].iloc[-1])
    assert 0 < models.residual_variance < models.treatment_variance


def test_published_numbers_stand_beside(results: Results) -> None:
    heads = shown(results["table-4-1"], reference="proba").heads
    assert sum("publisert" in head for head in heads) == 2
    assert "33,1 %" in {cell for row in shown(results["table-4-1"], reference="proba").rows for cell in row}
    steps = shown(results["table-v1"], reference="proba", language="en")
    assert "Estimate, published" in steps.heads
    by_age = shown(results["table-4-5"], reference="proba")
    assert [row[-1] for row in by_age.rows] == ["0,05930", "−0,04390", "–", "0,05150", "−0,03530", "–"]


def test_costs_are_held_against_results(results: Results, comparison: Comparison) -> None:
    month, year, against = (results[f"table-6-{number}"].records for number in (1, 2, 3))
    assert {row["measure"]: round(row["cost_per_month"]) for row in month} == {
        "follow_up": 6228,
        "extended_follow_up": 7569,
    }
    for row in year:
        assert row["first_year_total"] == pytest.approx(row["first_year"] + row["transaction_cost"])
        mine = Costs(comparison).people.query("arm == @row['measure']")
        assert row["first_year_total"] == pytest.approx(mine["cost"].mean())
    raw, whole = against
    assert (raw["estimator"], whole["estimator"]) == ("raw", "whole_model")
    assert raw["result_difference"] == pytest.approx(results["table-v1"].records[0]["estimate"])
    assert whole["result_difference"] == pytest.approx(results["table-v1"].records[4]["estimate"], rel=1e-6)
    assert round(100 * (raw["cost_per_month_ratio"] - 1)) == 22
    assert raw["cost_per_result"] == pytest.approx(raw["first_year_extra"] / raw["result_difference"])
    assert whole["cost_per_result"] > raw["cost_per_result"]
    assert results["acceptability"].records[0]["probability"] == 0


def test_who_has_no_office_is_left_out_of_the_costs_as_of_the_models(starters: Frames) -> None:
    people = starters["participants"]
    without = people.assign(office=people["office"].where(people.index != people.index[3]))
    costs = Costs(Comparison(proba_plan(), {**starters, "participants": without}))
    assert costs.people["office"].notna().all()
    assert np.isfinite(costs.uncertain.result_se)


def test_two_rates_of_unemployment_in_a_month_are_named(starters: Frames) -> None:
    rates = starters["unemployment"]
    with pytest.raises(EvaluationError, match="two rates in the same month"):
        _ = Comparison(proba_plan(), {**starters, "unemployment": pd.concat([rates, rates.head(1)])}).people


def test_a_plan_without_costs_has_no_chapter_of_them(comparison: Comparison) -> None:
    content = proba_plan().to_dict()
    content.pop("costs")
    without = ComparisonPlan.from_dict(content)
    assert "costs" not in without.to_dict()
    assert "costs" not in _steps(Comparison(without, comparison.frames))
    assert "costs" in _steps(comparison)


def test_the_same_deliveries_give_the_same_bytes(comparison: Comparison) -> None:
    one, again = ([finding.to_dict() for finding in Tables(comparison).steps()] for _time in range(2))
    assert json.dumps(one) == json.dumps(again)


def test_from_a_terminal(starters: Frames, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_deliveries(starters, tmp_path / "deliveries")
    (tmp_path / "plan.json").write_text(json.dumps(proba_plan().to_dict()))
    command = ["run", str(tmp_path / "plan.json"), str(tmp_path / "deliveries"), "--out", str(tmp_path / "results")]
    assert main(command) == 0
    assert "Tabell V1" in capsys.readouterr().out
    assert (tmp_path / "results" / "figures" / "figure-4-4.svg").exists()
    assert main([*command, "--masked"]) == 1
    assert "no arms to mask" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frames: frames | {"employment": None}, "missing_register"),
        (lambda frames: frames | {"participants": frames["participants"].drop(columns="sex")}, "unknown_outcome"),
        (lambda frames: frames | {"participants": frames["participants"].assign(arm="other")}, "not_two_arms"),
    ],
)
def test_deliveries_that_give_no_comparison_are_named(starters: Frames, change: Any, code: str) -> None:
    given = {name: frame for name, frame in change(dict(starters)).items() if frame is not None}
    with pytest.raises(EvaluationError) as caught:
        compare_measures(proba_plan(), given)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"kind": "trial"}, "kind"),
        ({"trial": ""}, "trial"),
        ({"control": "extended_follow_up"}, "treated"),
        ({"codes": {"follow_up": ["INDOPPFAG"]}}, "codes"),
        ({"codes": {"follow_up": ["NOTHING"], "extended_follow_up": ["UTVAOONAV"]}}, "NOTHING"),
        ({"months": [-12, 24]}, "months"),
        ({"later": 36}, "later"),
        ({"data_to": "yesterday"}, "data_to"),
        ({"codes": {"follow_up": ["INDOPPFAG"], "extended_follow_up": ["INDOPPFAG"]}}, "codes: a code belongs"),
        ({"codes": "INDOPPFAG"}, "codes: must be"),
        ({"month": "twelve"}, "month: must be a whole number"),
        ({"months": [-24, 36_000]}, "months: at most"),
        ({"min_hours": "many"}, "min_hours: hours a week"),
        ({"disclosure": "anything"}, "disclosure: one of opensafely"),
        ({"reference": "seklar"}, "reference: proba"),
        ({"weights": 1}, "weights"),
        ({"costs": {"follow_up": {}}}, "costs: of both measures"),
        ({"costs": {key: {"total_cost": 1} for key in PROBA_COSTS}}, "costs: of both measures"),
        ({"costs": proba_plan().to_dict()["costs"] | {"follow_up": {"total_cost": 0}}}, "whole numbers above 0"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_names_its_field(content: dict[str, Any], field: str) -> None:
    with pytest.raises(EvaluationError, match=field):
        ComparisonPlan.from_dict(proba_plan().to_dict() | content)


def test_a_plan_keeps_its_name() -> None:
    assert ComparisonPlan.from_dict(proba_plan().to_dict()).sha256 == proba_plan().sha256
    assert proba_plan(data_to="2019-08-31").sha256 != proba_plan().sha256
