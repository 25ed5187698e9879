"""Accounts come from whoever runs the house, and from nowhere else."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.translation import override
from pytest_django.fixtures import Settings

from tests.access.devices import LOGIN, by_password, set_up_app
from tests.cast import Cast
from trial.access.models import User
from trial.access.planes import maintenance
from trial.audit.models import AuditEvent

pytestmark = pytest.mark.slow
HOME = "/trials/se-klar/"


def told(*words: str) -> str:
    out = StringIO()
    call_command("account", *words, stdout=out)
    return out.getvalue().strip()


def enters(username: str, password: str) -> bool:
    browser = Client()
    browser.post(LOGIN, {"login": username, "password": password})
    return "_auth_user_id" in browser.session


def test_a_new_account_has_a_password_and_no_role(db: None) -> None:
    password = told("add", "ny", "--name", "Ny Veileder", "--nav-ident", "z990009").split()[-1]
    assert enters("ny", password)
    user = User.objects.get(username="ny")
    assert (user.display_name, user.nav_ident, user.is_staff) == ("Ny Veileder", "Z990009", False)
    assert password not in user.password


@pytest.mark.parametrize(
    "words",
    [
        ("add", "ny to"),
        ("add", "13097248022"),
        ("add", "ny", "--name", "Nora 130972 48022"),
        ("renew", "finnesikke"),
        ("close", "finnesikke"),
        ("add", "annen", "--nav-ident", "Z990001"),
        ("add", "se-klar-kari"),
    ],
)
def test_mistakes_are_sentences(cast: Cast, words: tuple[str, ...]) -> None:
    User.objects.filter(pk=cast.kari.pk).update(nav_ident="Z990001")
    with pytest.raises(CommandError):
        told(*words)
    assert User.objects.filter(username=words[1]).count() == (words[1] == "se-klar-kari")


def test_a_taken_nav_ident_is_told_by_its_name_and_not_by_the_databases(cast: Cast) -> None:
    User.objects.filter(pk=cast.kari.pk).update(nav_ident="Z990001")
    with override("en"), pytest.raises(CommandError, match=r"^The Nav ident already has an account\.$"):
        told("add", "annen", "--nav-ident", "z990001")


def test_who_has_lost_the_phone_begins_again_and_old_sessions_end(cast: Cast, settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    before = set_up_app(cast.kari)
    assert before.get(HOME).status_code == 200
    password = told("renew", cast.kari.username).split()[-1]
    assert before.get(HOME)["Location"].startswith(LOGIN)
    assert not Authenticator.objects.filter(user=cast.kari).exists()
    browser = Client()
    browser.post(LOGIN, {"login": cast.kari.username, "password": password})
    assert browser.get(HOME)["Location"].startswith("/account/second-factor/")


def test_a_locked_out_account_is_let_in_when_it_is_renewed(cast: Cast) -> None:
    for turn in range(11):
        Client().post(LOGIN, {"login": cast.kari.username, "password": f"feil {turn}"})
    assert enters(cast.kari.username, told("renew", cast.kari.username).split()[-1])


def test_a_closed_account_ends_at_the_next_request_and_can_be_opened(cast: Cast) -> None:
    browser = by_password(cast.kari)
    assert browser.get(HOME).status_code == 200
    told("close", cast.kari.username)
    assert browser.get(HOME)["Location"].startswith(LOGIN)
    told("open", cast.kari.username)
    assert by_password(cast.kari).get(HOME).status_code == 200


def test_each_leaves_a_line_that_names_the_account_by_its_key(cast: Cast) -> None:
    for verb in ("close", "open", "renew"):
        told(verb, cast.kari.username)
    with maintenance():
        lines = AuditEvent.objects.filter(subject=str(cast.kari.pk), verb__startswith="account_")
        assert sorted(line.verb for line in lines) == ["account_closed", "account_renewed", "account_reopened"]
