"""The home of each role, the overview of a trial, and its log of events."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.access.roles import ROLES, Role
from trial.enrolment.queries import takes_in
from trial.home.deeds import DEEDS
from trial.home.forms import EventFilter
from trial.home.places import permissions_in
from trial.home.queries import audit_of
from trial.home.waiting import next_step, waiting_for
from trial.studies.models import Trial
from trial.studies.permissions import may_found
from trial.studies.queries import memberships_of, offices_of, trial_for, trials_of
from trial.studies.setup import summary

EVENTS_A_PAGE = 50


@require_GET
def index(request: SignedInRequest) -> HttpResponse:
    """What waits for the user, trial by trial."""
    trials = [_of_trial(request, trial) for trial in trials_of(request.user)]
    return render(request, "home/index.html", {"trials": trials, "may_found": may_found(request.user)})


@require_GET
def trial(request: SignedInRequest, trial: str) -> HttpResponse:
    """One trial: what waits, where to go, how it is set up."""
    found = trial_for(request.user, trial)
    parts = summary(found, changeable=())
    return render(request, "home/trial.html", _of_trial(request, found) | {"parts": parts})


@require_GET
def audit(request: SignedInRequest, trial: str) -> HttpResponse:
    """What was done in a trial, by whom and when; as much of it as the reader asks for."""
    form = EventFilter(request.GET)
    found, events = audit_of(request.user, trial, **form.chosen())
    page = Paginator(events, EVENTS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(event, DEEDS.get(event.verb, event.verb)) for event in page]
    return render(request, "home/audit.html", {"trial": found, "page": page, "rows": rows, "form": form})


def _of_trial(request: SignedInRequest, trial: Trial) -> dict[str, object]:
    mine = [membership for membership in memberships_of(request.user) if membership.trial_id == trial.pk]
    allowed = permissions_in(mine, trial)
    offices = offices_of(request.user, trial, needing=Permission.ENROL)
    return {
        "trial": trial,
        "roles": ", ".join(sorted({str(ROLES[Role(membership.role)].label) for membership in mine})),
        "waiting": waiting_for(request.user, trial),
        "next_step": next_step(request.user, trial),
        "enrols": Permission.ENROL in allowed and takes_in(request.user, trial, offices),
    }
