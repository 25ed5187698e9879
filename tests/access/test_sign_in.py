"""Signing in: a password and a second factor, for every role; a session that ends; a proof before what is final."""

import time

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from pytest_django.fixtures import Settings

from tests.access.devices import (
    ACTIVATE,
    CODE,
    LOGIN,
    age_proofs,
    by_password,
    by_two_factors,
    code_of,
    secret_of,
    set_up_app,
)
from tests.cast import PASSWORD, PEOPLE, Cast
from trial.access import sign_in
from trial.access.adapters import MFAAdapter
from trial.access.visitors import address_of

pytestmark = pytest.mark.slow
HOME = "/trials/se-klar/"
SECOND_FACTOR = "/account/second-factor/"


@pytest.fixture
def strict(settings: Settings) -> Settings:
    """As outside the demonstration."""
    settings.SECOND_FACTOR_REQUIRED = True
    return settings


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("name", PEOPLE)
def test_a_password_alone_opens_nothing_to_any_role(cast: Cast, strict: Settings, name: str) -> None:
    browser = by_password(getattr(cast, name))
    assert signed_in(browser)
    for address in ("/", HOME, "/trials/"):
        assert browser.get(address)["Location"].startswith(SECOND_FACTOR)
    answer = browser.get("/api/v1/trials/se-klar/participants/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_needed")


def test_control_the_demonstration_asks_for_the_password_only(cast: Cast) -> None:
    assert by_password(cast.kari).get(HOME).status_code == 200


def test_whoever_sets_an_app_up_is_let_in_and_gets_recovery_codes(cast: Cast, strict: Settings) -> None:
    browser = set_up_app(cast.kari)
    assert browser.get(HOME).status_code == 200
    assert len(browser.get(f"{SECOND_FACTOR}recovery-codes/").context["unused_codes"]) == 10


def test_the_next_time_the_app_is_asked(cast: Cast, strict: Settings) -> None:
    set_up_app(cast.kari)
    browser = by_password(cast.kari)
    assert not signed_in(browser)
    assert browser.get(HOME)["Location"].startswith(LOGIN)
    assert by_two_factors(cast.kari).get(HOME).status_code == 200


def test_a_session_from_before_the_app_is_not_lifted_by_it(cast: Cast, strict: Settings) -> None:
    """Somebody who knew the password only, and sat in another browser when the owner set the app up."""
    other = by_password(cast.kari)
    set_up_app(cast.kari)
    assert other.get(HOME)["Location"].startswith(SECOND_FACTOR)


def test_a_code_works_once(cast: Cast) -> None:
    set_up_app(cast.kari)
    code = code_of(secret_of(cast.kari), steps=1)
    for signed in (True, False):
        browser = by_password(cast.kari)
        browser.post(CODE, {"code": code})
        assert signed_in(browser) == signed


def test_a_recovery_code_works_once(cast: Cast) -> None:
    owner = set_up_app(cast.kari)
    code = owner.get(f"{SECOND_FACTOR}recovery-codes/").context["unused_codes"][0]
    for signed in (True, False):
        browser = by_password(cast.kari)
        browser.post(CODE, {"code": code})
        assert signed_in(browser) == signed


def test_the_secret_is_encrypted_where_it_is_kept_and_survives_a_new_secret_key(cast: Cast, settings: Settings) -> None:
    set_up_app(cast.kari)
    secret = secret_of(cast.kari)
    assert secret not in str(list(Authenticator.objects.values("data")))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert secret_of(cast.kari) == secret
    assert MFAAdapter().decrypt(MFAAdapter().encrypt("x")) == "x"


def test_the_last_second_factor_cannot_be_taken_away(cast: Cast, strict: Settings) -> None:
    browser = set_up_app(cast.kari)
    answer = browser.post(f"{SECOND_FACTOR}totp/deactivate/")
    assert "Kontoen må ha en ekstra sikring" in answer.content.decode()
    assert Authenticator.objects.filter(user=cast.kari, type="totp").exists()


