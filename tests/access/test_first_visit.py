"""Somebody whom nobody has made an account for comes with a group that has a role: let in by it, once, and only so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from tests.cast import Cast, acting, recruiting
from tests.meeting import at_once, meeting_at
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.audit.models import AuditEvent
from trial.config import sign_in
from trial.studies import groups
from trial.studies.groups import give_group_role
from trial.studies.models import Membership

pytestmark = pytest.mark.slow
GROUP, IDENT = "0f1e2d3c-veiledere-moss", "Z990009"
PARTICIPANTS = "/trials/se-klar/participants/"


def claims(**changed: Any) -> dict[str, Any]:
    return {"NAVident": IDENT, "name": "Ny, Nils", "groups": [GROUP], "amr": ["mfa"]} | changed


@pytest.fixture
def token(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the sidecar's token hold these claims."""
    settings.WONDERWALL = {"issuer": "https://login.example.no/", "audience": "navtrial", "jwks_uri": ""}

    def hold(told: dict[str, Any]) -> None:
        monkeypatch.setattr(sign_in, "claims_in", lambda _request: told)

    return hold


def with_a_role(cast: Cast) -> Cast:
    with acting(cast.lead):
        give_group_role(by=cast.lead, trial=cast.trial, group=GROUP, role=Role.CASEWORKER, office=cast.moss)
    return cast


def accounts() -> list[User]:
    return list(User.objects.filter(nav_ident=IDENT))


def test_the_group_opens_an_account_that_only_the_provider_opens(cast: Cast, token: Callable[..., None]) -> None:
    with_a_role(cast)
    token(claims())
    answer = Client().get(PARTICIPANTS)
    assert answer.status_code == 200
    (made,) = accounts()
    assert answer.wsgi_request.user == made
    assert (made.username, str(made), made.has_usable_password()) == ("z990009", "Nils Ny", False)
    assert (made.is_staff, made.is_superuser) == (False, False)
    with maintenance():
        lines = AuditEvent.objects.filter(subject=str(made.pk)).values_list("verb", "actor")
        assert sorted(lines) == [("account_opened", "system"), ("member_added", "system")]


@pytest.mark.parametrize("told", [{"groups": []}, {"groups": ["another"]}, {"groups": None}, {"NAVident": ""},
                                  {"NAVident": "ikke en ident"}, {"NAVident": "Z" * 11}])  # fmt: skip
def test_without_such_a_group_or_an_ident_nobody_gets_one(
    cast: Cast, token: Callable[..., None], told: dict[str, Any]
) -> None:
    with_a_role(cast)
    before = User.objects.count()
    token(claims(**told))
    assert Client().get(PARTICIPANTS).status_code == 403
    assert User.objects.count() == before


def test_a_closed_account_stays_closed_whatever_the_group(cast: Cast, token: Callable[..., None]) -> None:
    with_a_role(cast)
    User.objects.filter(pk=cast.hanne.pk).update(nav_ident=IDENT, is_active=False)
    token(claims())
    assert Client().get(PARTICIPANTS).status_code == 403
    assert accounts() == [cast.hanne]


def test_nobody_takes_over_an_account_by_its_user_name(cast: Cast, token: Callable[..., None]) -> None:
    with_a_role(cast)
    User.objects.filter(pk=cast.hanne.pk).update(username=IDENT.lower())
    token(claims())
    assert Client().get(PARTICIPANTS).status_code == 403
    assert accounts() == []


def test_a_number_in_the_name_is_not_kept(cast: Cast, token: Callable[..., None]) -> None:
    with_a_role(cast)
    token(claims(name="Ny 13097248022, Nils"))
    assert Client().get(PARTICIPANTS).status_code == 200
    assert accounts()[0].display_name == ""


class TestTwoAtOnce:
    """A page asks for several things at once, and the first visit of a new colleague is such a page."""

    @pytest.fixture
    def cast(self, committed_database: None) -> Cast:
        return with_a_role(recruiting())

    def test_there_is_one_account_with_one_role_and_both_get_in(
        self, cast: Cast, token: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token(claims())
        meeting_at(monkeypatch, User, "save")
        meeting_at(monkeypatch, groups, "_difference")
        assert at_once(ask, ask) == [200, 200]
        assert len(accounts()) == 1
        with maintenance():
            assert Membership.objects.filter(user__nav_ident=IDENT).count() == 1
            verbs = AuditEvent.objects.filter(subject=str(accounts()[0].pk)).values_list("verb", flat=True)
            assert sorted(verbs) == ["account_opened", "member_added"]

    def test_control_without_the_databases_rules_there_would_be_two(
        self, cast: Cast, token: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX user_nav_ident_once")
            cursor.execute("ALTER TABLE access_user DROP CONSTRAINT access_user_username_key")
        token(claims())
        meeting_at(monkeypatch, User, "save")
        at_once(ask, ask)
        assert len(accounts()) == 2


def ask() -> int:
    return Client().get(PARTICIPANTS).status_code
