"""The plan: its hash says what it says, and what is wrong is told by the field's name."""

import json

import pytest

from evaluation import Design, EvaluationError, Plan, seklar_plan
from evaluation.plan import plan_of_protocol


def test_a_plan_comes_back_from_its_own_text() -> None:
    plan = seklar_plan(data_to="2020-12-31")
    again = Plan.from_dict(json.loads(plan.canonical))
    assert again == plan
    assert again.sha256 == plan.sha256


def test_the_hash_follows_the_content_and_not_the_order() -> None:
    content = seklar_plan().to_dict()
    backwards = dict(reversed(content.items()))
    assert Plan.from_dict(backwards).sha256 == seklar_plan().sha256
    assert Plan.from_dict(content | {"alpha": "0.01"}).sha256 != seklar_plan().sha256


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 99),
        ("trial", ""),
        ("months", [36, -36]),
        ("months", [1]),
        ("months", "all"),
        ("months", [-1_000_000_000, 36]),
        ("control", ""),
        ("total_months", [1, 60]),
        ("on", "noon"),
        ("min_hours", "many"),
        ("min_hours", 4.5),
        ("data_to", "31.12.2020"),
        ("baseline", "age"),
        ("baseline", []),
        ("baseline", ["age", "sex", "men", "employed_at_start", "aap_at_start"]),
        ("baseline", [*seklar_plan().baseline, "aap_diagnosis"]),
        ("totals", [1, 2]),
        ("totals", ["happiness"]),
        ("share_figures", {"1": ["happiness"]}),
        ("share_figures", {"6.1": ["employed"]}),
        ("share_figures", {"Figur 9": ["employed"]}),
        ("effect_figures", {"v1": ["employed"]}),
        ("effect_figures", ["employed"]),
        ("covariance", "HC9"),
        ("primary", ["work_practice"]),
        ("primary", []),
        ("reference", "sekler"),
        ("covariates", ["shoe_size"]),
        ("alpha", "1.5"),
        ("multiplicity", "bonferroni"),
        ("disclosure", "anything"),
        ("colour", "red"),
        ("further", ["magic"]),
        ("further", "flow"),
        ("received", 1),
        ("received", "follow_up\x00"),
        ("received", "\ud800"),
        ("unit", "office"),
        ("ratios", {"Moss": {"control": 0}}),
        ("ratios", {"Moss": {}}),
        ("design", {"kind": "simple"}),
        ("design", {"method": {"kind": "magic"}, "arms": [["control", 1], ["a", 1]]}),
        ("design", {"method": {"kind": "simple"}, "arms": [["a", 1], ["b", 1]]}),
        ("design", {"method": {"kind": "simple"}, "arms": "two"}),
        ("design", {"method": {"kind": "simple", "chance": 0.5}, "arms": [["control", 1], ["a", 1]]}),
        ("design", {"method": {"kind": "simple"}, "arms": [["control", True], ["a", 1]]}),
        ("families", {"work": []}),
        ("families", {"work": ["happiness"]}),
        ("families", {"work": ["employed"], "again": ["employed"]}),
        ("equivalence", {"employed": 2}),
        ("equivalence", {"employed": "0"}),
        ("equivalence", {"happiness": "1"}),
    ],
)
def test_what_is_wrong_is_named_by_its_field(field: str, value: object) -> None:
    with pytest.raises(EvaluationError) as caught:
        Plan.from_dict(seklar_plan().to_dict() | {field: value})
    assert caught.value.code == "plan_invalid"
    assert str(caught.value).startswith("strata:" if field == "unit" else f"{field}:")


def test_a_misspelt_variable_of_the_baseline_is_not_held_against_the_covariates() -> None:
    content = seklar_plan().to_dict()
    misspelt = [{"employed_at_start": "emloyed_at_start"}.get(name, name) for name in content["baseline"]]
    with pytest.raises(EvaluationError, match=r"^baseline: emloyed_at_start .* is employed_at_start meant"):
        Plan.from_dict(content | {"baseline": misspelt})
    with pytest.raises(EvaluationError, match=r"^baseline: aeg "):
        Plan.from_dict(content | {"baseline": ["aeg"], "covariates": [], "subgroups": ["age"]})
    own = Plan.from_dict(content | {"baseline": ["men2", "shoe_size"], "covariates": ["shoe_size"]})
    assert own.baseline == ("men2", "shoe_size")  # delivered columns have any name


