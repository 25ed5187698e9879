"""A plan is what two persons agreed on before anyone was drawn, and nothing else."""

import hashlib
import json

import pytest

from evaluation.plan import seklar_plan
from tests.cast import acting
from trial.access.refusals import Refusal
from trial.analyses.actions import lock_plan, propose_plan
from trial.analyses.templates import template_for
from trial.studies.actions import set_arms

CONTENT = seklar_plan("se-klar").to_dict()


def _proposed(cast, by, **changes):
    with acting(by):
        return propose_plan(by=by, trial=cast.trial, content=CONTENT | changes)


def test_a_plan_is_kept_as_the_very_bytes_that_were_hashed(drafted_cast):
    plan = _proposed(drafted_cast, drafted_cast.analyst)
    assert plan.sha256 == hashlib.sha256(plan.text.encode()).hexdigest()
    assert json.loads(plan.text) == CONTENT
    assert plan.version == 1


def test_another_person_locks_it_and_the_trial_names_its_hash(drafted_cast):
    plan = _proposed(drafted_cast, drafted_cast.analyst)
    with acting(drafted_cast.lead):
        locked = lock_plan(by=drafted_cast.lead, plan=plan)
        drafted_cast.trial.refresh_from_db()
    assert drafted_cast.trial.analysis_plan_sha256 == plan.sha256
    assert locked.locked_by == drafted_cast.lead


def test_the_analyst_may_be_the_second_person(drafted_cast):
    plan = _proposed(drafted_cast, drafted_cast.lead)
    with acting(drafted_cast.analyst):
        lock_plan(by=drafted_cast.analyst, plan=plan)
        drafted_cast.trial.refresh_from_db()
    assert drafted_cast.trial.analysis_plan_sha256 == plan.sha256


def test_nobody_locks_the_own_plan(drafted_cast):
    plan = _proposed(drafted_cast, drafted_cast.lead)
    with acting(drafted_cast.lead), pytest.raises(Refusal, match="second_person_needed"):
        lock_plan(by=drafted_cast.lead, plan=plan)


def test_a_trial_has_one_locked_plan(drafted_cast):
    first = _proposed(drafted_cast, drafted_cast.analyst)
    second = _proposed(drafted_cast, drafted_cast.analyst, alpha="0.01")
    with acting(drafted_cast.lead):
        lock_plan(by=drafted_cast.lead, plan=first)
        with pytest.raises(Refusal, match="plan_locked_already"):
            lock_plan(by=drafted_cast.lead, plan=second)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"months": [3, -3]}, "plan_invalid"),
        ({"alpha": 0.05}, "plan_invalid"),
        ({"colour": "red"}, "plan_invalid"),
        ({"trial": "another"}, "plan_of_another_trial"),
        ({"control": "kontroll"}, "plan_invalid"),
        ({"ratios": {"Moss": {"intervensjon": 5, "control": 3}}}, "plan_invalid"),
        ({"design": {"method": {"kind": "simple"}, "arms": [["control", 1], ["x", 1]]}}, "plan_invalid"),
        ({"design": {"method": {"kind": "simple", "p": 0.5}, "arms": [["control", 1], ["x", 1]]}}, "plan_invalid"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_at_its_field(drafted_cast, changes, code):
    with pytest.raises(Refusal) as refusal:
        _proposed(drafted_cast, drafted_cast.analyst, **changes)
    assert (refusal.value.code, refusal.value.field, refusal.value.status) == (code, "content", 422)


def test_the_same_plan_is_not_proposed_twice(drafted_cast):
    _proposed(drafted_cast, drafted_cast.analyst)
    with pytest.raises(Refusal, match="plan_unchanged"):
        _proposed(drafted_cast, drafted_cast.lead)


def test_after_the_protocols_lock_no_plan_is_proposed(cast):
    with pytest.raises(Refusal, match="plan_closed"):
        _proposed(cast, cast.analyst)


@pytest.mark.parametrize("attribute", ["kari", "coordinator", "data_manager", "checker", "outsider"])
def test_only_those_who_lock_plans_propose_them(drafted_cast, attribute):
    user = getattr(drafted_cast, attribute)
    with acting(user), pytest.raises(Refusal, match="not_allowed"):
        propose_plan(by=user, trial=drafted_cast.trial, content=CONTENT)


@pytest.mark.parametrize(
    ("strata_by", "method", "tested"),
    [
        (["office"], {"kind": "simple"}, True),
        ([], {"kind": "simple"}, True),
        (["office", "kjønn"], {"kind": "simple"}, False),
        (["kjønn"], {"kind": "simple"}, False),
        (["office"], {"kind": "biased_coin", "probability": [2, 3]}, False),  # which draws no arms of 5 to 3
        (["office", "kjønn"], {"kind": "minimisation", "factors": {"kjønn": 1}, "probability": [4, 5]}, True),
    ],
)
def test_the_plan_to_begin_from_tests_the_draw_only_where_it_knows_the_lists(drafted_cast, strata_by, method, tested):
    trial = drafted_cast.trial
    trial.strata_by, trial.method = strata_by, method
    with acting(drafted_cast.lead):
        assert ("randomisation" in template_for(trial)["further"]) == tested


def test_the_plan_to_begin_from_compares_with_the_arm_that_the_trial_calls_its_control(drafted_cast):
    arms = [
        {"code": "vanlig", "name": "Vanlig", "ratio": 1, "is_control": True},
        {"code": "ips", "name": "IPS", "ratio": 1},
    ]
    with acting(drafted_cast.lead):
        set_arms(by=drafted_cast.lead, trial=drafted_cast.trial, arms=arms)
        assert template_for(drafted_cast.trial)["control"] == "vanlig"
