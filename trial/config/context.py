"""What every page knows: who reads it, in which colours, and where the reader may go."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from trial.access.requests import SignedInRequest
from trial.home.queries import navigation_for

THEME_COOKIE = "theme"
THEMES = ("light", "dark", "device")


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    chosen = request.COOKIES.get(THEME_COOKIE)
    return {
        "demo": settings.DEMO,
        "theme": chosen if chosen in THEMES else "device",
        "navigation": navigation_for(cast(SignedInRequest, request)) if user and user.is_authenticated else [],
        "accessibility_statement_url": settings.ACCESSIBILITY_STATEMENT_URL,
    }
