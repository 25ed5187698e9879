"""Pages where a trial is planned, step by step, and read once its protocol is locked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.studies import actions, groups
from trial.studies.forms import (
    AboutForm,
    ArmsForm,
    CreateForm,
    GroupRoleForm,
    MemberForm,
    OfficeForm,
    PrivacyForm,
    ReasonForm,
    SourcesForm,
)
from trial.studies.method_forms import MethodForm
from trial.studies.models import Trial
from trial.studies.permissions import can, may_found, require_founder
from trial.studies.queries import member_of, members_of, office_of_trial, recruiting_offices, trial_for, trials_of
from trial.studies.setup import changeable_steps, next_step, steps, summary
from trial.studies.states import TrialState


@require_GET
def trials(request: SignedInRequest) -> HttpResponse:
    """The trials that the user takes part in."""
    return render(
        request, "studies/trials.html", {"trials": trials_of(request.user), "may_found": may_found(request.user)}
    )


@require_http_methods(["GET", "POST"])
def create(request: SignedInRequest) -> HttpResponse:
    require_founder(request.user)
    form = CreateForm(request.POST or None)
    made = perform(form, _create, by=request.user)
    if made:
        return redirect("studies:step", made.code, "about")
    return render(request, "studies/create.html", {"form": form})


@require_GET
def setup(request: SignedInRequest, trial: str) -> HttpResponse:
    """The whole plan on one page; what can still be changed has a link."""
    found = trial_for(request.user, trial)
    manages = can(request.user, found, Permission.MANAGE_TRIAL)
    changeable = manages and found.state == TrialState.DRAFTING
    moves = MOVES.get(TrialState(found.state), ()) if manages else ()
    offices = recruiting_offices(found) if moves else ()
    parts = summary(found, changeable=changeable_steps(found) if manages else ())
    context = {"trial": found, "changeable": changeable, "parts": parts, "moves": moves, "offices": offices}
    context["manages"] = manages
    return render(request, "studies/setup.html", context)


@require_http_methods(["GET", "POST"])
def step(request: SignedInRequest, trial: str, step: str) -> HttpResponse:
    """One step of the plan: saved, it leads to the next one."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    open_steps = changeable_steps(found)
    if step not in open_steps:
        return redirect("studies:setup", found.code)
    form, save = STEPS[step](found, request.POST or None)
    if perform(form, save, by=request.user, trial=found) is not None:
        messages.success(request, _("Lagret."))
        if step == open_steps[-1]:
            return redirect("studies:setup", found.code)
        return redirect("studies:step", found.code, step if step == "offices" else next_step(step))
    context = {"trial": found, "form": form, "step": step, "steps": steps(found, step)}
    return render(request, f"studies/step_{step}.html" if step == "offices" else "studies/step.html", context)


@require_POST
def move(request: SignedInRequest, trial: str, move: str) -> HttpResponse:
    """Carry the trial to its next state."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    CARRIED[move].action(by=request.user, trial=found)
    messages.success(request, _("Lagret."))
    return redirect("studies:setup", found.code)


@require_http_methods(["GET", "POST"])
def members(request: SignedInRequest, trial: str) -> HttpResponse:
    """Who takes part, in which role; the trial lead adds people."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = MemberForm(request.POST or None, trial=found)
    if perform(form, actions.add_member, by=request.user, trial=found):
        return redirect("studies:members", found.code)
    return render(request, "studies/members.html", {"trial": found, "form": form, "members": members_of(found)})


@require_POST
def end_membership(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    actions.end_membership(by=request.user, membership=member_of(found, key))
    return redirect("studies:members", found.code)


@require_http_methods(["GET", "POST"])
def group_roles(request: SignedInRequest, trial: str) -> HttpResponse:
    """Which groups of the provider give which roles."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = GroupRoleForm(request.POST or None, trial=found)
    if perform(form, groups.give_group_role, by=request.user, trial=found):
        return redirect("studies:group_roles", found.code)
    context = {"trial": found, "form": form, "given": groups.group_roles_of(found)}
    return render(request, "studies/group_roles.html", context)


@require_POST
def take_group_role(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    groups.take_group_role(by=request.user, given=groups.group_role_of(found, key))
    return redirect("studies:group_roles", found.code)


@require_POST
def remove_office(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    actions.remove_office(by=request.user, trial=found, office=office_of_trial(found, number))
    return redirect("studies:step", found.code, "offices")


@require_http_methods(["GET", "POST"])
def recruiting(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Let an office pause, or take in people again, with the reason."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    office = office_of_trial(found, number)
    change, form = actions.pause_office if office.recruits else actions.resume_office, ReasonForm(request.POST or None)
    if perform(form, change, by=request.user, trial=found, office=office):
        messages.success(request, _("Lagret."))
        return redirect("studies:setup", found.code)
    return render(request, "studies/recruiting.html", {"trial": found, "office": office, "form": form})


def _create(*, by: User, code: str, name: str) -> Trial:
    return actions.create_trial(by=by, code=code, name=name, settings={})


@dataclass(frozen=True)
class Move:
    """A step of the trial's life that the trial lead takes alone; locking and opening take two persons."""

    name: str
    label: str | Promise
    warning: str | Promise
    action: Callable[..., Trial]


START = Move(
    "start",
    gettext_lazy("Start rekrutteringen"),
    gettext_lazy("Kontorene kan registrere og melde inn deltakere."),
    actions.start_recruiting,
)
CLOSE = Move(
    "close",
    gettext_lazy("Avslutt rekrutteringen"),
    gettext_lazy("Ingen flere kan meldes inn. De som er meldt inn, trekkes og følges opp."),
    actions.close_recruitment,
)
LOCK_DATA = Move(
    "lock-data",
    gettext_lazy("Lås data"),
    gettext_lazy("Ingen flere leveranser tas imot, og analyseplanen kan kjøres på de virkelige gruppene."),
    actions.lock_data,
)
ARCHIVE = Move(
    "archive", gettext_lazy("Arkiver forsøket"), gettext_lazy("Alt kan leses, ingenting kan gjøres."), actions.archive
)
CARRIED = {each.name: each for each in (START, CLOSE, LOCK_DATA, ARCHIVE)}
MOVES = {
    TrialState.LOCKED: (START,),
    TrialState.RECRUITING: (CLOSE,),
    TrialState.CLOSED: (LOCK_DATA, START),
    TrialState.OPENED: (ARCHIVE,),
}

Bound = tuple[forms.BaseForm, Callable[..., Any]]


def _about(trial: Trial, data: Any) -> Bound:
    return AboutForm(data, initial=forms.model_to_dict(trial, AboutForm.Meta.fields)), actions.change_settings


def _arms(trial: Trial, data: Any) -> Bound:
    return ArmsForm(data, initial=ArmsForm.initial_of(trial)), actions.set_arms


def _offices(trial: Trial, data: Any) -> Bound:
    return OfficeForm(data), actions.add_office


def _method(trial: Trial, data: Any) -> Bound:
    arms = [arm.code for arm in trial.arms.all()]
    return MethodForm(data, initial=MethodForm.initial_of(trial), arms=arms), actions.change_settings


def _sources(trial: Trial, data: Any) -> Bound:
    return SourcesForm(data, initial={"register_sources": trial.register_sources}), actions.change_settings


def _privacy(trial: Trial, data: Any) -> Bound:
    return PrivacyForm(data, initial=forms.model_to_dict(trial, PrivacyForm.base_fields)), actions.set_privacy


STEPS = {
    "about": _about,
    "arms": _arms,
    "offices": _offices,
    "method": _method,
    "sources": _sources,
    "privacy": _privacy,
}
