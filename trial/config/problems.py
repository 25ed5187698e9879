"""The one place where a refusal becomes an answer: a page with a sentence, or RFC 9457 problem details."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from trial.access.refusals import Refusal, of_two_at_once

PROBLEM = "application/problem+json"
TOO_LATE = 409  # what was asked for does not fit what is there now
_NOT_FOUND = _("Fant ikke det du spurte etter.")
_NOT_ALLOWED = _("Du har ikke tilgang til dette.")


def problem(code: str, detail: Any, status: int, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Problem details (RFC 9457): `code` is stable, `detail` a sentence, `errors` one entry per field."""
    body: dict[str, Any] = {"type": f"urn:navtrial:{code}", "code": code, "detail": str(detail), "status": status}
    return body | ({"errors": errors} if errors else {})


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    sentence = str(refusal.sentence)
    errors = [{"field": refusal.field, "detail": sentence}] if refusal.field else None
    return problem(refusal.code, sentence, refusal.status, errors)


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer a page's request in the user's language, a partial update with an alert, a program's with a problem.

    A button that came too late, such as a second press, leads back to its page as it is now, with the sentence on it.
    """
    if request.path.startswith("/api/"):
        return JsonResponse(of_refusal(refusal), status=refusal.status, content_type=PROBLEM)
    partial = bool(request.headers.get("HX-Request"))
    back = page_behind(request) if refusal.status == TOO_LATE and request.method == "POST" and not partial else ""
    if back:
        messages.error(request, str(refusal.sentence))
        return HttpResponseRedirect(back)
    template = "errors/fragment.html" if partial else "errors/refusal.html"
    return render(request, template, {"refusal": refusal}, status=refusal.status)


def page_behind(request: HttpRequest) -> str:
    """The path of our own page on which a button was pressed; empty where the browser names none of ours."""
    behind = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(behind, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(behind).path if ours else ""


def problem_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST Framework's exception handler: every error of the API is problem details with a stable code."""
    body = _body_of(exception)
    if body is None:
        return None
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    headers = {}
    if getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = exception.auth_header  # type: ignore[attr-defined]
    chosen = getattr(context["request"], "accepted_renderer", None)
    as_page = chosen is not None and chosen.media_type == "text/html"
    return Response(body, status=body["status"], headers=headers, content_type=None if as_page else PROBLEM)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of what is no proper request, such as one for another host."""
    return _told(request, "bad_request", _("Forespørselen er ikke gyldig."), 400) or defaults.bad_request(
        request, exception
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of `PermissionDenied`."""
    return _told(request, "not_allowed", _NOT_ALLOWED, 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of addresses that nothing answers to."""
    return _told(request, "not_found", _NOT_FOUND, 404) or defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler of a fault of ours. What went wrong is in the log and nowhere else."""
    return _told(request, "internal_error", _("Noe gikk galt hos oss."), 500) or defaults.server_error(request)


def _told(request: HttpRequest, code: str, detail: Any, status: int) -> HttpResponse | None:
    """The problem for a program; None for a reader of pages."""
    if not request.path.startswith("/api/"):
        return None
    return JsonResponse(problem(code, detail, status), status=status, content_type=PROBLEM)


def _body_of(exception: Exception) -> dict[str, Any] | None:
    if isinstance(exception, IntegrityError):
        late = of_two_at_once(exception)
        return of_refusal(late) if late else None
    if isinstance(exception, Refusal):
        return of_refusal(exception)
    if isinstance(exception, Http404):
        return problem("not_found", _NOT_FOUND, 404)
    if isinstance(exception, PermissionDenied):
        return problem("not_allowed", _NOT_ALLOWED, 403)
    if isinstance(exception, exceptions.ValidationError):
        return problem("invalid", _("Noen felt må rettes."), 422, _field_errors(exception.detail))
    if isinstance(exception, exceptions.APIException):
        return problem(exception.default_code, str(exception.detail), exception.status_code)
    return None


def _field_errors(detail: Any, field: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [error for key, part in detail.items() for error in _field_errors(part, f"{field}.{key}".lstrip("."))]
    if isinstance(detail, list):
        return [error for part in detail for error in _field_errors(part, field)]
    return [{"field": field, "detail": str(detail)}]
