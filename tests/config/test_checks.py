"""A misconfiguration is told at start, with a sentence and an id."""

import os
import secrets
import subprocess
import sys

import pytest
from django.test import override_settings

from trial.config import checks
from trial.config.services.sharing import PROJECT

GOOD = {name: secrets.token_hex(32) for name in checks.KEYS}
PRODUCTION = {
    "RELAXED": False,
    "SECRET_KEY": secrets.token_urlsafe(48),
    "ALLOWED_HOSTS": ["se-klar.intern.nav.no"],
    "WORKER_DATABASE_URL": "postgres://analyst@db/navtrial",
    **GOOD,
}


def found() -> set[str | None]:
    return {message.id for check in checks.ALL for message in check()}


def test_a_complete_production_configuration_has_nothing_to_say() -> None:
    with override_settings(**PRODUCTION):
        assert found() == set()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"IDENTITY_KEY": ""}, "navtrial.E001"),
        ({"SEED_KEY": "secret"}, "navtrial.E002"),
        ({"SNAPSHOT_KEY": "secret"}, "navtrial.E002"),
        ({"BLIND_INDEX_KEY": GOOD["IDENTITY_KEY"].upper()}, "navtrial.E003"),
        ({"CHECKPOINT_KEY": "44" * 32}, "navtrial.E004"),
        ({"SECRET_KEY": "short"}, "navtrial.E005"),
        ({"ALLOWED_HOSTS": []}, "navtrial.E006"),
        ({"ALLOWED_HOSTS": ["*"]}, "navtrial.E006"),
        ({"WORKER_DATABASE_URL": ""}, "navtrial.W001"),
        ({"MISTAKES": ["PROXY_COUNT is no whole number."]}, "navtrial.E008"),
    ],
)
def test_each_mistake_is_told_by_its_id(changed: dict[str, object], told: str) -> None:
    with override_settings(**PRODUCTION | changed):
        assert found() == {told}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROXY_COUNT", "two", "PROXY_COUNT is no whole number"),
        ("SEED_KEY_FILE", "/nowhere/key", "SEED_KEY_FILE cannot be read"),
        ("DATABASE_URL", "sqlite:///db", "DATABASE_URL must look like postgres://"),
    ],
)
@pytest.mark.slow
def test_a_slip_in_the_environment_is_a_sentence_and_no_traceback(name: str, value: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("above", "told"), [(True, {"navtrial.E007"}), (False, set())])
def test_an_account_above_row_level_security_is_told(
    monkeypatch: pytest.MonkeyPatch, above: bool, told: set[str]
) -> None:
    monkeypatch.setattr(checks, "connection", Answering(above))
    with override_settings(**PRODUCTION):
        assert {message.id for message in checks.database_account(databases=["default"])} == told


@pytest.mark.django_db
def test_the_account_at_hand_is_none_above_it() -> None:
    with override_settings(**PRODUCTION):
        assert checks.database_account(databases=["default"]) == []


class Answering:
    """A connection to a server whose account we cannot make here: only its superuser may make another."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def cursor(self) -> "Answering":
        return self

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *_error: object) -> None: ...

    def execute(self, question: str) -> None: ...

    def fetchone(self) -> tuple[bool]:
        return (self.answer,)


def test_a_file_of_wrapping_keys_stands_in_for_the_identity_key() -> None:
    with override_settings(**PRODUCTION | {"IDENTITY_KEY": "", "IDENTITY_KEY_FILE": "/run/secrets/keys.json"}):
        assert found() == set()


def test_the_demonstration_may_use_its_open_keys() -> None:
    with override_settings(RELAXED=True, **{name: f"{place}{place}" * 32 for place, name in enumerate(checks.KEYS, 1)}):
        assert found() == set()
