"""Messages with a personal link, by e-mail or text message; who has neither gets a letter from the office.

The console stands in for both until a mail server (`EMAIL_BACKEND`) and a gateway (`SMS_GATEWAY_URL`) are set, but
only where no real people are: elsewhere a link on a console would be a link in a log.
"""

import json
import re
import sys
import urllib.request
from http.client import HTTPException
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils.translation import override

from trial.surveys.models import Channel

FAILURES = (OSError, HTTPException, SMTPException, ValueError)  # the last: an address that no mail can carry
BETWEEN = re.compile(r'[\s,;:/|<>()"]+')
PHONE = re.compile(r"(?:\+|00)?\d{8,15}")
GATEWAY_SECONDS = 10


def channel_of(contact: str) -> tuple[Channel, str]:
    """How someone is reached and where, by what the office wrote down; a letter (and no address) when in doubt."""
    for word in BETWEEN.split(contact):
        address = word.strip(".'")
        if _is_address(address) and _has_mail():
            return Channel.EMAIL, address
    digits = re.sub(r"[\s\-.()]", "", contact)
    if PHONE.fullmatch(digits) and _has_gateway():
        return Channel.SMS, digits
    return Channel.PAPER, ""


def deliver(channel: Channel, to: str, context: dict[str, object]) -> None:
    """Send the message of a channel now, in bokmål whatever language the sender reads.

    Raises:
        one of `FAILURES`: when it did not leave.
    """
    with override("nb"):
        text = render_to_string(f"surveys/messages/{channel}.txt", context).strip()
    if channel == Channel.EMAIL:
        subject, _line, body = text.partition("\n")
        send_mail(subject, body.strip() + "\n", None, [to])
    elif settings.SMS_GATEWAY_URL:
        _through_gateway(to, text)
    else:
        sys.stdout.write(f"SMS til {to}:\n{text}\n")


def _through_gateway(to: str, text: str) -> None:
    body = json.dumps({"to": to, "text": text}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        settings.SMS_GATEWAY_URL, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=GATEWAY_SECONDS):  # noqa: S310
        pass


def _is_address(word: str) -> bool:
    try:
        validate_email(word)
    except ValidationError:
        return False
    return True


def _has_mail() -> bool:
    return settings.RELAXED or not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def _has_gateway() -> bool:
    return bool(settings.RELAXED or settings.SMS_GATEWAY_URL)
