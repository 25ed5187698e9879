"""Pages of departures from the protocol."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.followup import actions
from trial.followup.forms import ResolveForm
from trial.followup.models import DeviationKind
from trial.followup.queries import deviation_for, deviation_offices, deviations_at, findings_in
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

DEVIATIONS_A_PAGE = 50
STATES = ("open", "resolved")


@require_GET
def deviations(request: SignedInRequest, trial: str) -> HttpResponse:
    """What departed from the protocol; for those who can record it, also how much more the rules find.

    Every night they find for all offices (`manage.py find_deviations`).
    """
    found = trial_for(request.user, trial)
    offices = deviation_offices(request.user, found)
    rows, state, kind = deviations_at(offices), request.GET.get("state"), request.GET.get("kind")
    if state in STATES:
        rows = rows.filter(resolved_at__isnull=state == "open")
    if kind in DeviationKind.values:
        rows = rows.filter(kind=kind)
    may_record = can(request.user, found, Permission.RECORD_DEVIATION)
    context = {
        "trial": found,
        "page": Paginator(rows, DEVIATIONS_A_PAGE).get_page(request.GET.get("page")),
        "kinds": [(value, label, value == kind) for value, label in DeviationKind.choices],
        "states": [
            (value, label, value == state) for value, label in zip(STATES, (_("Åpne"), _("Begrunnede")), strict=True)
        ],
        "unrecorded": len(findings_in(found, offices)) if may_record else 0,
        "may_record": may_record,
        "sees_people": can(request.user, found, Permission.SEE_PARTICIPANTS),
    }
    return render(request, "followup/deviations.html", context)


@require_POST
def find(request: SignedInRequest, trial: str) -> HttpResponse:
    """Record what the rules find at the user's offices."""
    found = trial_for(request.user, trial, needing=Permission.RECORD_DEVIATION)
    offices = offices_of(request.user, found, needing=Permission.RECORD_DEVIATION)
    number = len(actions.find_deviations(by=request.user, trial=found, offices=offices))
    messages.success(
        request,
        ngettext("%(number)s avvik er registrert.", "%(number)s avvik er registrert.", number) % {"number": number},
    )
    return redirect("followup:deviations", found.code)


@require_http_methods(["GET", "POST"])
def resolve(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Say why something found by a rule happened."""
    found = trial_for(request.user, trial, needing=Permission.RECORD_DEVIATION)
    deviation = deviation_for(request.user, found, key)
    form = ResolveForm(request.POST or None)
    if perform(form, actions.resolve_deviation, by=request.user, deviation=deviation):
        messages.success(request, _("Avviket er begrunnet."))
        return redirect("followup:deviations", found.code)
    return render(request, "followup/resolve.html", {"trial": found, "form": form, "deviation": deviation})
