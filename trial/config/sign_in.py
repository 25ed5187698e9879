"""What every request passes first: the sidecar's token, the limits of a session, and the roles of groups."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from trial.access import adapters
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.sign_in import LAST_SEEN, SIGNED_IN_AT, groups_of
from trial.access.wonderwall import claims_in
from trial.config.problems import refusal_response
from trial.studies.groups import account_by_claims, claimed, follow_groups

Handler = Callable[[HttpRequest], HttpResponse]
ENDED = "ended"  # key in the new session: why the old one ended, for the sign-in page to say
SEEN_EVERY_SECONDS = 60  # the session is written at most once a minute
SIDECAR_USER = "sidecar_user"  # key in the session: whose it is, where the sidecar signs in
UNATTENDED = "X-Unattended"  # header of updates that a page asks for by itself: nobody need be there


class SocialAdapter(adapters.SocialAdapter):
    """Sign-in by an OpenID provider, where the rooms above can say whom a group lets in."""

    def whom(self, claims: Mapping[str, Any]) -> User:
        return account_by_claims(claims)


def wonderwall(get_response: Handler) -> Handler:
    """Sign in whom the sidecar's token names, where the sidecar is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        claims = claims_in(request) if settings.WONDERWALL["issuer"] else None
        if claims is not None:
            try:
                user = account_by_claims(claims)
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


def group_roles(get_response: Handler) -> Handler:
    """Let the groups that the provider named give their roles, in this request and as long as it names them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        groups = groups_of(request) if request.user.is_authenticated else None
        if groups is not None:
            request.user.groups_claimed = claimed(groups)  # type: ignore[union-attr]
            with maintenance():
                follow_groups(by=None, user=request.user, groups=request.user.groups_claimed)  # type: ignore[union-attr,arg-type]
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
