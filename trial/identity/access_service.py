"""Nav's access service (Tilgangsmaskin): asked before anyone is shown. It says no by saying no, or by saying nothing.

Off until `ACCESS_SERVICE_URL` is set. The service knows protected addresses, shielded people, own and relatives' data;
this application never learns which of them it was, and keeps nothing of the answer.
Source: navikt/populasjonstilgangskontroll: `komplett` answers 204 or 403 for one person, `bulk` a status each.
"""

import json
from collections.abc import Collection
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from evaluation.national_id import is_national_id
from trial.access.models import User
from trial.access.refusals import Refusal

ALLOWED, PARTLY = 204, 207

log = structlog.get_logger(__name__)


class _NoRedirect(HTTPRedirectHandler):
    """A national id is sent to the configured address and nowhere else."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def require_access(user: User, national_id: str) -> None:
    """Let through whom the service lets through. A number that is not whole yet is nobody's, and nobody is asked.

    Raises:
        Refusal: `access_denied` when it says no, `access_not_answered` when it does not answer as it should.
    """
    if not settings.ACCESS_SERVICE_URL or not is_national_id(national_id):
        return
    status, _body = _ask(f"ccf/komplett/{_ident(user)}", national_id)
    if status == ALLOWED:
        return
    if status == 403:
        log.warning("access_denied", user=user.pk)
        raise Refusal("access_denied", _("Du har ikke tilgang til denne personen i Navs tilgangskontroll."), status=403)
    raise _not_answered()


def permitted(user: User, national_ids: Collection[str]) -> frozenset[str]:
    """Those of the people whom the service lets the user see; nobody when it does not answer, for lists."""
    if not settings.ACCESS_SERVICE_URL:
        return frozenset(national_ids)
    if not national_ids:
        return frozenset()
    asked = [{"brukerId": national_id, "regelType": "KOMPLETT_REGELTYPE"} for national_id in sorted(national_ids)]
    try:
        status, body = _ask(f"ccf/bulk/{_ident(user)}", asked)
        answers = body["resultater"] if status == PARTLY else []
        return frozenset(each["brukerId"] for each in answers if each["status"] == ALLOWED) & frozenset(national_ids)
    except (Refusal, KeyError, TypeError):
        return frozenset()


def _ident(user: User) -> str:
    if not user.nav_ident:
        raise Refusal(
            "nav_ident_missing",
            _("Brukeren din mangler Nav-ident, og tilgangskontrollen kan ikke spørres."),
            status=403,
        )
    return quote(user.nav_ident, safe="")


def _ask(path: str, body: object) -> tuple[int, Any]:
    """The status and the parsed body of an answer, within a few seconds."""
    request = Request(  # noqa: S310 - the address is configuration, checked at start
        f"{settings.ACCESS_SERVICE_URL.rstrip('/')}/api/v1/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {settings.ACCESS_SERVICE_TOKEN}"},
    )
    try:
        with _opener.open(request, timeout=settings.ACCESS_SERVICE_SECONDS) as answer:
            text = answer.read(1 << 20)
            return answer.status, json.loads(text) if text else None
    except HTTPError as error:
        return error.code, None
    except (OSError, HTTPException, ValueError) as error:
        log.warning("access_service_silent", error=type(error).__name__)
        raise _not_answered() from None


def _not_answered() -> Refusal:
    return Refusal(
        "access_not_answered",
        _("Navs tilgangskontroll svarer ikke. Ingen personer vises før den gjør det. Prøv igjen om litt."),
        status=503,
    )
