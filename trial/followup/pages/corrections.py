"""Pages of what was written wrong: a right row takes its place, or it is taken back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.followup import actions
from trial.followup.corrections import CORRECTED
from trial.followup.forms import TakeBackForm
from trial.followup.pages.parts import with_new_key, with_present
from trial.followup.permissions import require_correction
from trial.followup.queries.corrections import row_for
from trial.studies.models import Trial
from trial.studies.queries import trial_for


@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, trial: str, record: str, key: str) -> HttpResponse:
    """Put something right in the place of what was written, or take it back; the reader sees what stands now."""
    found, row = _row(request, trial, record, key)
    how = CORRECTED[record]
    form = how.form(row, request.POST or None) if how.form else None
    if form and how.action and perform(form, how.action, by=request.user, **{record: row}):
        messages.success(request, _("Rettet. Det som sto før, er med i historikken."))
        return _back(found, row)
    return _correct(request, found, record, row, form=form and with_new_key(with_present(form)))


@require_POST
def take_back(request: SignedInRequest, trial: str, record: str, key: str) -> HttpResponse:
    """Take back what should not have been written."""
    found, row = _row(request, trial, record, key)
    form = TakeBackForm(request.POST, auto_id="back-%s")
    if perform(form, actions.take_back, by=request.user, row=row) is None:
        return _correct(request, found, record, row, taking_back=form)
    messages.success(request, _("Tatt tilbake. Det som sto, er med i historikken."))
    return _back(found, row)


def _row(request: SignedInRequest, trial: str, record: str, key: str) -> tuple[Trial, Any]:
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    row = row_for(request.user, found, record, key)
    require_correction(request.user, row)
    return found, row


def _back(trial: Trial, row: Any) -> HttpResponseRedirect:
    if row.participant is None:
        return redirect("followup:employer", trial.code, row.employer_id)
    return redirect("followup:follow_up", trial.code, row.participant.number)


def _correct(
    request: SignedInRequest,
    trial: Trial,
    record: str,
    row: Any,
    *,
    form: forms.Form | None = None,
    taking_back: forms.Form | None = None,
) -> HttpResponse:
    how = CORRECTED[record]
    if form is None and how.form:
        form = how.form(row, None)
    context = {
        "trial": trial,
        "record": record,
        "row": row,
        "label": how.label,
        "form": form,
        "taking_back": taking_back or TakeBackForm(auto_id="back-%s"),
    }
    return render(request, "followup/correct.html", context)
