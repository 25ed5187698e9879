"""What every request passes: language, sign-in by token, and the plane of data it may see."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.middleware import common
from django.utils import translation

from trial.access import planes
from trial.access.refusals import Refusal, of_two_at_once
from trial.access.tokens import token_of
from trial.audit import calls
from trial.config.problems import refusal_response
from trial.studies.queries import plane_for

Handler = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE = "language"


class CommonMiddleware(common.CommonMiddleware):
    """Django's, but a program that writes to an address without its last slash is not sent on: it would arrive as GET,
    and a list of what is there would look like an answer to what was sent.
    """

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        writes = request.method not in ("GET", "HEAD") and request.path.startswith("/api/")
        return not writes and super().should_redirect_with_slash(request)


def language(get_response: Handler) -> Handler:
    """Bokmål unless the reader chose English: offices share machines whose browsers are set to anything."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = "en" if request.COOKIES.get(LANGUAGE_COOKIE) == "en" else "nb"
        request.LANGUAGE_CODE = chosen
        with translation.override(chosen):
            return get_response(request)

    return middleware


def headers(get_response: Handler) -> Handler:
    """Nothing that a signed-in person saw is kept by a browser or a proxy, or read from another site's page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            response["Cache-Control"] = "no-store"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        return response

    return middleware


def token_sign_in(get_response: Handler) -> Handler:
    """Let a program in by its token; its rights are those of the token's trial and role only."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = token_of(request)
        if token:
            request.user = token.user
            request.user.api_token = request.api_token = token  # type: ignore[attr-defined]
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


class PlaneMiddleware:
    """Run a signed-in user's view in one transaction on the user's plane, and answer refusals.

    A view marked `own_transactions` gets the plane but opens its transactions itself. Views of sign-in (allauth)
    stay outside: they write sessions and accounts, which no plane may.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or view.__module__.startswith("allauth."):
            return None
        plane, call = plane_for(request.user), calls.Call(request.method or "", f"{settings.SITE_URL}{request.path}")
        way_in = planes.acting_in if getattr(view, "own_transactions", False) else planes.entered
        try:
            with calls.answering(call), way_in(plane):
                return _rendered(view(request, *args, **kwargs))
        except Refusal as refusal:
            return refusal_response(request, refusal)
        except IntegrityError as error:
            if (late := of_two_at_once(error)) is None:
                raise
            return refusal_response(request, late)


def _rendered(response: Any) -> Any:
    """Render inside the transaction what Django would render after it."""
    return response.render() if hasattr(response, "render") and not response.is_rendered else response
