"""One answer under one Idempotency-Key, also when the request comes twice at once or its first try was cut off."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal
from trial.allocation.models import IdempotencyRecord
from trial.audit import clock
from trial.audit.rows import Rows, ask
from trial.studies.models import Trial

LONGEST_KEY = 100

# The update changes nothing: with it the row comes back whether it is new or was there before.
KEPT = Rows(
    IdempotencyRecord,
    "INSERT INTO allocation_idempotencyrecord (trial_id, key, fingerprint, answer, created_at) "
    "VALUES (%s, %s, %s, '', %s) ON CONFLICT (trial_id, key) "
    "DO UPDATE SET answer = allocation_idempotencyrecord.answer RETURNING {columns}",
)


@contextmanager
def key_held(trial: Trial, key: str) -> Iterator[None]:
    """Work under the key alone. The hold ends with the database session, so a killed process leaves nothing behind.

    Raises:
        Refusal: `key_missing`, or `in_progress` while another request works under the key.
    """
    if not key or len(key) > LONGEST_KEY:
        raise Refusal("key_missing", _("Forespørselen må ha en Idempotency-Key på høyst 100 tegn."), status=400)
    lock = int.from_bytes(hashlib.sha256(f"{trial.pk} {key}".encode()).digest()[:8], signed=True)
    if not ask("SELECT pg_try_advisory_lock(%s::bigint)", lock).fetchall()[0][0]:
        raise Refusal("in_progress", _("Den samme forespørselen er under arbeid. Prøv igjen om litt."))
    try:
        yield
    finally:
        ask("SELECT pg_advisory_unlock(%s::bigint)", lock)


class Claim:
    """The record of a key, asked for within a trip and made in the transaction at hand when it is new."""

    def __init__(self, *, by: User, trial: Trial, key: str, body: Mapping[str, Any]) -> None:
        said = json.dumps([by.pk, body], sort_keys=True, default=str)
        self._fingerprint = hashlib.sha256(said.encode()).hexdigest()
        self._kept = KEPT.ask(trial.pk, key, self._fingerprint, clock.now())

    def record(self) -> IdempotencyRecord:
        """The record.

        Raises:
            Refusal: `key_reused` (422) when the key came with another body or from another user.
        """
        record = self._kept.one()
        if record.fingerprint != self._fingerprint:
            raise Refusal("key_reused", _("Denne Idempotency-Key er brukt til noe annet. Lag en ny."), status=422)
        return record


def keep_answer(record: IdempotencyRecord, answer: Mapping[str, Any]) -> str:
    """Keep what is answered under the key, byte for byte."""
    return str(record.changed(answer=json.dumps(answer, ensure_ascii=False, separators=(",", ":"))).answer)
