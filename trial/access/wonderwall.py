"""Sign-in by Wonderwall, the platform's sidecar: every request carries a bearer token that we check ourselves."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
import structlog
from django.conf import settings
from django.http import HttpRequest

LEEWAY_SECONDS = 10  # clocks of two machines
ALGORITHMS = ["RS256"]

log = structlog.get_logger(__name__)


def claims_in(request: HttpRequest) -> Mapping[str, Any] | None:
    """The claims of the request's bearer token, or None when it carries none that holds.

    It holds when the provider's key signed it (JWKS), and issuer, audience and times are right.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        return None
    try:
        return _checked(token)
    except jwt.PyJWTError as error:
        log.warning("bearer_token_refused", reason=type(error).__name__)
        return None


def _checked(token: str) -> dict[str, Any]:
    key = _keys(settings.WONDERWALL["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=ALGORITHMS,
        audience=settings.WONDERWALL["audience"],
        issuer=settings.WONDERWALL["issuer"],
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "iat", "iss", "aud"]},
    )
    return claims


@cache
def _keys(address: str) -> jwt.PyJWKClient:
    """The provider's keys, fetched when a new one is named and kept for five minutes."""
    return jwt.PyJWKClient(address, cache_keys=True, lifespan=300, timeout=5)
