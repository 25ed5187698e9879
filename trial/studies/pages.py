"""Pages where a trial is planned, step by step, and read once its protocol is locked."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.models import User
from trial.access.permissions import Permission
from trial.studies import actions
from trial.studies.forms import AboutForm, ArmsForm, CreateForm, MethodForm, OfficeForm, SourcesForm
from trial.studies.models import Trial
from trial.studies.permissions import can, may_found, require_founder
from trial.studies.queries import office_of_trial, trial_for, trials_of
from trial.studies.setup import next_step, steps, summary
from trial.studies.states import TrialState


@require_GET
def trials(request: HttpRequest) -> HttpResponse:
    """The trials that the user takes part in."""
    return render(
        request, "studies/trials.html", {"trials": trials_of(request.user), "may_found": may_found(request.user)}
    )


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    require_founder(request.user)
    form = CreateForm(request.POST or None)
    made = perform(form, _create, by=request.user)
    if made:
        return redirect("studies:step", made.code, "about")
    return render(request, "studies/create.html", {"form": form})


@require_GET
def setup(request: HttpRequest, trial: str) -> HttpResponse:
    """The whole plan on one page; what can still be changed has a link."""
    found = trial_for(request.user, trial)
    changeable = _is_changeable(request.user, found)
    context = {"trial": found, "changeable": changeable, "parts": summary(found, changeable=changeable)}
    return render(request, "studies/setup.html", context)


@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, trial: str, step: str) -> HttpResponse:
    """One step of the plan: saved, it leads to the next one."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    if found.state != TrialState.DRAFTING:
        return redirect("studies:setup", found.code)
    form, save = STEPS[step](found, request.POST or None)
    if perform(form, save, by=request.user, trial=found) is not None:
        messages.success(request, _("Lagret."))
        return redirect("studies:step", found.code, step if step == "offices" else next_step(step))
    context = {"trial": found, "form": form, "step": step, "steps": steps(found, step)}
    return render(request, f"studies/step_{step}.html" if step == "offices" else "studies/step.html", context)


@require_POST
def remove_office(request: HttpRequest, trial: str, number: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    actions.remove_office(by=request.user, trial=found, office=office_of_trial(found, number))
    return redirect("studies:step", found.code, "offices")


def _create(*, by: User, code: str, name: str) -> Trial:
    return actions.create_trial(by=by, code=code, name=name, settings={})


def _is_changeable(user: User, trial: Trial) -> bool:
    return trial.state == TrialState.DRAFTING and can(user, trial, Permission.MANAGE_TRIAL)


Bound = tuple[forms.BaseForm, Callable[..., Any]]


def _about(trial: Trial, data: Any) -> Bound:
    return AboutForm(data, initial=forms.model_to_dict(trial, AboutForm.Meta.fields)), actions.change_settings


def _arms(trial: Trial, data: Any) -> Bound:
    return ArmsForm(data, initial=ArmsForm.initial_of(trial)), actions.set_arms


def _offices(trial: Trial, data: Any) -> Bound:
    return OfficeForm(data), actions.add_office


def _method(trial: Trial, data: Any) -> Bound:
    return MethodForm(data, initial=MethodForm.initial_of(trial)), actions.change_settings


def _sources(trial: Trial, data: Any) -> Bound:
    return SourcesForm(data, initial={"register_sources": trial.register_sources}), actions.change_settings


STEPS = {"about": _about, "arms": _arms, "offices": _offices, "method": _method, "sources": _sources}
