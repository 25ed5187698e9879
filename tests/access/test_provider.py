"""Sign-in by an OpenID provider: a real one on this machine, which hands out codes and signs tokens."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.db import IntegrityError
from django.test import Client
from pytest_django.fixtures import Settings

from tests.access.devices import age_proofs, by_password
from tests.cast import Cast, acting, recruiting
from tests.meeting import at_once, meeting_at
from trial.access import adapters
from trial.access.models import User
from trial.access.roles import Role
from trial.studies.groups import give_group_role

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("provider")]
BUTTON = "/account/provider/entra/login/"
PEOPLE = {
    "kari-sub": {"NAVident": "Z990001", "amr": ["pwd", "mfa"], "email": "kari@example.no"},
    "once-sub": {"NAVident": "Z990001", "amr": ["pwd"]},
    "unknown-sub": {"NAVident": "Z990009"},
    "group-sub": {"NAVident": "Z990008", "name": "Ny, Nils", "groups": ["veiledere-moss"], "amr": ["mfa"]},
    "nobody-sub": {"email": "nobody@example.no"},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's address, while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    claims = [f"--user-claims={json.dumps({'sub': sub} | told)}" for sub, told in PEOPLE.items()]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", port, *claims]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    _wait_for(f"{address}/.well-known/openid-configuration")
    yield address
    running.terminate()
    running.wait(timeout=10)


def _wait_for(address: str) -> None:
    for _turn in range(300):
        try:
            urllib.request.urlopen(address, timeout=1)  # noqa: S310 - this machine
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture
def provider(cast: Cast, issuer: str, settings: Settings) -> Cast:
    """The site with the provider's button; Kari's ident is known."""
    return with_provider(cast, issuer, settings)


def with_provider(cast: Cast, issuer: str, settings: Settings) -> Cast:
    app = {"provider_id": "entra", "name": "Entra ID", "client_id": "navtrial", "secret": "secret"}
    settings.OIDC_ISSUER = issuer
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app | {"settings": {"server_url": issuer}}]}
    }
    settings.SECOND_FACTOR_REQUIRED = True
    User.objects.filter(pk=cast.kari.pk).update(nav_ident="Z990001")
    return cast


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


def sign_in(subject: str, *, deny: bool = False, browser: Client | None = None, **query: str) -> tuple[Client, object]:
    """Press the button, be the person at the provider, come back; the browser and the last answer."""
    browser, way_back = been_at_the_provider(subject, deny=deny, browser=browser, **query)
    return browser, browser.get(way_back)


def been_at_the_provider(
    subject: str, *, deny: bool = False, browser: Client | None = None, **query: str
) -> tuple[Client, str]:
    browser = browser or Client()
    sent = browser.post(f"{BUTTON}?{urlencode(query)}" if query else BUTTON)
    typed = urlencode({"action": "deny"} if deny else {"sub": subject}).encode()
    try:
        urllib.request.build_opener(_Stay).open(sent["Location"], typed, timeout=10)
    except urllib.error.HTTPError as back:
        parts = urlsplit(back.headers["Location"])
        back.close()
    return browser, f"{parts.path}?{parts.query}"


def test_the_button_stands_on_the_sign_in_page_where_a_provider_is_named(provider: Cast) -> None:
    assert "Logg inn med Entra ID" in Client().get("/account/login/").content.decode()


def test_control_without_a_provider_there_is_no_button(cast: Cast) -> None:
    assert "Entra ID" not in Client().get("/account/login/").content.decode()
    assert Client().get(BUTTON).status_code == 404


def test_whoever_the_provider_names_is_let_in_on_its_second_factor(provider: Cast) -> None:
    browser, answer = sign_in("kari-sub")
    assert answer.status_code == 302
    assert browser.get("/trials/se-klar/").status_code == 200
    assert browser.get("/").wsgi_request.user == provider.kari


def test_nothing_of_what_the_provider_tells_is_kept(provider: Cast) -> None:
    for _turn in range(2):
        sign_in("kari-sub")
        account = SocialAccount.objects.get()
        assert (account.user_id, account.extra_data) == (provider.kari.pk, {})


def test_a_provider_that_asked_once_only_leaves_the_second_factor_to_us(provider: Cast) -> None:
    browser, _answer = sign_in("once-sub")
    assert browser.get("/trials/se-klar/")["Location"].startswith("/account/second-factor/")


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [("unknown-sub", "har ingen konto her"), ("nobody-sub", "sier ikke hvilken Nav-ident du har")],
)
def test_nobody_gets_an_account_by_signing_in(provider: Cast, subject: str, sentence: str) -> None:
    before = User.objects.count()
    browser, answer = sign_in(subject)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    assert "_auth_user_id" not in browser.session
    assert User.objects.count() == before


def test_a_group_that_has_a_role_opens_an_account_at_the_first_visit(provider: Cast) -> None:
    with acting(provider.lead):
        role = {"group": "veiledere-moss", "role": Role.CASEWORKER, "office": provider.moss}
        give_group_role(by=provider.lead, trial=provider.trial, **role)
    for _turn in range(2):
        browser, answer = sign_in("group-sub")
        assert answer.status_code == 302
        assert browser.get("/trials/se-klar/participants/").status_code == 200
    assert str(User.objects.get(nav_ident="Z990008")) == "Nils Ny"


def test_two_tabs_that_come_back_at_once_for_the_first_time_are_both_let_in(
    committed_database: None, issuer: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = with_provider(recruiting(), issuer, settings)
    meeting_at(monkeypatch, adapters.SocialAdapter, "_connect")
    tabs = two_tabs_back_at_once()
    assert [browser.get("/").wsgi_request.user for browser in tabs] == [house.kari, house.kari]
    assert SocialAccount.objects.count() == 1


def test_control_without_looking_again_the_second_tab_meets_a_fault(
    committed_database: None, issuer: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_provider(recruiting(), issuer, settings)
    meeting_at(monkeypatch, adapters.SocialAdapter, "_connect")
    monkeypatch.setattr(SocialLogin, "lookup", lambda login: setattr(login, "_did_authenticate_by_email", None))
    with pytest.raises(IntegrityError):
        two_tabs_back_at_once()


def two_tabs_back_at_once() -> list[Client]:
    tabs = [been_at_the_provider("kari-sub") for _tab in range(2)]
    answers = at_once(*(partial(browser.get, way_back) for browser, way_back in tabs))
    assert [answer.status_code for answer in answers] == [302, 302]
    return [browser for browser, _way_back in tabs]


def test_a_closed_account_stays_closed(provider: Cast) -> None:
    User.objects.filter(pk=provider.kari.pk).update(is_active=False)
    assert sign_in("kari-sub")[1].status_code == 403


def test_the_ident_decides_when_it_moves_to_another_account(provider: Cast) -> None:
    sign_in("kari-sub")
    User.objects.filter(pk=provider.kari.pk).update(nav_ident="")
    User.objects.filter(pk=provider.hanne.pk).update(nav_ident="Z990001")
    browser, _answer = sign_in("kari-sub")
    assert browser.get("/").wsgi_request.user == provider.hanne


def test_whoever_turns_round_at_the_provider_is_told_so(provider: Cast) -> None:
    browser, answer = sign_in("kari-sub", deny=True)
    assert answer.status_code == 401
    assert "avbrutt eller avvist" in answer.content.decode()
    assert "_auth_user_id" not in browser.session


def test_an_answer_that_nobody_asked_for_opens_nothing(provider: Cast) -> None:
    browser = Client()
    browser.get(f"{BUTTON}callback/?code=stolen&state=invented")
    assert "_auth_user_id" not in browser.session


def test_what_is_final_sends_those_without_a_password_to_the_provider_again(provider: Cast) -> None:
    provider.lead.set_unusable_password()
    provider.lead.save()
    User.objects.filter(pk=provider.kari.pk).update(nav_ident="")
    User.objects.filter(pk=provider.lead.pk).update(nav_ident="Z990001")
    browser, _answer = sign_in("kari-sub")
    assert browser.get("/trials/se-klar/opening/").status_code == 200
    age_proofs(browser, 601)
    way = browser.get("/trials/se-klar/opening/")["Location"]
    assert way == f"{BUTTON}?auth_params=prompt%3Dlogin&next=%2Ftrials%2Fse-klar%2Fopening%2F"
    again, answer = sign_in("kari-sub", browser=browser, next="/trials/se-klar/opening/")
    assert answer["Location"] == "/trials/se-klar/opening/"
    assert again.get("/trials/se-klar/opening/").status_code == 200


def test_a_link_to_the_provider_signs_nobody_in_unasked(provider: Cast) -> None:
    answer = by_password(provider.hanne).get(BUTTON)
    assert answer.status_code == 200
    assert "Du sendes til Entra ID" in answer.content.decode()