def test_ten_wrong_passwords_lock_the_account_out_with_a_sentence(cast: Cast) -> None:
    browser = Client()
    answers = [browser.post(LOGIN, {"login": cast.kari.username, "password": f"feil {turn}"}) for turn in range(11)]
    assert answers[-1].status_code == 429
    assert "sperret i et kvarter" in answers[-1].content.decode()
    assert not signed_in(by_password(cast.kari, browser)), "the right password comes too late"


def test_ten_wrong_codes_lock_the_account_out_like_passwords(cast: Cast) -> None:
    set_up_app(cast.kari)
    browser = by_password(cast.kari)
    answers = [browser.post(CODE, {"code": f"{turn:06}"}) for turn in range(11)]
    assert answers[-1].status_code == 429
    browser.post(CODE, {"code": code_of(secret_of(cast.kari), steps=1)})
    assert not signed_in(browser)


def test_the_lock_out_is_told_in_the_readers_language(cast: Cast) -> None:
    browser = Client()
    browser.cookies.load({"language": "en"})
    for _turn in range(11):
        answer = browser.post(LOGIN, {"login": cast.kari.username, "password": "wrong"})
    assert "locked for a quarter of an hour" in answer.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6", "6.6.6.6"),
        (1, "1.1.1.1, 6.6.6.6", "6.6.6.6"),
        (2, "1.1.1.1, 6.6.6.6, 10.0.0.9", "6.6.6.6"),
        (2, "6.6.6.6", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_wrote_counts_as_the_address(
    settings: Settings, proxies: int, forwarded: str, seen: str
) -> None:
    settings.PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert address_of(request) == seen


def test_an_invented_address_gives_no_more_guesses(cast: Cast, settings: Settings) -> None:
    settings.PROXY_COUNT = 1
    for turn in range(11):
        headers = {"X-Forwarded-For": f"{turn}.1.1.1, 6.6.6.6"}
        answer = Client().post(LOGIN, {"login": cast.kari.username, "password": "feil"}, headers=headers)
    assert answer.status_code == 429
    assert {attempt.ip_address for attempt in AccessAttempt.objects.all()} == {"6.6.6.6"}


@pytest.mark.parametrize(
    "address",
    [
        "signup/", "email/", "confirm-email/", "password/reset/", "password/set/", "password/reset/key/done/",
        "login/code/", "login/code/confirm/", "3rdparty/", "3rdparty/signup/", "social/signup/", "sessions/",
        "second-factor/webauthn/signup/", "",
    ],
)  # fmt: skip
def test_nobody_signs_up_or_resets_by_e_mail(cast: Cast, address: str) -> None:
    for browser in (Client(), by_password(cast.kari)):
        assert browser.get(f"/account/{address}").status_code == 404


@pytest.mark.parametrize("name", ["account_signup", "account_email", "account_reset_password", "socialaccount_signup"])
def test_the_names_of_those_addresses_are_gone_too(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    ("key", "seconds", "sentence"),
    [
        (sign_in.LAST_SEEN, 30 * 60 + 1, "ingen brukte siden på en halv time"),
        (sign_in.SIGNED_IN_AT, 10 * 60 * 60 + 1, "ti timer siden du logget inn"),
    ],
)
def test_a_session_ends_and_the_sign_in_page_says_why(cast: Cast, key: str, seconds: int, sentence: str) -> None:
    browser = by_password(cast.kari)
    age(browser, key, seconds)
    answer = browser.get(HOME, follow=True)
    assert answer.redirect_chain[0][0].startswith(LOGIN)
    assert sentence in answer.content.decode()
    assert not signed_in(browser)


def test_a_session_that_is_used_goes_on(cast: Cast) -> None:
    browser = by_password(cast.kari)
    for _turn in range(3):
        age(browser, sign_in.LAST_SEEN, 25 * 60)
        assert browser.get(HOME).status_code == 200


def test_a_page_that_updates_by_itself_keeps_no_session_alive(cast: Cast) -> None:
    browser = by_password(cast.kari)
    age(browser, sign_in.LAST_SEEN, 25 * 60)
    seen = browser.session[sign_in.LAST_SEEN]
    assert browser.get(HOME, headers={"X-Unattended": "1"}).status_code == 200
    assert browser.session[sign_in.LAST_SEEN] == seen


def age(browser: Client, key: str, seconds: int) -> None:
    """Let time have passed in a session."""
    session = browser.session
    session[key] -= seconds
    session.save()


def test_what_is_final_asks_who_one_is_once_more(cast: Cast, strict: Settings) -> None:
    browser = set_up_app(cast.lead)
    address = "/trials/se-klar/opening/"
    assert browser.get(address).status_code == 200, "the app has just been shown"
    age_proofs(browser, 601)
    assert (
        browser.get(address)["Location"] == f"/account/second-factor/reauthenticate/?next={address.replace('/', '%2F')}"
    )
    answer = browser.post(
        "/account/second-factor/reauthenticate/",
        {"code": code_of(secret_of(cast.lead), steps=1), "next": address},
    )
    assert answer["Location"] == address
    assert browser.get(address).status_code == 200


def test_a_press_that_comes_too_late_is_asked_for_again_on_its_page(cast: Cast) -> None:
    browser = by_password(cast.lead)
    age_proofs(browser, 601)
    page = "http://testserver/trials/se-klar/protocol/"
    answer = browser.post("/trials/se-klar/protocol/lock/", headers={"Referer": page})
    assert answer["Location"] == "/account/reauthenticate/?next=%2Ftrials%2Fse-klar%2Fprotocol%2F"
    assert "Gjør deretter det du skulle" in browser.get(answer["Location"]).content.decode()


def test_nobody_is_sent_to_another_site_after_the_proof(cast: Cast) -> None:
    browser = by_password(cast.lead)
    age_proofs(browser, 601)
    answer = browser.post("/trials/se-klar/protocol/lock/", headers={"Referer": "https://evil.example/trials/"})
    assert answer["Location"] == "/account/reauthenticate/?next=%2F"


def test_a_password_does_not_stand_in_for_the_app(cast: Cast) -> None:
    browser = set_up_app(cast.lead)
    age_proofs(browser, 601)
    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    assert browser.get("/trials/se-klar/opening/").status_code == 302


def test_a_program_never_passes_for_a_person_who_proves(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.api_token = object()  # type: ignore[attr-defined]
    assert sign_in.proved_twice(request)
    assert not sign_in.proved_lately(request)


@pytest.mark.parametrize(
    ("claims", "always", "twice"),
    [({"amr": ["pwd", "mfa"]}, False, True), ({"amr": ["pwd"]}, False, False), ({}, False, False), ({}, True, True)],
)
def test_a_providers_second_factor_counts_where_it_is_told(
    rf: RequestFactory, settings: Settings, claims: dict[str, list[str]], always: bool, twice: bool
) -> None:
    settings.PROVIDER_REQUIRES_SECOND_FACTOR = always
    request = rf.get("/")
    request.claims = claims  # type: ignore[attr-defined]
    assert sign_in.proved_twice(request) == twice


@pytest.mark.parametrize(("ago", "lately"), [(0, True), (599, True), (601, False)])
def test_a_providers_sign_in_is_a_proof_for_ten_minutes(rf: RequestFactory, ago: int, lately: bool) -> None:
    request = rf.get("/")
    request.claims = {"auth_time": time.time() - ago}  # type: ignore[attr-defined]
    assert sign_in.proved_lately(request) == lately


def test_whoever_has_just_signed_in_sets_an_app_up_without_the_password_once_more(cast: Cast) -> None:
    browser = by_password(cast.kari)
    assert browser.get(ACTIVATE).status_code == 200
    age_proofs(browser, 601)
    assert browser.get(ACTIVATE)["Location"].startswith("/account/reauthenticate/")


@pytest.mark.parametrize("address", ["totp/deactivate/", "recovery-codes/", "webauthn/add/"])
def test_a_session_with_the_password_alone_changes_nothing_of_a_second_factor(cast: Cast, address: str) -> None:
    """However fresh: it began before the owner set the app up in another browser."""
    other = by_password(cast.kari)
    owner = set_up_app(cast.kari)
    assert owner.get(f"{SECOND_FACTOR}{address}").status_code == 200
    assert other.get(f"{SECOND_FACTOR}{address}")["Location"].startswith(f"{SECOND_FACTOR}reauthenticate/")
