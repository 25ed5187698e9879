"""A passkey in a real browser: Chromium's own virtual authenticator in the place of a finger."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, CDPSession, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser import DESKTOP, Watched, violations
from tests.cast import PASSWORD, Cast, recruiting

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("pages")]
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def house(committed_database: None, settings: Settings) -> Cast:
    """The trial, and a second factor asked of everyone as outside the demonstration."""
    settings.SECOND_FACTOR_REQUIRED = True
    return recruiting()


@pytest.fixture
def watched(chromium: Browser, server: LiveServer) -> Iterator[Watched]:
    """A browser at a name and not at an address: a passkey belongs to a name."""
    context = chromium.new_context(viewport=DESKTOP, locale="nb-NO")  # type: ignore[arg-type]
    watched = Watched(context, server.url.replace("127.0.0.1", "localhost"))
    yield watched
    context.close()
    assert watched.complaints == []


def held_by(page: Page) -> CDPSession:
    """Give the browser an authenticator whose owner always touches it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return session


def with_password(page: Page, cast: Cast) -> None:
    page.get_by_label("Brukernavn").fill(cast.kari.username)
    page.get_by_label("Passord", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Logg inn", exact=True).click()


def added(page: Page, cast: Cast, *, alone: bool) -> None:
    """Sign in for the first time, and set a passkey up; `alone`: it is enough without the password."""
    with_password(page, cast)
    page.get_by_role("link", name="Legg til passnøkkel").click()
    page.get_by_label("Navn").fill("PC på kontoret")
    if alone:
        page.get_by_label("Logg inn med denne i stedet for passord og kode").check()
    page.get_by_role("button", name="Gå videre").click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)


def signed_out(page: Page, host: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{host}/trials/se-klar/")
    expect(page.get_by_role("heading", name="Logg inn", exact=True)).to_be_visible()


def test_a_passkey_alone_signs_in_and_opens_everything(house: Cast, watched: Watched) -> None:
    page = watched.page("/account/login/")
    held_by(page)
    added(page, house, alone=True)
    assert Authenticator.objects.filter(user=house.kari, type="webauthn").count() == 1
    assert violations(page) == []
    signed_out(page, watched.host)
    page.get_by_role("button", name="Logg inn med passnøkkel").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("SE-KLAR")


def test_a_passkey_is_the_second_factor_after_the_password(house: Cast, watched: Watched) -> None:
    page = watched.page("/account/login/")
    held_by(page)
    added(page, house, alone=False)
    signed_out(page, watched.host)
    with_password(page, house)
    page.get_by_role("button", name="Bruk passnøkkelen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("SE-KLAR")


def test_without_the_key_the_page_says_so_and_nobody_is_let_in(house: Cast, watched: Watched) -> None:
    page = watched.page("/account/login/")
    session = held_by(page)
    added(page, house, alone=True)
    session.send("WebAuthn.disable")
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY | {"isUserVerified": False}})
    signed_out(page, watched.host)
    page.get_by_role("button", name="Logg inn med passnøkkel").click()
    expect(page.get_by_text("Passnøkkelen ble ikke brukt.")).to_be_visible()
    page.goto(f"{watched.host}/trials/se-klar/")
    expect(page.get_by_role("heading", name="Logg inn", exact=True)).to_be_visible()
