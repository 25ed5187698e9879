"""One answer under one Idempotency-Key, also when the request comes twice at once or its first try was cut off."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal
from trial.allocation.models import IdempotencyRecord
from trial.audit import clock
from trial.studies.models import Trial

LONGEST_KEY = 100


@contextmanager
def key_held(trial: Trial, key: str) -> Iterator[None]:
    """Work under the key alone. The hold ends with the database session, so a killed process leaves nothing behind.

    Raises:
        Refusal: `key_missing`, or `in_progress` while another request works under the key.
    """
    if not key or len(key) > LONGEST_KEY:
        raise Refusal("key_missing", _("Forespørselen må ha en Idempotency-Key på høyst 100 tegn."), status=400)
    lock = int.from_bytes(hashlib.sha256(f"{trial.pk} {key}".encode()).digest()[:8], signed=True)
    if not _ask("SELECT pg_try_advisory_lock(%s)", lock):
        raise Refusal("in_progress", _("Den samme forespørselen er under arbeid. Prøv igjen om litt."))
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s)", lock)


def record_of(*, by: User, trial: Trial, key: str, body: Mapping[str, Any]) -> IdempotencyRecord:
    """The record of the key, made in the transaction at hand when it is new.

    Raises:
        Refusal: `key_reused` (422) when the key came with another body or from another user.
    """
    said = json.dumps([by.pk, body], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    record, _made = IdempotencyRecord.objects.get_or_create(
        trial=trial, key=key, defaults={"fingerprint": fingerprint, "created_at": clock.now()}
    )
    if record.fingerprint != fingerprint:
        raise Refusal("key_reused", _("Denne Idempotency-Key er brukt til noe annet. Lag en ny."), status=422)
    return record


def _ask(statement: str, lock: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [lock])
        return bool(cursor.fetchone()[0])
