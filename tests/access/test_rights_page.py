"""The page on which an auditor reads the rights: complete, generated, and for the auditor only."""

import pytest
from django.test import Client

from tests.cast import Cast, acting
from trial.access.permissions import Permission
from trial.access.rights_in_words import IN_WORDS
from trial.access.roles import ROLES, Role
from trial.audit import clock
from trial.config.endpoints import endpoints
from trial.config.rights import rights, ways
from trial.studies.actions import end_membership

pytestmark = pytest.mark.slow
ADDRESS = "/trials/se-klar/rights/"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_right_has_words() -> None:
    assert set(IN_WORDS) == set(Permission)


def test_the_table_says_what_the_roles_say() -> None:
    table = {str(line.label): [str(cell) for cell in line.cells] for line in rights()}
    researcher, caseworker = list(ROLES).index(Role.RESEARCHER), list(ROLES).index(Role.CASEWORKER)
    names = table["Se navn og fødselsnummer"]
    assert (names[researcher], names[caseworker]) == ("–", "Eget kontor")
    assert table["Trekke lodd"][researcher] == "Ja"


def test_every_address_stands_on_it() -> None:
    assert {way.path for way in ways()} == {each.path for each in endpoints()}


def test_the_auditor_reads_it_and_others_do_not(cast: Cast) -> None:
    page = signed_in(cast.auditor).get(ADDRESS).content.decode()
    assert "Kari Veileder" in page
    assert "Bekrefter hvem en er" in page
    assert signed_in(cast.kari).get(ADDRESS).status_code == 403
    assert signed_in(cast.outsider).get(ADDRESS).status_code == 404


def test_who_had_a_role_before_stays_on_it_with_the_dates(cast: Cast) -> None:
    with acting(cast.lead):
        end_membership(by=cast.lead, membership=cast.trial.memberships.get(user=cast.jon))
    members = list(signed_in(cast.auditor).get(ADDRESS).context["members"])
    ended = next(member for member in members if member.user == cast.jon)
    assert ended.valid_to == clock.today()
