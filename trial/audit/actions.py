"""Every write of the application is an action: one verb, one transaction, one audit line."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from django.db import transaction

from trial.audit import clock
from trial.audit.guards import is_writing, writing
from trial.audit.models import AuditEvent, OutboxMessage

SYSTEM = "system"

P = ParamSpec("P")
R = TypeVar("R")


class Actor(Protocol):
    """Whoever does something; a user of the room above, known here by key and label."""

    @property
    def pk(self) -> int: ...

    def get_username(self) -> str: ...


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Make a keyword-only function the one place where its rows are written, whole or not at all."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError(f"{function.__name__} takes keyword arguments only")
        with transaction.atomic(), writing():
            return function(*args, **kwargs)

    return run


def part_of_action(function: Callable[P, R]) -> Callable[P, R]:
    """Make a verb that other actions use: it joins the one under way, and is an action of its own elsewhere."""
    alone = action(function)

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs) if is_writing() and not args else alone(*args, **kwargs)

    return run


def record(*, by: Actor | None, verb: str, trial: str = "", subject: str = "", **details: Any) -> AuditEvent:
    """Write the audit line of the action that is under way, in its transaction.

    `subject` is a pseudonym or a key; `details` are codes and numbers. Neither ever holds personal data.
    """
    return AuditEvent(
        time=clock.now(),
        actor_id=by.pk if by else None,
        actor=by.get_username() if by else SYSTEM,
        verb=verb,
        trial=trial,
        subject=subject,
        details=details,
    ).added()


def post(*, kind: str, to: str, **payload: Any) -> OutboxMessage:
    """Queue a notice; it leaves after the commit. The payload never holds personal data."""
    return OutboxMessage(created_at=clock.now(), kind=kind, recipient=to, payload=payload).added()
