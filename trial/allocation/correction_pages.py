"""Pages of mistakes: an office tells of one, another person takes a stand."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.allocation.corrections import (
    ask_correction,
    correction_of,
    corrections_in,
    decide_correction,
    other_offices,
    strata_for,
)
from trial.allocation.forms import CorrectionForm
from trial.enrolment.queries import participant_for
from trial.studies.permissions import can
from trial.studies.queries import trial_for

DECISIONS = {"accept": True, "turn-down": False}


@require_http_methods(["GET", "POST"])
def correction(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Tell what went wrong with an enrolment."""
    found = trial_for(request.user, trial, needing=Permission.RECORD_DEVIATION)
    person = participant_for(request.user, found, number, needing=Permission.RECORD_DEVIATION)
    form = CorrectionForm(request.POST or None, strata=strata_for(person), offices=other_offices(person))
    if perform(form, ask_correction, by=request.user, participant=person):
        messages.success(request, _("Meldt. Forsøkslederen tar stilling til det."))
        return redirect("enrolment:participant", found.code, person.number)
    return render(request, "allocation/correction.html", {"trial": found, "participant": person, "form": form})


@require_GET
def corrections(request: SignedInRequest, trial: str) -> HttpResponse:
    """Everything that was told, what waits first."""
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    rows = corrections_in(request.user, found)[:200]
    context = {"trial": found, "rows": rows, "may_decide": can(request.user, found, Permission.MANAGE_TRIAL)}
    return render(request, "allocation/corrections.html", context)


@require_POST
def decide(request: SignedInRequest, trial: str, key: int, decision: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    decide_correction(by=request.user, correction=correction_of(found, key), accepted=DECISIONS[decision])
    messages.success(request, _("Lagret."))
    return redirect("allocation:corrections", found.code)
