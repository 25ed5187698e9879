"""What a session proves of the person who sits there: once or twice, and how long ago.

allauth writes a line into the session for every proof (password, code, passkey, provider). These functions read them;
a Wonderwall token and a program's key carry their own proof (`request.claims`, `request.api_token`).
"""

import time
from collections.abc import Mapping
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SIGNED_IN_AT, LAST_SEEN = "signed_in_at", "last_seen"  # keys in the session, seconds since 1970
PROVIDER_PROVED_TWICE = "provider_proved_twice"  # in the session, and on the request that signs in
PROVIDER_GROUPS = "provider_groups"  # likewise: the groups that the provider said the person is in


def proved_twice(request: HttpRequest) -> bool:
    """Whether the session rests on two factors: a code or passkey here, or the provider's own second factor."""
    claims = claims_of(request)
    if claims is not None:
        return asked_twice(claims)
    return _program(request) or bool(_records(request, "mfa")) or bool(request.session.get(PROVIDER_PROVED_TWICE))


def proved_lately(request: HttpRequest) -> bool:
    """Whether the person has shown the strongest proof of the session within `STEP_UP_SECONDS`. Programs never do."""
    claims = claims_of(request)
    if claims is not None:
        return _age(claims.get("auth_time", 0)) <= settings.STEP_UP_SECONDS
    if _program(request):
        return False
    proofs = _records(request, "mfa") or _records(request, "socialaccount") or _records(request, "password")
    latest = proofs[-1]["at"] if proofs else request.session.get(SIGNED_IN_AT, 0)
    return _age(latest) <= settings.STEP_UP_SECONDS


def proved_all_lately(request: HttpRequest) -> bool:
    """Whether every proof that the account can ask for here was given within `STEP_UP_SECONDS`, as at signing in.

    A session that began with the password alone, before a second factor was set up elsewhere, has not given it.
    """
    return proved_lately(request) and (bool(_records(request, "mfa")) or not is_mfa_enabled(request.user))


def asked_twice(claims: Mapping[str, Any]) -> bool:
    """Whether a provider's claims say that it asked for a second factor, or the platform says that it always does."""
    return bool(settings.PROVIDER_REQUIRES_SECOND_FACTOR) or "mfa" in claims.get("amr", ())


def groups_of(request: HttpRequest) -> Any:
    """The groups that the provider says the person is in, as it says them; None where no provider signed in."""
    claims = claims_of(request)
    if claims is not None:
        return claims.get("groups", [])
    return None if _program(request) else request.session.get(PROVIDER_GROUPS)


def claims_of(request: HttpRequest) -> Mapping[str, Any] | None:
    """The claims of the Wonderwall token that signed the request in; None for every other way."""
    claims: Mapping[str, Any] | None = getattr(request, "claims", None)
    return claims


@receiver(user_logged_in)
def session_begins(request: HttpRequest, **_signal: Any) -> None:
    """Start the clocks of a session's two limits."""
    request.session[SIGNED_IN_AT] = request.session[LAST_SEEN] = time.time()


def _program(request: HttpRequest) -> bool:
    return getattr(request, "api_token", None) is not None


def _records(request: HttpRequest, method: str) -> list[dict[str, Any]]:
    return [each for each in get_authentication_records(request, request.user) if each["method"] == method]


def _age(moment: float) -> float:
    return time.time() - moment
