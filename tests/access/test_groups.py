"""Roles that come with the provider's groups: held while it is claimed, gone at the next request, never mixed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.cast import Cast, acting, new_user
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit import clock
from trial.audit.guards import writing
from trial.audit.models import AuditEvent
from trial.config import sign_in
from trial.studies.actions import end_membership
from trial.studies.groups import claimed, follow_groups, give_group_role, take_group_role
from trial.studies.models import GroupRole, Membership, Office
from trial.studies.queries import forget_memberships, memberships_of

pytestmark = pytest.mark.slow
GROUP, OTHER = "0f1e2d3c-veiledere-moss", "aaaa-analytikere"
HOME = "/trials/se-klar/"
Asks = Callable[..., Any]


@pytest.fixture
def newcomer(cast: Cast) -> User:
    """Somebody with an account and no role."""
    with maintenance():
        made = new_user("ny", "Ny Veileder")
        User.objects.filter(pk=made.pk).update(nav_ident="Z990009")
    return made


@pytest.fixture
def asks(cast: Cast, newcomer: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Asks:
    """Ask for a page as the newcomer, whom the sidecar's token puts in these groups."""
    settings.WONDERWALL = {"issuer": "https://login.example.no/", "audience": "navtrial", "jwks_uri": ""}

    def ask(*groups: str, path: str = HOME) -> Any:
        claims = {"NAVident": "Z990009", "groups": list(groups), "amr": ["mfa"]}
        monkeypatch.setattr(sign_in, "claims_in", lambda _request: claims)
        return Client().get(path)

    return ask


def given(cast: Cast, group: str, role: Role, office: Office | None = None) -> GroupRole:
    with acting(cast.lead):
        return give_group_role(by=cast.lead, trial=cast.trial, group=group, role=role, office=office)


def test_a_group_that_alone_leads_keeps_its_role(cast: Cast) -> None:
    last = given(cast, GROUP, Role.TRIAL_LEAD)
    with maintenance(), writing():
        Membership.objects.filter(role=Role.TRIAL_LEAD).exclude(user=cast.lead).update(valid_to=clock.today())
        Membership.objects.filter(user=cast.lead).update(group=GROUP)
        cast.lead.groups_claimed = frozenset({GROUP})  # type: ignore[attr-defined]
    forget_memberships(cast.lead)
    with acting(cast.lead), pytest.raises(Refusal, match="last_lead"):
        take_group_role(by=cast.lead, given=last)


def rows_of(user: User) -> list[tuple[str, bool]]:
    with maintenance():
        return [(each.role, each.valid_to is None) for each in Membership.objects.filter(user=user).order_by("pk")]


def test_a_group_gives_its_role_while_it_is_claimed(cast: Cast, asks: Asks, newcomer: User) -> None:
    assert asks(GROUP).status_code == 404
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    assert asks(GROUP.upper()).status_code == 200
    assert asks(GROUP, path=f"{HOME}participants/").status_code == 200
    assert rows_of(newcomer) == [("caseworker", True)]
    assert asks(OTHER).status_code == 404, "out of the group, and out at once"
    assert rows_of(newcomer) == [("caseworker", False)]


def test_control_without_the_groups_of_the_token_the_row_alone_opens_nothing(
    cast: Cast, asks: Asks, newcomer: User
) -> None:
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    asks(GROUP)
    with maintenance():
        assert memberships_of(User.objects.get(pk=newcomer.pk)) == []


def test_a_role_that_is_taken_from_the_group_is_gone_at_the_next_request(cast: Cast, asks: Asks) -> None:
    line = given(cast, GROUP, Role.CASEWORKER, cast.moss)
    assert asks(GROUP).status_code == 200
    with acting(cast.lead):
        take_group_role(by=cast.lead, given=line)
    assert asks(GROUP).status_code == 404


def test_each_change_leaves_its_line_and_an_unchanged_request_none(cast: Cast, asks: Asks, newcomer: User) -> None:
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    for groups in ((GROUP,), (GROUP,), (GROUP,), ()):
        asks(*groups)
    with maintenance():
        lines = AuditEvent.objects.filter(subject=str(newcomer.pk))
        told = sorted((line.verb, line.actor) for line in lines)  # all of one moment: they stand in no order
        assert told == [("member_added", "system"), ("membership_ended", "system")]
        assert {line.details["group"] for line in lines} == {GROUP}


def test_groups_never_put_two_planes_of_data_into_one_account(cast: Cast, asks: Asks, newcomer: User) -> None:
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    given(cast, OTHER, Role.ANALYST)
    asks(GROUP)
    asks(GROUP, OTHER)
    assert rows_of(newcomer) == [("caseworker", True)]
    asks(OTHER)
    assert rows_of(newcomer) == [("caseworker", False), ("analyst", True)]


def test_a_role_that_somebody_gave_stays_when_the_group_is_left(cast: Cast) -> None:
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    for groups in ({GROUP}, set()):
        with maintenance():
            follow_groups(by=None, user=cast.kari, groups=groups)
    assert rows_of(cast.kari) == [("caseworker", True)]


def test_the_lead_ends_no_role_that_follows_a_group(cast: Cast, asks: Asks, newcomer: User) -> None:
    given(cast, GROUP, Role.CASEWORKER, cast.moss)
    asks(GROUP)
    with acting(cast.lead), pytest.raises(Exception, match="held_by_group"):
        end_membership(by=cast.lead, membership=Membership.objects.get(user=newcomer))


@pytest.mark.parametrize("claim", [None, "en-gruppe", 7, {"a": 1}, [1, None]])
def test_a_claim_that_is_no_list_of_names_gives_nothing(claim: Any) -> None:
    assert claimed(claim) == frozenset()


def test_the_lead_fills_in_the_table_and_the_auditor_reads_it(cast: Cast) -> None:
    lead, auditor = Client(), Client()
    lead.force_login(cast.lead)
    auditor.force_login(cast.auditor)
    address = reverse("studies:group_roles", args=["se-klar"])
    sent = {"group": f" {GROUP.upper()} ", "role": "caseworker", "office": cast.moss.pk}
    assert lead.post(address, sent).status_code == 302
    assert list(lead.post(address, sent).context["form"].errors) == ["group"]
    assert list(lead.post(address, sent | {"office": ""}).context["form"].errors) == ["office"]
    assert list(lead.post(address, sent | {"group": "13097248022"}).context["form"].errors) == ["group"]
    assert GROUP in lead.get(address).content.decode()
    assert GROUP in auditor.get("/trials/se-klar/rights/").content.decode()
    with maintenance():
        key = GroupRole.objects.get().pk
    assert lead.post(reverse("studies:take_group_role", args=["se-klar", key])).status_code == 302
    assert GROUP not in lead.get(address).content.decode()
