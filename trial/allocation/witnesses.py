"""Checkpoints told to outsiders: a webhook (such as a juridical log), and a time-stamping authority (RFC 3161).

Both are optional. What could not be told is told at the next round; the draw never waits for either.
"""

import secrets
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import structlog
from django.conf import settings

from evaluation.canonical import canonical_json
from trial.access.planes import entered
from trial.allocation.models import Checkpoint, Witness
from trial.allocation.queries import DRAW, statement_of
from trial.allocation.timestamps import TimestampError, query, stamp
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.models import Trial

PATIENCE_SECONDS = 10
A_ROUND = 50  # checkpoints told at once, oldest first
LARGEST_ANSWER = 100_000  # bytes
ANSWERED = {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}

log = structlog.get_logger(__name__)


class WitnessError(Exception):
    """A witness could not be told."""


class NoRedirect(HTTPRedirectHandler):
    """Elsewhere the checkpoint would be asked for without its text, and the token given to whoever stands there."""

    def redirect_request(self, *_args: Any) -> None:
        return None


OPENER = build_opener(NoRedirect)


def tell_witnesses(trial: Trial) -> list[str]:
    """Tell every configured witness what it has not heard; a line for each that could not be told."""
    return [
        f"{kind} of {checkpoint.size} leaves: {problem}"
        for kind, checkpoint in list(_untold(trial))
        if (problem := _told(kind, checkpoint))
    ]


def stamped_text(checkpoint: Checkpoint) -> bytes:
    """The bytes that a webhook is sent and an authority stamps: the signed checkpoint in canonical JSON."""
    return canonical_json(statement_of(checkpoint))


def _untold(trial: Trial) -> Iterator[tuple[str, Checkpoint]]:
    with entered(DRAW):
        for kind, (setting, _tell) in WITNESSES.items():
            if getattr(settings, setting):
                waiting = Checkpoint.objects.filter(trial=trial).exclude(witnesses__kind=kind).order_by("size")
                yield from [(kind, checkpoint) for checkpoint in waiting.select_related("trial")[:A_ROUND]]


def _told(kind: str, checkpoint: Checkpoint) -> str:
    """Tell one witness of one checkpoint, between two transactions; answers what went wrong."""
    setting, tell = WITNESSES[kind]
    try:
        evidence = tell(getattr(settings, setting), stamped_text(checkpoint))
    except (WitnessError, TimestampError) as problem:
        log.warning("checkpoint_not_told", kind=kind, size=checkpoint.size, problem=str(problem))
        return str(problem)
    with entered(DRAW):
        _keep(by=None, checkpoint=checkpoint, kind=kind, evidence=evidence)
    return ""


@action
def _keep(*, by: None, checkpoint: Checkpoint, kind: str, evidence: bytes) -> Witness:
    kept = Witness.objects.create(
        checkpoint=checkpoint, trial=checkpoint.trial, kind=kind, evidence=evidence, told_at=clock.now()
    )
    record(by=by, verb="checkpoint_told", trial=checkpoint.trial.code, kind=kind, size=checkpoint.size)
    return kept


def _by_webhook(address: str, text: bytes) -> bytes:
    headers = {"Content-Type": "application/json"}
    if settings.CHECKPOINT_WEBHOOK_TOKEN:
        headers["Authorization"] = f"Bearer {settings.CHECKPOINT_WEBHOOK_TOKEN}"
    return _posted(address, text, headers)


def _by_timestamp(address: str, text: bytes) -> bytes:
    nonce = secrets.randbits(63)
    answer = _posted(address, query(text, nonce=nonce), {"Content-Type": "application/timestamp-query"})
    return stamp(answer, text, nonce=nonce).response


def _posted(address: str, body: bytes, headers: dict[str, str]) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise WitnessError("the address is none of http")
    try:
        with OPENER.open(Request(address, body, headers), timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - checked above
            if answer.status not in ANSWERED:
                raise WitnessError(f"answered {answer.status}")
            content: bytes = answer.read(LARGEST_ANSWER)
            return content
    except (URLError, OSError, HTTPException) as problem:
        raise WitnessError(f"cannot be reached: {type(problem).__name__}") from problem


# kind -> the setting that names its address, and how it is told
WITNESSES: dict[str, tuple[str, Callable[[str, bytes], bytes]]] = {
    "webhook": ("CHECKPOINT_WEBHOOK_URL", _by_webhook),
    "timestamp": ("TIMESTAMP_AUTHORITY_URL", _by_timestamp),
}
