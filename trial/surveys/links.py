"""Personal links: codes that nobody can guess, of which only the hash is kept.

A code is sixteen symbols that are not confused with one another, the same as in participant numbers: 71 bits of
chance. It stands in the link of a message, and on a letter, from which it can be typed.
"""

import hashlib
import re
import secrets

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from trial.access.planes import DatabaseRole, Plane
from trial.access.refusals import Refusal
from trial.enrolment.numbers import RANDOM_SYMBOLS

LENGTH, GROUP = 16, 4


def new_code() -> str:
    """A new code, written in groups: 7K4Q-XN3D-9RTC-W2HM."""
    symbols = "".join(secrets.choice(RANDOM_SYMBOLS) for _place in range(LENGTH))
    return "-".join(symbols[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def parse_code(text: str) -> str:
    """The symbols of a code, however it was typed.

    Raises:
        Refusal: `malformed_code`.
    """
    symbols = re.sub(r"[\s\-–]", "", text).upper()
    if not re.fullmatch(f"[{RANDOM_SYMBOLS}]{{{LENGTH}}}", symbols):
        raise Refusal("malformed_code", _("Koden har 16 tegn. Sjekk at alle er med."), field="code", status=422)
    return symbols


def hash_of(code: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(parse_code(code).encode()).hexdigest()


def plane_of(sha256: str) -> Plane:
    """The plane of whoever holds a code: the rows of that one questionnaire, and nothing else."""
    return Plane(DatabaseRole.RESPONDENT, link=sha256)


def address_of(code: str) -> str:
    """The whole address that a message names."""
    return settings.SITE_URL + reverse("surveys:open", args=[code])


def enter_address() -> str:
    """The whole address where a code is typed."""
    return settings.SITE_URL + reverse("surveys:answer")
