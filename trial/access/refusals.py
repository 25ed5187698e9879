"""The one way to tell a user no."""

from typing import Any

from django.db import IntegrityError


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
