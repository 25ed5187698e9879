"""A misconfiguration is told at start, with a sentence and an id."""

import secrets

import pytest
from django.test import override_settings

from trial.config import checks

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
    ],
)
def test_each_mistake_is_told_by_its_id(changed: dict[str, object], told: str) -> None:
    with override_settings(**PRODUCTION | changed):
        assert found() == {told}


def test_a_file_of_wrapping_keys_stands_in_for_the_identity_key() -> None:
    with override_settings(**PRODUCTION | {"IDENTITY_KEY": "", "IDENTITY_KEY_FILE": "/run/secrets/keys.json"}):
        assert found() == set()


def test_the_demonstration_may_use_its_open_keys() -> None:
    with override_settings(RELAXED=True, **{name: f"{place}{place}" * 32 for place, name in enumerate(checks.KEYS, 1)}):
        assert found() == set()
