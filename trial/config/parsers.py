"""What the API takes as JSON: of bounded size and depth, in UTF-8, and nothing that PostgreSQL cannot hold."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    """A body beyond what any address of the API needs."""

    status_code = 413
    default_code = "body_too_large"


class BoundedJSONParser(BaseParser):
    """JSON as RFC 8259 has it. Files do not come this way.

    Django REST Framework's own parser reads a body of any size, fails on one that is nested too deep, and lets through
    what the database then refuses: NUL characters, half of a surrogate pair, and numbers that overflow to infinity.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge(_("Forespørselen er for stor."))
        try:
            text = body.decode()
            value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("Innholdet er ikke gyldig JSON i UTF-8.")) from error
        if "\\u" in text or "\0" in text:
            _refuse_unstorable(value)
        return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _no_number(digits)


def _refuse_unstorable(value: Any) -> None:
    """Refuse texts, also as names of fields, that are no text in PostgreSQL."""
    waiting = [value]
    for each in waiting:  # grows while it is read
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and ("\0" in each or any("\ud800" <= sign <= "\udfff" for sign in each)):
            raise ParseError(_("Teksten har tegn som ikke kan lagres."))
