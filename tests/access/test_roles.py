"""The roles as they stand, so that a right given by mistake shows in the review of this file."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import RequestFactory

from trial.access.free_text import no_national_id, refuse_national_id
from trial.access.models import TOKEN_PREFIX, ApiToken
from trial.access.permissions import Permission as P
from trial.access.planes import DatabaseRole
from trial.access.refusals import Refusal, violated_constraint
from trial.access.roles import ROLES, Role
from trial.access.tokens import issue, token_of
from trial.studies.permissions import can
from trial.studies.queries import forget_memberships, plane_for

SEES_NAMES = {Role.CASEWORKER, Role.SPECIALIST, Role.SUPERVISOR}


def test_every_role_is_defined_and_belongs_to_the_trial():
    assert set(ROLES) == set(Role)
    assert all(P.SEE_TRIAL in definition.permissions for definition in ROLES.values())


def test_only_offices_see_who_people_are():
    assert {role for role, definition in ROLES.items() if P.SEE_IDENTITY in definition.permissions} == SEES_NAMES
    assert all(ROLES[role].plane == DatabaseRole.OFFICE and ROLES[role].at_office for role in SEES_NAMES)


def test_whoever_enrols_never_draws_and_whoever_draws_never_sees_people():
    for definition in ROLES.values():
        assert not {P.ENROL, P.DRAW} <= definition.permissions
        if P.DRAW in definition.permissions:
            assert not {P.SEE_PARTICIPANTS, P.SEE_IDENTITY, P.SEE_ARM} & definition.permissions


def test_research_sees_no_arm_of_a_participant_and_no_participant():
    for definition in ROLES.values():
        if definition.plane == DatabaseRole.ANALYST:
            assert not {P.SEE_ARM, P.SEE_IDENTITY, P.SEE_PARTICIPANTS} & definition.permissions


def test_whoever_runs_an_analysis_does_not_release_it():
    assert not [role for role in ROLES if {P.RUN_ANALYSIS, P.RELEASE_RESULTS} <= ROLES[role].permissions]


def _request(secret):
    return RequestFactory().get("/", headers={"Authorization": f"Bearer {secret}"})


def test_a_token_opens_its_trial_and_role_only(cast):
    secret = issue(
        user=cast.kari, trial="se-klar", role=Role.CASEWORKER, label="Programmet", lifetime=timedelta(days=1)
    )
    token = token_of(_request(secret))
    assert token.user == cast.kari
    cast.kari.api_token = token
    forget_memberships(cast.kari)
    assert can(cast.kari, cast.trial, P.ENROL, cast.moss)
    token.trial = "se-klar-2"
    forget_memberships(cast.kari)
    assert not can(cast.kari, cast.trial, P.ENROL, cast.moss)
    assert plane_for(cast.kari).offices == ()


def test_only_the_hash_of_a_token_is_kept(cast):
    secret = issue(
        user=cast.kari, trial="se-klar", role=Role.CASEWORKER, label="Programmet", lifetime=timedelta(days=1)
    )
    assert secret.startswith(TOKEN_PREFIX)
    assert secret not in str(ApiToken.objects.values().get())


@pytest.mark.parametrize("lifetime", [timedelta(seconds=-1), timedelta(days=-9)])
def test_an_expired_token_is_none(cast, lifetime):
    secret = issue(user=cast.kari, trial="se-klar", role=Role.CASEWORKER, label="Gammelt", lifetime=lifetime)
    assert token_of(_request(secret)) is None


@pytest.mark.parametrize("secret", ["", "nt_", "nt_unknown", "Bearer", "x" * 10_000])
def test_what_is_no_token_is_none(cast, secret):
    assert token_of(_request(secret)) is None


def test_a_closed_account_lets_no_program_in(cast):
    secret = issue(user=cast.kari, trial="se-klar", role=Role.CASEWORKER, label="P", lifetime=timedelta(days=1))
    cast.kari.is_active = False
    cast.kari.save()
    assert token_of(_request(secret)) is None


def test_free_text_with_a_national_id_is_refused_without_repeating_it():
    with pytest.raises(Refusal) as refused:
        refuse_national_id(heading="fint", note="ring 130972 48022")
    assert (refused.value.code, refused.value.field, refused.value.status) == ("national_id_in_text", "note", 422)
    assert "48022" not in str(refused.value.sentence)
    no_national_id("ring 22 33 44 55")


def test_an_error_of_another_kind_names_no_constraint():
    assert violated_constraint(IntegrityError("something")) == ""
