"""Pages about released results, and about what waits to be released."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.analyses.downloads import Picture, csv_response, json_response, picture_response, workbook_response
from trial.analyses.listing import moment
from trial.analyses.presentation import shown, tabs_of
from trial.analyses.queries import finding_of, run_for
from trial.results import actions
from trial.results.forms import RefuseForm, RequestForm
from trial.results.models import Release
from trial.results.presentation import release_facts, release_rows, run_choices
from trial.results.queries import releasable, release_for, releases_of
from trial.results.states import ReleaseState
from trial.studies.permissions import can, require


@require_GET
def results(request: SignedInRequest, trial: str) -> HttpResponse:
    """What was let out, and for those who work with it, what waits."""
    found, releases = releases_of(request.user, trial)
    context = {
        "trial": found,
        "releases": release_rows(found, releases),
        "choices": run_choices(found, releasable(request.user, found)),
    }
    return render(request, "results/results.html", context)


@require_http_methods(["GET", "POST"])
def ask(request: SignedInRequest, trial: str, run: UUID) -> HttpResponse:
    """Ask that a run be released."""
    found = run_for(request.user, trial, run)
    require(request.user, found.trial, Permission.RUN_ANALYSIS)
    form = RequestForm(request.POST if request.method == "POST" else None)
    release = perform(form, actions.request_release, by=request.user, run=found)
    if release:
        return redirect(_address(release))
    return render(
        request, "results/ask.html", {"trial": found.trial, "form": form, "asked": moment(found.requested_at)}
    )


@require_GET
def release(request: SignedInRequest, trial: str, key: UUID, name: str = "") -> HttpResponse:
    """A release, one of its findings at a time; what waits is shown as it would leave."""
    return _release(request, release_for(request.user, trial, key), name, RefuseForm())


@require_POST
def let_out(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Release, as the second person."""
    found = release_for(request.user, trial, key)
    return redirect(_address(actions.release_results(by=request.user, release=found)))


@require_POST
def keep_back(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Refuse the release, as the second person."""
    found, form = release_for(request.user, trial, key), RefuseForm(request.POST)
    refused = perform(form, actions.refuse_release, by=request.user, release=found)
    return redirect(_address(refused)) if refused else _release(request, found, "", form)


@require_GET
def results_json(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    found = release_for(request.user, trial, key)
    return json_response(found.results.all(), found.manifest)


@require_GET
def tables_xlsx(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    return workbook_response(release_for(request.user, trial, key).results.all())


@require_GET
def table_csv(request: SignedInRequest, trial: str, key: UUID, name: str) -> HttpResponse:
    return csv_response(finding_of(release_for(request.user, trial, key).results.all(), name))


@require_GET
def figure(request: SignedInRequest, trial: str, key: UUID, name: str, picture: Picture) -> HttpResponse:
    return picture_response(finding_of(release_for(request.user, trial, key).results.all(), name), picture)


def _release(request: SignedInRequest, release: Release, name: str, form: RefuseForm) -> HttpResponse:
    undecided = release.state == ReleaseState.REQUESTED
    decides = undecided and release.requested_by_id != request.user.pk
    context = {
        "trial": release.trial,
        "release": release,
        "facts": release_facts(release),
        "form": form,
        "may_decide": decides and can(request.user, release.trial, Permission.RELEASE_RESULTS),
    }
    return render(request, "results/release.html", context | _chosen(release, name))


def _chosen(release: Release, name: str) -> dict[str, Any]:
    """The finding that is read and the way to the others. Until the decision it is the run's, as it would leave."""
    released = release.state == ReleaseState.RELEASED
    source = release.results if released else release.run.results
    titles = list(source.values("name", "title"))
    if not titles:
        return {}
    name = name or titles[0]["name"]
    finding = finding_of(source.all(), name)
    leaving = finding if released else actions.preview(release, finding)
    here = (release.trial.code, release.pk)
    return {
        "tabs": tabs_of(titles, lambda one: reverse("results:finding", args=[*here, one]), name),
        "finding": shown(leaving, release.manifest.get("reference", "")),
    }


def _address(release: Release) -> str:
    return reverse("results:release", args=[release.trial.code, release.pk])