def test_numbers_of_earlier_trials_with_a_fraction_are_asked_for_as_text() -> None:
    arm = {"mean_treated": "1", "sd_treated": "2.5", "n_treated": 20, "mean_control": "1", "n_control": 20}
    earlier = {"measure": "MD", "outcome": "hours", "month": 6}
    for deviation, fits in (("2.5", True), (2.5, False)):
        studies = [{"study": name, **arm, "sd_control": deviation} for name in ("a", "b")]
        content = seklar_plan().to_dict() | {"earlier": earlier | {"studies": studies}}
        if fits:
            assert Plan.from_dict(content).sha256
            continue
        with pytest.raises(EvaluationError, match=r"^earlier: write numbers with a fraction as text"):
            Plan.from_dict(content)


@pytest.mark.parametrize(("field", "value"), [("months", 3), ("primary", "employed"), ("families", ["employed"])])
def test_a_plan_made_in_python_is_held_to_the_same_shape(field: str, value: object) -> None:
    with pytest.raises(EvaluationError, match=f"^{field}:"):
        Plan(trial="se-klar", **{field: value})


NEEDED = [("compliers", "received"), ("weights", "ratios"), ("randomisation", "design")]


@pytest.mark.parametrize(("analysis", "field"), NEEDED)
def test_an_analysis_names_the_field_that_it_cannot_do_without(analysis: str, field: str) -> None:
    with pytest.raises(EvaluationError, match=analysis) as caught:
        Plan.from_dict(seklar_plan().to_dict() | {"further": [analysis]})
    assert str(caught.value).startswith(f"{field}:")


def test_a_field_that_came_later_leaves_older_hashes_alone() -> None:
    plan = Plan(trial="se-klar")
    assert not set(plan.to_dict()) & {"further", "received", "unit", "ratios", "design", "families", "equivalence"}
    assert "further" in seklar_plan().to_dict()


PROTOCOL = {
    "trial": "ny",
    "arms": [["IPS", 2], ["vanlig", 1]],
    "method": {"kind": "permuted_blocks", "multipliers": [1, 2]},
    "unit": "person",
}


def test_a_protocol_gives_a_plan_to_begin_from() -> None:
    plan = plan_of_protocol(PROTOCOL, data_to="2030-12-31")
    assert (plan.control, plan.strata, plan.unit) == ("vanlig", "office", "")
    assert plan.declared_design == Design(PROTOCOL["method"], (("IPS", 2), ("vanlig", 1)))
    assert "randomisation" in plan.further
    assert Plan.from_dict(json.loads(plan.canonical)) == plan
    drawn_offices = plan_of_protocol(PROTOCOL | {"unit": "cluster", "control": "IPS"})
    assert (drawn_offices.control, drawn_offices.unit, drawn_offices.strata) == ("IPS", "office", "")


def test_a_comparison_without_a_draw_gets_a_plan_without_a_design() -> None:
    plan = plan_of_protocol(PROTOCOL | {"method": {}, "arms": [["a", 1], ["control", 1]]})
    assert (plan.control, dict(plan.design)) == ("control", {})
    assert "randomisation" not in plan.further


def test_a_protocol_that_names_no_arm_yet_gets_a_plan_all_the_same() -> None:
    plan = plan_of_protocol(PROTOCOL | {"arms": []})
    assert (plan.control, dict(plan.design)) == ("control", {})


def test_a_plan_that_is_no_object_or_names_no_trial_is_refused() -> None:
    for content in ([], "plan", {}, {"control": "control"}):
        with pytest.raises(EvaluationError, match=r"trial|object"):
            Plan.from_dict(content)


def test_registers_that_end_before_they_begin_are_named() -> None:
    with pytest.raises(EvaluationError, match=r"^data_from: the first day comes after data_to"):
        Plan.from_dict(seklar_plan(data_to="2020-01-01").to_dict() | {"data_from": "2021-01-01"})
