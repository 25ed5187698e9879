"""Pages about plans and their runs."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.analyses import actions
from trial.analyses.downloads import Picture, csv_response, json_response, picture_response, workbook_response
from trial.analyses.forms import ExploreForm, PlanForm, readable
from trial.analyses.listing import kept_outside, plan_facts, progress_of, run_facts, run_rows
from trial.analyses.models import Plan, Run
from trial.analyses.policies import may_lock, may_rehearse, may_run
from trial.analyses.presentation import shown, tabs_of
from trial.analyses.queries import finding_of, plan_for, plans_of, release_asked, run_for, runs_of
from trial.analyses.reasons import FAILURES
from trial.analyses.states import RunState
from trial.analyses.templates import template_for
from trial.studies.permissions import can, require
from trial.studies.queries import trial_for
from trial.studies.states import TrialState

RUNS_A_PAGE = 50


@require_GET
def plans(request: SignedInRequest, trial: str) -> HttpResponse:
    """Every version of the plan, the locked one marked."""
    found, versions = plans_of(request.user, trial)
    may_propose = found.state == TrialState.DRAFTING and can(request.user, found, Permission.LOCK_PLAN)
    return render(request, "analyses/plans.html", {"trial": found, "plans": versions, "may_propose": may_propose})


@require_http_methods(["GET", "POST"])
def propose(request: SignedInRequest, trial: str) -> HttpResponse:
    """A plan as JSON; the page begins with the newest version, or with a plan made from the trial's own protocol."""
    found = trial_for(request.user, trial, needing=Permission.LOCK_PLAN)
    latest = found.plans.first()
    template = latest.content if latest else template_for(found)
    form = PlanForm(request.POST or None, initial={"content": template})
    made = perform(form, actions.propose_plan, by=request.user, trial=found)
    if made:
        return redirect(_plan_address(made))
    return render(request, "analyses/propose.html", {"trial": found, "form": form})


@require_GET
def plan(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    """One version: what it says, its hash, who proposed and locked it, and what may be done with it."""
    found = plan_for(request.user, trial, version)
    context = {
        "trial": found.trial,
        "plan": found,
        "facts": plan_facts(found),
        "text": readable(found.content),
        "may_lock": may_lock(request.user, found),
        "may_rehearse": may_rehearse(request.user, found),
        "may_run": may_run(request.user, found),
    }
    return render(request, "analyses/plan.html", context)


@require_GET
def plan_json(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    """The very bytes that were hashed."""
    found = plan_for(request.user, trial, version)
    return HttpResponse(found.text, content_type="application/json")


@require_POST
def lock(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    return redirect(_plan_address(actions.lock_plan(by=request.user, plan=plan_for(request.user, trial, version))))


@require_POST
def rehearse(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    """Queue a run on shuffled arms."""
    found = plan_for(request.user, trial, version)
    return redirect(_address(actions.request_run(by=request.user, plan=found, masked=True)))


@require_POST
def start(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    """Queue the run on the true arms."""
    found = plan_for(request.user, trial, version)
    return redirect(_address(actions.request_run(by=request.user, plan=found, masked=False)))


@require_http_methods(["GET", "POST"])
def explore(request: SignedInRequest, trial: str, version: int) -> HttpResponse:
    """Ask for a run that departs from the locked plan: named, with a reason, and marked as exploratory."""
    found = plan_for(request.user, trial, version)
    require(request.user, found.trial, Permission.RUN_ANALYSIS)
    form = ExploreForm(request.POST or None, initial={"deviations": {}})
    made = perform(form, actions.request_run, by=request.user, plan=found, masked=False)
    if made:
        return redirect(_address(made))
    context = {"trial": found.trial, "plan": found, "form": form, "text": readable(found.content)}
    return render(request, "analyses/explore.html", context)


@require_GET
def runs(request: SignedInRequest, trial: str) -> HttpResponse:
    found, every = runs_of(request.user, trial)
    page = Paginator(every, RUNS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "analyses/runs.html", {"trial": found, "page": page, "runs": run_rows(found, page)})


@require_GET
def run(request: SignedInRequest, trial: str, key: UUID, name: str = "") -> HttpResponse:
    """A run: its progress while it goes on, then one of its findings, the first if none is named."""
    found = run_for(request.user, trial, key)
    if request.htmx and not found.under_way:
        return HttpResponseClientRefresh()
    analyst = can(request.user, found.trial, Permission.RUN_ANALYSIS)
    context = {
        "trial": found.trial,
        "run": found,
        "facts": run_facts(found),
        "kept_outside": kept_outside(found),
        "progress": progress_of(found),
        "failure": FAILURES.get(found.error_code, found.error),
        "may_cancel": found.under_way and analyst,
        "may_ask": found.state == RunState.DONE and not found.masked and analyst and not release_asked(found),
    }
    if request.htmx:
        return render(request, "analyses/run_progress.html", context)
    return render(request, "analyses/run.html", context | _chosen(found, name))


def _chosen(run: Run, name: str) -> dict[str, Any]:
    """The finding that is read, and the way to the others."""
    titles = list(run.results.values("name", "title"))
    if not titles:
        return {}
    name = name or titles[0]["name"]
    reference = "" if run.masked else run.manifest.get("reference", "")
    return {
        "tabs": tabs_of(titles, lambda one: reverse("analyses:finding", args=[run.trial.code, run.pk, one]), name),
        "finding": shown(finding_of(run.results.all(), name), reference),
    }


@require_POST
def cancel(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    return redirect(_address(actions.cancel_run(by=request.user, run=run_for(request.user, trial, key))))


@require_GET
def results_json(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    found = run_for(request.user, trial, key)
    return json_response(found.results.all(), found.manifest)


@require_GET
def manifest_json(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    found = run_for(request.user, trial, key)
    return JsonResponse(found.manifest, json_dumps_params={"ensure_ascii": False, "indent": 1})


@require_GET
def tables_xlsx(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    return workbook_response(run_for(request.user, trial, key).results.all())


@require_GET
def table_csv(request: SignedInRequest, trial: str, key: UUID, name: str) -> HttpResponse:
    return csv_response(finding_of(run_for(request.user, trial, key).results.all(), name))


@require_GET
def figure(request: SignedInRequest, trial: str, key: UUID, name: str, picture: Picture) -> HttpResponse:
    return picture_response(finding_of(run_for(request.user, trial, key).results.all(), name), picture)


def _plan_address(plan: Plan) -> str:
    return reverse("analyses:plan", args=[plan.trial.code, plan.version])


def _address(run: Run) -> str:
    return reverse("analyses:run", args=[run.trial.code, run.pk])
