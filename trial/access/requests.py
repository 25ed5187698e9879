"""The request of a page that only signed-in people reach (`LoginRequiredMiddleware` sends everyone else away)."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from trial.access.models import User


class SignedInRequest(HttpRequest):
    """A request whose user is one of ours."""

    user: User
    htmx: HtmxDetails
