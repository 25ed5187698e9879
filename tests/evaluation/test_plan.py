"""The plan: its hash says what it says, and what is wrong is told by the field's name."""

import json

import pytest

from evaluation import EvaluationError, Plan, seklar_plan


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
        ("total_months", [1, 60]),
        ("on", "noon"),
        ("min_hours", "many"),
        ("min_hours", 4.5),
        ("data_to", "31.12.2020"),
        ("baseline", "age"),
        ("baseline", []),
        ("totals", [1, 2]),
        ("totals", ["happiness"]),
        ("share_figures", {"1": ["happiness"]}),
        ("effect_figures", ["employed"]),
        ("covariance", "HC9"),
        ("primary", ["work_practice"]),
        ("covariates", ["shoe_size"]),
        ("alpha", "1.5"),
        ("multiplicity", "bonferroni"),
        ("disclosure", "anything"),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(field: str, value: object) -> None:
    with pytest.raises(EvaluationError) as caught:
        Plan.from_dict(seklar_plan().to_dict() | {field: value})
    assert caught.value.code == "plan_invalid"
    assert str(caught.value).startswith(f"{field}:")


def test_a_plan_that_is_no_object_or_names_no_trial_is_refused() -> None:
    for content in ([], "plan", {}, {"control": "control"}):
        with pytest.raises(EvaluationError, match=r"trial|object"):
            Plan.from_dict(content)
