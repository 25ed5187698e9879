"""Pages of sign-in that are not allauth's own."""

from allauth.account import views as account
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

SIDECAR_LOGIN, SIDECAR_LOGOUT = "/oauth2/login", "/oauth2/logout"  # answered by Wonderwall, never by us


@login_not_required
def login(request: HttpRequest) -> HttpResponse:
    """The form; where the sidecar is, its sign-in and no other."""
    if not settings.WONDERWALL["issuer"]:
        form = account.LoginView.as_view(extra_context={"provider": bool(settings.OIDC_ISSUER)})
        return form(request)
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return HttpResponseRedirect(f"{SIDECAR_LOGIN}?{urlencode({'redirect': target})}")


@login_not_required
def logout(request: HttpRequest) -> HttpResponse:
    if not settings.WONDERWALL["issuer"]:
        return account.logout(request)
    return HttpResponseRedirect(SIDECAR_LOGOUT)


@login_not_required
def provider_failed(request: HttpRequest) -> HttpResponse:
    """The provider said no, or the user turned round there."""
    return render(request, "account/provider_failed.html", status=403)
