"""The one way to tell a user no."""

import logging
from typing import Any, Final

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

TWO_AT_ONCE: Final = ("23505", "23P01")  # PostgreSQL: unique_violation, exclusion_violation

log = logging.getLogger("navtrial.refusals")


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A rule says no: a stable code for machines and a sentence for people that says what to do.

    `field` names the form field or body key that it concerns. Neither code nor sentence carries a value that the
    user typed: it may be a national id.
    """

    def __init__(self, code: str, sentence: Any, *, field: str | None = None, status: int = 409) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.field = field
        self.status = status


def not_found(sentence: Any, code: str = "not_found") -> Refusal:
    """Outsiders get the same answer for what is not theirs and for what does not exist."""
    return Refusal(code, sentence, status=404)


def violated_constraint(error: IntegrityError) -> str:
    """The name of the database constraint that an error speaks of, empty where it names none.

    Rules that only the database can decide, because two people act at once or a row is hidden, are refused by it.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    return (diagnosis.constraint_name or "") if diagnosis else ""


def changed_meanwhile(field: str | None = None) -> Refusal:
    """Somebody else was quicker."""
    return Refusal(
        "changed_meanwhile",
        _("Noen andre har endret dette mens du skrev. Se hva som står nå, og lagre på nytt hvis det fortsatt gjelder."),
        field=field,
    )


def of_two_at_once(error: IntegrityError) -> Refusal | None:
    """The refusal of who came second, where each of two saw that a row was free and the database took one of them.

    For every rule "only once" that has no sentence of its own. None for another fault, which is ours.
    """
    if getattr(error.__cause__, "sqlstate", "") not in TWO_AT_ONCE:
        return None
    log.warning("two acted at once: %s", violated_constraint(error))
    return changed_meanwhile()
