"""Pages of the house itself: the reader's language and colours, and the style guide."""

from collections.abc import Container

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from trial.config.context import THEME_COOKIE, THEMES
from trial.config.middleware import LANGUAGE_COOKIE
from trial.config.styleguide import progress, showcase

YEAR_SECONDS = 365 * 24 * 60 * 60


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language and return to the page."""
    chosen = request.POST.get("language", "")
    return _remembering(request, LANGUAGE_COOKIE, chosen, dict(settings.LANGUAGES))


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the reader's colours and return to the page."""
    return _remembering(request, THEME_COOKIE, request.POST.get("theme", ""), THEMES)


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in its states, where nothing is real."""
    if not settings.RELAXED:
        raise Http404
    return render(request, "components/styleguide/page.html", showcase(request))


@login_not_required
def styleguide_live(request: HttpRequest) -> HttpResponse:
    """The next step of the style guide's progress."""
    if not settings.RELAXED:
        raise Http404
    return render(request, "components/styleguide/live.html", progress(request.GET.get("step", "")))


def _remembering(request: HttpRequest, cookie: str, chosen: str, allowed: Container[str]) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if chosen in allowed:
        response.set_cookie(
            cookie, chosen, max_age=YEAR_SECONDS, secure=not settings.RELAXED, httponly=True, samesite="Lax"
        )
    return response
