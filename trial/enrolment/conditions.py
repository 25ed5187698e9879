"""The page where a trial says who may take part and what they consent to. Everyone in the trial may read it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.enrolment import actions
from trial.enrolment.condition_forms import ConsentVersionForm, CriteriaForm
from trial.enrolment.summaries import asked_for
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.setup import changeable_steps, privacy_rows
from trial.studies.states import TrialState


@require_GET
def conditions(request: SignedInRequest, trial: str) -> HttpResponse:
    """Who may take part, and every version of the consent form."""
    found = trial_for(request.user, trial)
    versions = [asked_for(form) for form in found.consent_forms.all()]
    manages = can(request.user, found, Permission.MANAGE_TRIAL)
    may_tell = manages and "privacy" in changeable_steps(found)
    missing = [label for label, value in privacy_rows(found) if not value] if may_tell else []
    return render(
        request,
        "enrolment/conditions.html",
        {
            "trial": found,
            "criteria": found.criteria.all(),
            "versions": versions,
            "may_publish": manages and found.state != TrialState.ARCHIVED,
            "missing_in_letter": missing,
            "may_ask": manages and found.state == TrialState.DRAFTING,
        },
    )


@require_http_methods(["GET", "POST"])
def criteria(request: SignedInRequest, trial: str) -> HttpResponse:
    """Set the questions, while the trial is planned."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = CriteriaForm(request.POST or None, initial=CriteriaForm.initial_of(list(found.criteria.all())))
    if perform(form, actions.set_criteria, by=request.user, trial=found):
        messages.success(request, _("Kravene er lagret."))
        return redirect("enrolment:conditions", found.code)
    return render(request, "enrolment/criteria.html", {"trial": found, "form": form})


@require_http_methods(["GET", "POST"])
def publish(request: SignedInRequest, trial: str) -> HttpResponse:
    """Publish a new version of the consent form."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = ConsentVersionForm(request.POST or None, trial=found, earlier=found.consent_forms.first())
    if perform(form, actions.publish_consent_form, by=request.user, trial=found):
        messages.success(request, _("Samtykkeskjemaet er publisert."))
        return redirect("enrolment:conditions", found.code)
    return render(request, "enrolment/publish.html", {"trial": found, "form": form})
