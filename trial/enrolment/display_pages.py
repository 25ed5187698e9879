"""The page where the office lead reviews who was shown to whom."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.enrolment.forms import ReviewForm
from trial.enrolment.reviewing import displays_at, review
from trial.studies.models import Office
from trial.studies.queries import offices_of, trial_for

PAGE_SIZE = 50


@require_http_methods(["GET", "POST"])
def displays(request: SignedInRequest, trial: str) -> HttpResponse:
    """The displays of the last 30 days, odd patterns marked; a review is noted with a remark."""
    office, offices = _office(request, trial)
    form = ReviewForm(request.POST or None)
    if perform(form, review, by=request.user, office=office):
        messages.success(request, _("Gjennomgangen er registrert."))
        return redirect(_address(office))
    found = displays_at(office)
    only_odd = request.GET.get("show") == "odd"
    rows = [row for row in found.rows if row["odd"]] if only_odd else found.rows
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"trial": office.trial, "office": office, "found": found, "page": page, "only_odd": only_odd}
    context["tabs"] = [{"label": str(o), "url": _address(o), "active": o == office} for o in offices]
    return render(request, "enrolment/displays.html", context | {"form": form})


def _address(office: Office) -> str:
    here = reverse("enrolment:displays", args=[office.trial.code])
    return f"{here}?{urlencode({'office': office.nav_office.number})}"


def _office(request: SignedInRequest, trial: str) -> tuple[Office, list[Office]]:
    """The office that the user leads, of several the one that the address names; and all of them."""
    found = trial_for(request.user, trial, needing=Permission.REVIEW_DISPLAYS)
    offices = offices_of(request.user, found, needing=Permission.REVIEW_DISPLAYS)
    wanted = request.GET.get("office")
    chosen = [office for office in offices if wanted in (None, office.nav_office.number)]
    if not chosen:
        raise not_found(_("Fant ikke kontoret i forsøket."))
    return chosen[0], offices
