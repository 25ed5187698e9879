"""What every request passes on its way in: the sidecar's token, the session's limits, and the second factor."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from trial.access.pages import SIDECAR_LOGIN
from trial.access.provider import account_of
from trial.access.refusals import Refusal
from trial.access.sign_in import LAST_SEEN, SIGNED_IN_AT, claims_of, proved_lately, proved_twice
from trial.access.wonderwall import claims_in
from trial.config.endpoints import needs_proof
from trial.config.problems import refusal_response

Handler = Callable[[HttpRequest], HttpResponse]
ENDED = "ended"  # key in the new session: why the old one ended, for the sign-in page to say
SEEN_EVERY_SECONDS = 60  # the session is written at most once a minute
SIDECAR_USER = "sidecar_user"

OPEN_VIEWS = ("allauth.", "trial.access.pages", "trial.config.pages")  # sign-in itself, language and colours
UNATTENDED = "X-Unattended"  # header of updates that a page asks for by itself: nobody need be there


def wonderwall(get_response: Handler) -> Handler:
    """Sign in whom the sidecar's token names, where the sidecar is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        claims = claims_in(request) if settings.WONDERWALL["issuer"] else None
        if claims is not None:
            try:
                user = account_of(claims)
            except Refusal as refusal:
                return refusal_response(request, refusal)
            if request.session.setdefault(SIDECAR_USER, user.pk) != user.pk:
                request.session.flush()  # a browser that somebody else used before
            request.user, request.claims = user, claims  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def session_limits(get_response: Handler) -> Handler:
    """End a session that nobody has used for a while, or that is a working day old."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not hasattr(request, "claims") and not hasattr(request, "api_token"):
            reason = _ended(request)
            if reason:
                logout(request)
                request.session[ENDED] = reason
        return get_response(request)

    return middleware


def _ended(request: HttpRequest) -> str:
    now, session = time.time(), request.session
    if now - session.setdefault(SIGNED_IN_AT, now) > settings.SESSION_COOKIE_AGE:
        return "old"
    unseen = now - session.setdefault(LAST_SEEN, now)
    if unseen > settings.SESSION_IDLE_SECONDS:
        return "idle"
    if unseen > SEEN_EVERY_SECONDS and UNATTENDED not in request.headers:
        session[LAST_SEEN] = now
    return ""


class ProofMiddleware:
    """Let nobody past sign-in on one factor, and ask again before what cannot be undone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or _belongs_to_sign_in(view):
            return None
        if settings.SECOND_FACTOR_REQUIRED and not proved_twice(request):
            return _asked_for_more(request, "second_factor_needed", reverse("mfa_index"), _SET_UP)
        if needs_proof(request) and not proved_lately(request):
            return _asked_for_more(request, "proof_needed", _way_to_prove(request), _PROVE)
        return None


_SET_UP = _("Kontoen må ha en autentiseringsapp eller en passnøkkel før du kan gå videre.")
_PROVE = _("Bekreft at det er deg. Gjør deretter det du skulle, en gang til.")


def _belongs_to_sign_in(view: Callable[..., Any]) -> bool:
    return view.__module__.startswith(OPEN_VIEWS)


def _asked_for_more(request: HttpRequest, code: str, way: str, sentence: Any) -> HttpResponse:
    """Send the reader to where more is proved, and back to the page from which it was asked for."""
    if request.path.startswith("/api/"):
        return refusal_response(request, Refusal(code, sentence, status=403))
    back = request.get_full_path() if request.method == "GET" else _page_behind(request)
    if request.method != "GET":
        messages.info(request, sentence)
    mark = "&" if "?" in way else "?"
    name = "redirect" if way.startswith(SIDECAR_LOGIN) else REDIRECT_FIELD_NAME
    return HttpResponseRedirect(f"{way}{mark}{urlencode({name: back})}")


def _way_to_prove(request: HttpRequest) -> str:
    """The second factor or the password here; for those who came by a provider, the provider's sign-in once more."""
    if claims_of(request) is not None:
        return f"{SIDECAR_LOGIN}?prompt=login"
    methods = get_adapter().get_reauthentication_methods(request.user)
    if methods:
        return str(methods[0]["url"])
    provider = reverse("openid_connect_login", args=["entra"])
    return f"{provider}?{urlencode({'auth_params': 'prompt=login'})}"


def _page_behind(request: HttpRequest) -> str:
    behind = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(behind, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    return urlsplit(behind).path
