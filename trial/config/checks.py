"""System checks: a misconfiguration stops the application at start with a sentence that helps.

Outside the demonstration and the tests every secret comes from the environment, and each is another.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

KEYS = ("IDENTITY_KEY", "BLIND_INDEX_KEY", "SEED_KEY", "CHECKPOINT_KEY")
KEY_FORM = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
SECRET_KEY_LENGTH = 50


def keys(**_options: Any) -> list[CheckMessage]:
    """E001 a key is missing, E002 it is no 32 bytes in hex, E003 two are alike, E004 one is the demonstration's."""
    return [*_forms(), *_doubles(), *([] if settings.RELAXED else _shown())]


def _forms() -> Iterator[CheckMessage]:
    for name in KEYS:
        value = getattr(settings, name)
        if not value and name == "IDENTITY_KEY" and settings.IDENTITY_KEY_FILE:
            continue  # the wrapping keys stand in that file
        if not value:
            yield Error(f"{name} is not set.", hint=f"Set {name} to 32 random bytes in hex.", id="navtrial.E001")
        elif not KEY_FORM.fullmatch(value):
            yield Error(f"{name} is not 32 bytes in hex (64 signs 0-9, a-f).", id="navtrial.E002")

    if settings.SNAPSHOT_KEY and not KEY_FORM.fullmatch(settings.SNAPSHOT_KEY):  # files may also lie unsealed
        yield Error("SNAPSHOT_KEY is not 32 bytes in hex (64 signs 0-9, a-f).", id="navtrial.E002")


def _doubles() -> Iterator[CheckMessage]:
    owners: dict[str, list[str]] = {}
    for name in KEYS:
        owners.setdefault(getattr(settings, name).lower(), []).append(name)
    for value, names in owners.items():
        if value and len(names) > 1:
            yield Error(f"{' and '.join(names)} are the same key.", hint="Make one for each.", id="navtrial.E003")


def _shown() -> Iterator[CheckMessage]:
    """A key of one repeated byte is the demonstration's, or as easy to guess."""
    for name in KEYS:
        value = getattr(settings, name)
        if KEY_FORM.fullmatch(value) and len({value[i : i + 2] for i in range(0, 64, 2)}) == 1:
            yield Error(f"{name} is a demonstration key that everyone can read.", id="navtrial.E004")


def _secret_key() -> str:
    """Django raises on an empty one before the check can say what to do."""
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return ""


def secret_key(**_options: Any) -> list[CheckMessage]:
    """E005: sessions could be forged."""
    if settings.RELAXED or len(_secret_key()) >= SECRET_KEY_LENGTH:
        return []
    hint = f"Set SECRET_KEY to at least {SECRET_KEY_LENGTH} random signs."
    return [Error("SECRET_KEY is not set or too short.", hint=hint, id="navtrial.E005")]


def hosts(**_options: Any) -> list[CheckMessage]:
    """E006: no request would be answered, or every host name would."""
    named: Sequence[str] = settings.ALLOWED_HOSTS
    if settings.RELAXED or (named and "*" not in named):
        return []
    hint = "Set ALLOWED_HOSTS to the site's host names, separated by commas."
    return [Error("ALLOWED_HOSTS names no host, or every host.", hint=hint, id="navtrial.E006")]


def worker_account(**_options: Any) -> list[CheckMessage]:
    """W001: a worker would sign in as the owner of every table."""
    if settings.RELAXED or settings.WORKER_DATABASE_URL:
        return []
    hint = "Set it to an address that signs in as the role analyst."
    return [Warning("WORKER_DATABASE_URL is not set.", hint=hint, id="navtrial.W001")]


def environment(**_options: Any) -> list[CheckMessage]:
    """E008: something in the environment cannot be what it should be."""
    return [Error(mistake, id="navtrial.E008") for mistake in settings.MISTAKES]


def database_account(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """E007: row-level security would not hold for whoever forgets a plane. Asked where a database is to be asked."""
    if settings.RELAXED or not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user")
        past_the_rows = bool(cursor.fetchone()[0])
    if not past_the_rows:
        return []
    hint = "Let DATABASE_URL sign in as an account with neither SUPERUSER nor BYPASSRLS."
    return [Error("The database account stands above row-level security.", hint=hint, id="navtrial.E007")]


ALL = (keys, secret_key, hosts, worker_account, environment, database_account)
