"""Sends what `post` has queued: at least once, after the commit that caused it, and not for ever."""

from datetime import timedelta
from functools import reduce
from operator import or_
from smtplib import SMTPException
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import connection
from django.db.models import Q, QuerySet
from django.template.loader import select_template
from django.utils.translation import override

from trial.audit import clock
from trial.audit.actions import action
from trial.audit.models import OutboxMessage

MOST_ATTEMPTS = 10  # the last one comes about eight hours after the first

log = structlog.get_logger(__name__)


def send_all(limit: int = 500) -> int:
    """Send the notices that are due, each in its own transaction and tried once; answer how many left.

    One that has waited through a night without a worker is due for all its attempts at once: they are for later runs.
    """
    sent, tried = 0, set[UUID]()
    for _turn in range(limit):
        left = send_next(by=None, tried=tried)
        if left is None:
            break
        sent += left
    return sent


@action
def send_next(*, by: None, tried: set[UUID]) -> bool | None:
    """Try the oldest notice that is due and not among those tried, which it then is.

    True when it left, False when it must wait, None when none is due. One that cannot be written, such as to what is
    no address, must not hold those behind it back.
    """
    _open_outbox()
    message = due().exclude(pk__in=tried).select_for_update(skip_locked=True).first()
    if message is None:
        return None
    tried.add(message.pk)
    try:
        left = _send(message)
    except (OSError, SMTPException, ValueError) as error:
        log.warning("notice_not_sent", message=str(message.pk), kind=message.kind, error=type(error).__name__)
        left = False
    message.changed(attempts=message.attempts + 1, sent_at=clock.now() if left else None)
    return left


def due() -> "QuerySet[OutboxMessage]":
    """Unsent notices whose turn has come: each failed attempt doubles the wait, from one minute."""
    now = clock.now()
    turns = (Q(attempts=n, created_at__lte=now - timedelta(minutes=2**n - 1)) for n in range(MOST_ATTEMPTS))
    return OutboxMessage.objects.filter(reduce(or_, turns), sent_at=None)


def _open_outbox() -> None:
    """Speak as the worker does, and be allowed to read the outbox, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'analyst', true), set_config('app.outbox', 'on', true)")


def _send(message: OutboxMessage) -> bool:
    address = _address_of(message.recipient)
    if not address:
        log.info("notice_without_address", message=str(message.pk), kind=message.kind)
        return True
    with override("nb"):
        text = select_template([f"notices/{message.kind}.txt", "notices/notice.txt"])
        subject, _line, body = text.render({"message": message, "payload": message.payload}).strip().partition("\n")
    return bool(send_mail(subject, body.strip() + "\n", None, [address]))


def _address_of(recipient: str) -> str:
    """A user name through the account, which may have none (the home page tells it anyway); an address as it is.

    A user name may have an @ too.
    """
    user = get_user_model().objects.filter(username=recipient).first()
    if user is None:
        return recipient if "@" in recipient else ""
    return user.email if user.is_active else ""
