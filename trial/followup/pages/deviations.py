"""Pages of departures from the protocol."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.followup import actions, presentation
from trial.followup.forms import ResolveForm, TakeBackForm
from trial.followup.models import Deviation, DeviationKind
from trial.followup.permissions import may_take_back
from trial.followup.queries import deviation_counts, deviation_for, deviation_offices, deviations_at, findings_in
from trial.studies.models import Office
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

DEVIATIONS_A_PAGE = 50
STATES = {
    "open": gettext_lazy("Åpne"),
    "resolved": gettext_lazy("Begrunnede"),
    "retracted": gettext_lazy("Tatt tilbake"),
}


@require_GET
def deviations(request: SignedInRequest, trial: str) -> HttpResponse:
    """What departed from the protocol; for those who can record it, also how much more the rules find.

    Every night they find for all offices (`manage.py find_deviations`). Who sees no people sees how many of each kind.
    """
    found = trial_for(request.user, trial)
    offices = deviation_offices(request.user, found)
    if not can(request.user, found, Permission.SEE_PARTICIPANTS):
        counts = presentation.deviation_counts_table(deviation_counts(found), exact=False)
        return render(request, "followup/deviation_counts.html", {"trial": found, "counts": counts})
    may_record = can(request.user, found, Permission.RECORD_DEVIATION)
    context = _listed(request.GET, offices) | {
        "trial": found,
        "unrecorded": len(findings_in(found, offices)) if may_record else 0,
        "may_record": may_record,
    }
    return render(request, "followup/deviations.html", context)


def _listed(query: QueryDict, offices: list[Office]) -> dict[str, Any]:
    """The deviations that the reader asks for, and the choices made."""
    state, kind = query.get("state"), query.get("kind")
    rows = deviations_at(offices, standing=state != "retracted")
    if state in ("open", "resolved"):
        rows = rows.filter(resolved_at__isnull=state == "open")
    if kind in DeviationKind.values:
        rows = rows.filter(kind=kind)
    return {
        "page": Paginator(rows, DEVIATIONS_A_PAGE).get_page(query.get("page")),
        "kinds": [(value, label, value == kind) for value, label in DeviationKind.choices],
        "states": [(value, label, value == state) for value, label in STATES.items()],
    }


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
    """Say why something found by a rule happened; beside it, take it back."""
    found = trial_for(request.user, trial, needing=Permission.RECORD_DEVIATION)
    deviation = deviation_for(request.user, found, key)
    form = ResolveForm(request.POST or None)
    if perform(form, actions.resolve_deviation, by=request.user, deviation=deviation):
        messages.success(request, _("Avviket er begrunnet."))
        return redirect("followup:deviations", found.code)
    return _resolve(request, deviation, form=form)


@require_POST
def take_back(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Take back a deviation that is none."""
    found = trial_for(request.user, trial, needing=Permission.RECORD_DEVIATION)
    deviation = deviation_for(request.user, found, key)
    form = TakeBackForm(request.POST, auto_id="back-%s")
    if perform(form, actions.take_back_deviation, by=request.user, deviation=deviation):
        messages.success(request, _("Avviket er tatt tilbake og teller ikke lenger."))
        return redirect("followup:deviations", found.code)
    return _resolve(request, deviation, taking_back=form)


def _resolve(request: SignedInRequest, deviation: Deviation, **forms: Form) -> HttpResponse:
    context = {
        "trial": deviation.trial,
        "deviation": deviation,
        "form": ResolveForm(),
        "taking_back": TakeBackForm(auto_id="back-%s") if may_take_back(request.user, deviation) else None,
        **forms,
    }
    return render(request, "followup/resolve.html", context)
