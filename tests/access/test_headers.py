"""Cookies and headers, as the browser gets them and as production sets them."""

import json
import os
import secrets
import subprocess
import sys

import pytest
from django.test import Client

from tests.cast import Cast
from trial.config import assets
from trial.config.services.sharing import PROJECT

pytestmark = pytest.mark.slow
KEYS = ("IDENTITY_KEY", "BLIND_INDEX_KEY", "SEED_KEY", "CHECKPOINT_KEY")
SETTINGS = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SECOND_FACTOR_REQUIRED", "SESSION_COOKIE_DOMAIN",
)  # fmt: skip


def production(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as production would: every secret from the environment, no demonstration."""
    passed_on = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    environment = passed_on | {name: secrets.token_hex(32) for name in KEYS}
    environment |= {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "forsok.example.no",
        "WORKER_DATABASE_URL": "postgres://analyst@localhost/navtrial",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_djangos_check_for_production_has_nothing_to_say() -> None:
    assets.build()  # as the image does before it is started
    checked = production("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr


def test_productions_cookies_belong_to_one_host_over_tls() -> None:
    told = f"json.dumps([getattr(s, n, None) for n in {SETTINGS}])"
    script = f"import json; from trial.config import settings as s; print({told})"
    asked = production("-c", script)
    found = dict(zip(SETTINGS, json.loads(asked.stdout), strict=True))
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert found["SESSION_COOKIE_DOMAIN"] is None
    assert found["SECURE_HSTS_SECONDS"] >= 365 * 24 * 60 * 60
    assert all(found[name] for name in SETTINGS if name.endswith(("SECURE", "HTTPONLY", "REDIRECT", "REQUIRED")))


def test_nothing_that_a_signed_in_person_saw_is_kept(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.kari)
    for address in ("/", "/trials/se-klar/participants/", "/api/v1/trials/se-klar/participants/", "/nothing/"):
        assert browser.get(address)["Cache-Control"] == "no-store", address


def test_every_answer_says_what_a_browser_may_do_with_it(cast: Cast) -> None:
    answer = Client().get("/account/login/")
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_a_new_session_begins_with_each_sign_in(cast: Cast) -> None:
    """A session that somebody planted before is not the one that is signed in."""
    browser = Client()
    browser.get("/account/login/")
    planted = browser.session
    planted["planted"] = True
    planted.save()
    before = browser.session.session_key
    browser.force_login(cast.kari)
    assert browser.session.session_key != before


def test_a_form_of_another_site_changes_nothing(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.kari)
    assert browser.post("/trials/se-klar/participants/search/", {"text": "MOS"}).status_code == 403
