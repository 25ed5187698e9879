"""Who gets to a view at all: two factors first, then the right that the address asks for, then a fresh proof."""

from collections.abc import Callable
from typing import Any, cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from trial.access.pages import SIDECAR_LOGIN
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.access.sign_in import claims_of, proved_lately, proved_twice
from trial.allocation.policies import OPEN
from trial.config.endpoints import rule_of
from trial.config.problems import page_behind, refusal_response
from trial.config.rules import SIGN_IN, Open, Rule
from trial.studies.permissions import can, require
from trial.studies.queries import trial_for

_SET_UP = _("Kontoen må ha en autentiseringsapp eller en passnøkkel før du kan gå videre.")
_PROVE = _("Bekreft at det er deg. Gjør deretter det du skulle, en gang til.")


class AdmissionMiddleware:
    """Asks, before the view and whatever it does, what the rule of its address asks.

    The view asks again for the very object at hand; here the answer is the same for every address, and comes before
    anything that was typed is looked at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., Any], _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        rule = rule_of(request)
        if not request.user.is_authenticated or _always_open(request, rule):
            return None
        if settings.SECOND_FACTOR_REQUIRED and not proved_twice(request):
            return _asked_for_more(request, "second_factor_needed", reverse("mfa_index"), _SET_UP)
        try:
            _admit(request, rule, kwargs)
        except Refusal as refusal:
            return refusal_response(request, refusal)
        if rule and rule.confirmed and not proved_lately(request):
            return _asked_for_more(request, "proof_needed", _way_to_prove(request), _PROVE)
        return None


def _always_open(request: HttpRequest, rule: Rule | None) -> bool:
    """Sign-in itself, and what asks nothing of anybody."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name in SIGN_IN or (rule is not None and Open.ANYONE in (rule.get, rule.post))


def _admit(request: Any, rule: Rule | None, kwargs: dict[str, Any]) -> None:
    """Let a member with one of the rights pass.

    Raises:
        Refusal: `not_found` (404) for outsiders, `not_allowed` (403) for members without the right.
    """
    if rule is None or not isinstance(rule.of(request.method), frozenset):
        return
    trial = trial_for(request.user, kwargs["trial"])
    rights = cast(frozenset[Permission], rule.of(request.method, opened=trial.state in OPEN))
    if not any(can(request.user, trial, right) for right in rights):
        require(request.user, trial, min(rights))
    for right in rule.also:
        require(request.user, trial, right)


def _asked_for_more(request: HttpRequest, code: str, way: str, sentence: Any) -> HttpResponse:
    """Send the reader to where more is proved, and back to the page from which it was asked for."""
    if request.path.startswith("/api/"):
        return refusal_response(request, Refusal(code, sentence, status=403))
    back = request.get_full_path() if request.method == "GET" else page_behind(request) or "/"
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
