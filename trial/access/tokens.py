"""Sign-in of programs: `Authorization: Bearer nt_...`, scoped to one trial and one role."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from trial.access.models import TOKEN_PREFIX, ApiToken, User
from trial.access.roles import Role


def issue(*, user: User, trial: str, role: Role, label: str, lifetime: timedelta) -> str:
    """Make a token and return its secret, which is shown once and never kept."""
    secret = ApiToken.new_secret()
    ApiToken.objects.create(
        user=user,
        trial=trial,
        role=role.value,
        label=label,
        digest=ApiToken.digest_of(secret),
        expires_at=timezone.now() + lifetime,
    )
    return secret


def token_of(request: HttpRequest) -> ApiToken | None:
    """The valid token that a request carries, or None. An expired or unknown token counts as none."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not secret.startswith(TOKEN_PREFIX):
        return None
    return (
        ApiToken.objects.select_related("user")
        .filter(digest=ApiToken.digest_of(secret), expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )


class TokenAuthentication(BaseAuthentication):
    """Hands Django REST Framework the user that the middleware has already found by token."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        token = getattr(request._request, "api_token", None)
        return (token.user, token) if token else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
