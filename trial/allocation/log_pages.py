"""Pages of the log: its leaves and checkpoints, the verifier's files, and the opening by two persons."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.allocation import actions, decisions
from trial.allocation.downloads import json_file
from trial.allocation.evidence import parcel_of, verdict_on
from trial.allocation.forms import OpeningForm
from trial.allocation.models import Opening
from trial.allocation.policies import OPEN
from trial.allocation.queries import (
    anchors_of,
    bundle_of,
    checkpoints_of,
    log_is_whole,
    log_of,
    opening_of,
    statement_of,
)
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.states import TrialState

LEAVES_A_PAGE = 50
CHECKPOINTS_SHOWN = 20


@require_GET
def log(request: SignedInRequest, trial: str) -> HttpResponse:
    """The log with its root and its checkpoints, and whether its leaves still give that root."""
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    head, leaves = log_of(request.user, found)
    context = {
        "trial": found,
        "head": head,
        "whole": bool(head) and log_is_whole(found),
        "page": Paginator(leaves, LEAVES_A_PAGE).get_page(request.GET.get("page")),
        "checkpoints": checkpoints_of(request.user, found).prefetch_related("witnesses")[:CHECKPOINTS_SHOWN],
        "opened": found.state in OPEN,
        "may_open": can(request.user, found, Permission.OPEN_TRIAL),
    }
    return render(request, "allocation/log.html", context)


@require_POST
def make_checkpoint(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    signed = actions.checkpoint(by=request.user, trial=found)
    messages.success(request, _("Loggen er signert ved %(size)s innslag.") % {"size": signed.size})
    return redirect("allocation:log", found.code)


@require_GET
def checkpoints_file(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    signed = [statement_of(each) for each in checkpoints_of(request.user, found)]
    return json_file(signed, f"{found.code}-checkpoints.json")


@require_GET
def bundle_file(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    return json_file(bundle_of(found), f"{found.code}-bundle.json")


@require_GET
def anchors_file(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    return json_file(anchors_of(found), f"{found.code}-anchors.json")


@require_http_methods(["GET", "POST"])
def opening(request: SignedInRequest, trial: str) -> HttpResponse:
    """End the concealment: one person asks, another one opens."""
    found = trial_for(request.user, trial, needing=Permission.OPEN_TRIAL)
    asked = opening_of(found)
    form = OpeningForm(request.POST or None, request.FILES or None, step="open" if asked else "ask")
    act = _approve if asked and request.POST.get("step") != "ask" else _request
    if perform(form, act, by=request.user, trial=found, opening=asked):
        messages.success(request, _("Forsøket er åpnet.") if asked else _("En annen person må åpne forsøket."))
        return redirect("allocation:opening", found.code)
    context = {"trial": found, "asked": asked, "form": form, "opened": found.state in OPEN}
    context["may_ask"] = found.state == TrialState.DATA_LOCKED and (not asked or asked.requested_by != request.user)
    return render(request, "allocation/opening.html", context)


@require_GET
def verdict(request: SignedInRequest, trial: str) -> HttpResponse:
    """What the verifier says of the opened trial, just now; as a part of another page, or as one of its own."""
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    template = "allocation/verdict_part.html" if request.htmx else "allocation/verdict.html"
    return render(request, template, {"trial": found, "verdict": verdict_on(found)})


@require_GET
def parcel(request: SignedInRequest, trial: str) -> HttpResponse:
    """Everything an auditor needs, in one file."""
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    headers = {"Content-Disposition": f'attachment; filename="{found.code}-proof.zip"'}
    return HttpResponse(parcel_of(request.user, found), content_type="application/zip", headers=headers)


def _request(*, opening: Opening | None, **given: Any) -> Opening:
    return decisions.request_opening(**given)


def _approve(*, trial: Trial, opening: Opening, **given: Any) -> Opening:
    return decisions.approve_opening(opening=opening, **given)
