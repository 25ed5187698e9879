"""Trials and memberships: who may, when it is right, and that changed rights apply at once."""

from datetime import timedelta

import pytest

from tests.cast import ARMS, acting, new_user
from trial.access.permissions import Permission
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit import clock
from trial.audit.guards import writing
from trial.audit.models import AuditEvent
from trial.studies import actions
from trial.studies.models import Membership
from trial.studies.permissions import can, require
from trial.studies.queries import forget_memberships, memberships_of, offices_of, plane_for, trial_for, trials_of
from trial.studies.states import LABELS, TRANSITIONS, TrialState, next_state


def refused(code, action, *, by, **arguments):
    """The refusal with which an action answers; fails when it answers otherwise."""
    with pytest.raises(Refusal) as answer, acting(by):
        action(by=by, **arguments)
    assert answer.value.code == code


@pytest.mark.parametrize("present", TrialState)
@pytest.mark.parametrize("wanted", TrialState)
def test_a_trial_moves_only_along_the_table(present, wanted):
    if wanted in TRANSITIONS[present]:
        assert next_state(present, wanted) == wanted
    else:
        with pytest.raises(Refusal, match="wrong_trial_state") as answer:
            next_state(present, wanted)
        assert str(LABELS[present]) in str(answer.value.sentence)


def test_no_state_leads_back_to_planning():
    assert not [state for state, targets in TRANSITIONS.items() if TrialState.DRAFTING in targets]


def test_the_lead_carries_the_trial_from_recruitment_to_data_lock(cast):
    with acting(cast.lead):
        actions.close_recruitment(by=cast.lead, trial=cast.trial)
        actions.start_recruiting(by=cast.lead, trial=cast.trial)
        actions.close_recruitment(by=cast.lead, trial=cast.trial)
        actions.lock_data(by=cast.lead, trial=cast.trial)
    cast.trial.refresh_from_db()
    assert cast.trial.state == "data_locked"
    refused("wrong_trial_state", actions.start_recruiting, by=cast.lead, trial=cast.trial)


@pytest.mark.parametrize("who", ["kari", "coordinator", "researcher", "auditor", "outsider"])
def test_only_the_lead_manages_the_trial(cast, who):
    with pytest.raises(Refusal, match="not_allowed"), maintenance():
        actions.close_recruitment(by=getattr(cast, who), trial=cast.trial)


def test_a_locked_trial_keeps_its_arms_offices_and_plan(cast):
    refused("protocol_locked", actions.set_arms, by=cast.lead, trial=cast.trial, arms=ARMS)
    refused(
        "protocol_locked",
        actions.add_office,
        by=cast.lead,
        trial=cast.trial,
        number="0220",
        name="Nav Asker",
        prefix="ASK",
    )
    refused("wrong_trial_state", actions.fix_plan, by=cast.lead, trial=cast.trial, sha256="0" * 64)


def test_a_trial_with_one_arm_is_none(drafted_cast):
    refused("too_few_arms", actions.set_arms, by=drafted_cast.lead, trial=drafted_cast.trial, arms=ARMS[:1])


def _member(cast, role, office=None, user=None, **dates):
    with maintenance():
        user = user or new_user(f"new-{role}", "Ny")
    with acting(cast.lead):
        return actions.add_member(by=cast.lead, trial=cast.trial, user=user, role=role, office=office, **dates)


@pytest.mark.parametrize(("role", "at_office"), [(Role.CASEWORKER, False), (Role.ANALYST, True)])
def test_a_role_at_an_office_needs_one_and_others_have_none(cast, role, at_office):
    with pytest.raises(Refusal, match="office_needed"):
        _member(cast, role, cast.moss if at_office else None)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.COORDINATOR, Role.RESEARCHER])
def test_nobody_works_on_two_planes_with_one_account(cast, role):
    with pytest.raises(Refusal, match="two_planes"):
        _member(cast, role, user=cast.kari)


def test_a_caseworker_may_work_at_two_offices(cast):
    _member(cast, Role.CASEWORKER, cast.hurum, user=cast.kari)
    assert set(plane_for(cast.kari).offices) == {cast.moss.pk, cast.hurum.pk}


def test_a_membership_counts_between_its_dates(cast, simulated_clock):
    today = clock.today()
    made = _member(
        cast, Role.CASEWORKER, cast.moss, valid_from=today + timedelta(days=1), valid_to=today + timedelta(days=2)
    )
    in_force = []
    for _day in range(4):
        forget_memberships(made.user)
        in_force.append(can(made.user, cast.trial, Permission.ENROL))
        simulated_clock.advance(timedelta(days=1))
    assert in_force == [False, True, True, False]


def test_a_role_that_is_ended_before_its_first_day_never_begins(cast, simulated_clock):
    begins = clock.today() + timedelta(days=30)
    made = _member(cast, Role.CASEWORKER, cast.moss, valid_from=begins)
    with acting(cast.lead):
        actions.end_membership(by=cast.lead, membership=made)
    for day in range(32):
        forget_memberships(made.user)
        assert not can(made.user, cast.trial, Permission.SEE_TRIAL), day
        simulated_clock.advance(timedelta(days=1))


def test_changed_rights_apply_at_the_next_request(cast):
    with maintenance(), writing():
        Membership.objects.filter(user=cast.kari).update(valid_to=clock.today() - timedelta(days=0))
        next_request = type(cast.kari).objects.get(pk=cast.kari.pk)
        assert memberships_of(next_request)
        Membership.objects.filter(user=cast.kari).update(
            valid_from=clock.today() - timedelta(days=9), valid_to=clock.today() - timedelta(days=1)
        )
        next_request = type(cast.kari).objects.get(pk=cast.kari.pk)
    assert memberships_of(next_request) == []


def test_rights_end_at_the_own_office(cast):
    assert can(cast.kari, cast.trial, Permission.ENROL, cast.moss)
    assert not can(cast.kari, cast.trial, Permission.ENROL, cast.hurum)
    assert require(cast.coordinator, cast.trial, Permission.SEE_PARTICIPANTS, cast.hurum).user == cast.coordinator


def test_a_trial_is_found_by_members_and_hidden_from_others(cast):
    assert trial_for(cast.kari, "se-klar") == cast.trial
    assert trials_of(cast.kari) == [cast.trial]
    for code in ("se-klar", "no-such-trial"):
        with pytest.raises(Refusal) as answer:
            trial_for(cast.outsider, code)
        assert answer.value.status == 404
    with pytest.raises(Refusal) as answer:
        trial_for(cast.kari, "se-klar", needing=Permission.DRAW)
    assert answer.value.status == 403


def test_offices_are_the_own_ones_or_all(cast):
    def seen(user, needing):
        with acting(user):
            return [office.stratum for office in offices_of(user, cast.trial, needing=needing)]

    assert seen(cast.kari, Permission.ENROL) == ["Moss"]
    assert seen(cast.jon, Permission.ENROL) == []
    assert sorted(seen(cast.coordinator, Permission.SEE_PARTICIPANTS)) == sorted(cast.offices)


def test_every_step_of_the_set_up_leaves_a_line(cast):
    with acting(cast.auditor):
        verbs = set(AuditEvent.objects.filter(trial="se-klar").values_list("verb", flat=True))
    assert {
        "trial_created",
        "arms_set",
        "office_added",
        "criteria_set",
        "consent_form_published",
        "member_added",
        "protocol_locked",
        "recruitment_started",
    } <= verbs
