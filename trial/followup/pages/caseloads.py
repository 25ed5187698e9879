"""Pages of caseloads: the board with its filters, and the positions of an office."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.access.small_counts import shown
from trial.audit import clock
from trial.followup import actions, presentation
from trial.followup.forms import AbsenceForm, AppointForm, AssignForm, PositionForm
from trial.followup.pages.parts import with_present
from trial.followup.queries import (
    Caseload,
    OfficeBoard,
    absence_for,
    board_for,
    candidates_at,
    guidelines_of,
    load_over_time,
    specialist_for,
    supervisors_at,
)
from trial.studies.models import Office, Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

OFFICES_A_PAGE = 5
MONTHS_SHOWN = 12
FILTERS: dict[str, tuple[Any, Callable[[Caseload], bool]]] = {
    "all": (gettext_lazy("Alle"), lambda _each: True),
    "over": (gettext_lazy("Over kapasitet"), lambda each: each.load.is_over),
    "under": (gettext_lazy("Lite å gjøre"), lambda each: each.load.is_under and not each.load.away),
    "away": (gettext_lazy("Borte"), lambda each: each.load.away),
}


@require_http_methods(["GET", "POST"])
def caseloads(request: SignedInRequest, trial: str) -> HttpResponse:
    """The board; a supervisor assigns people of the waiting list on it."""
    found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
    every = offices_of(request.user, found, needing=Permission.SEE_CASELOADS)
    page = _chosen(request.GET, every)
    boards = [(board, _assign_form(request, board)) for board in board_for(request.user, found, page.object_list)]
    for _board, form in boards:
        if form and form.is_bound and perform(form, actions.assign, by=request.user):
            messages.success(request, _("Deltakeren har fått jobbspesialist."))
            return redirect("followup:caseloads", found.code)
    exact = can(request.user, found, Permission.SEE_PARTICIPANTS)
    chosen = request.GET.get("load", "")
    chosen = chosen if chosen in FILTERS else "all"
    context = {
        "trial": found,
        "guidelines": guidelines_of(found),
        "boards": [_shown(board, form, chosen, exact=exact) for board, form in boards],
        "exact": exact,
        "page": page,
        "offices": every,
        "filters": [(name, label, name == chosen) for name, (label, _fits) in FILTERS.items()],
        "chosen_office": request.GET.get("office", ""),
        "over_time": _over_time(list(page.object_list), exact=exact),
        "may_staff": can(request.user, found, Permission.ASSIGN),
    }
    return render(request, "followup/caseloads.html", context)


@require_http_methods(["GET", "POST"])
def appoint(request: SignedInRequest, trial: str) -> HttpResponse:
    """Give someone a position as job specialist or method supervisor."""
    found = trial_for(request.user, trial, needing=Permission.ASSIGN)
    offices = offices_of(request.user, found, needing=Permission.ASSIGN)
    form = AppointForm(request.POST or None, candidates=candidates_at(offices), supervisors=_supervisors(*offices))
    if perform(form, actions.appoint_specialist, by=request.user):
        return redirect("followup:caseloads", found.code)
    return render(request, "followup/appoint.html", {"trial": found, "form": form})


@require_http_methods(["GET", "POST"])
def position(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Change or end a position; beside it the absences."""
    found = trial_for(request.user, trial, needing=Permission.ASSIGN)
    specialist = specialist_for(request.user, found, key, needing=Permission.ASSIGN)
    form = PositionForm(
        request.POST or None, initial=PositionForm.initial_of(specialist), supervisors=_supervisors(specialist.office)
    )
    if perform(form, actions.change_position, by=request.user, specialist=specialist):
        return redirect("followup:caseloads", found.code)
    return _position(request, found, specialist, form=with_present(form))


@require_POST
def absence(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Record that a specialist is away."""
    found = trial_for(request.user, trial, needing=Permission.ASSIGN)
    specialist = specialist_for(request.user, found, key, needing=Permission.ASSIGN)
    form = AbsenceForm(request.POST, auto_id="absence-%s")
    if perform(form, actions.record_absence, by=request.user, specialist=specialist) is None:
        return _position(request, found, specialist, absence_form=form)
    messages.success(request, _("Fraværet er registrert."))
    return redirect("followup:position", found.code, key)


@require_POST
def cancel_absence(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Take an absence back."""
    found = trial_for(request.user, trial, needing=Permission.ASSIGN)
    present = absence_for(request.user, found, key)
    actions.cancel_absence(by=request.user, absence=present)
    messages.success(request, _("Fraværet er tatt bort."))
    return redirect("followup:position", found.code, present.specialist_id)


def _position(request: SignedInRequest, trial: Trial, specialist: Any, **forms: Any) -> HttpResponse:
    context = {
        "trial": trial,
        "specialist": specialist,
        "form": PositionForm(initial=PositionForm.initial_of(specialist), supervisors=_supervisors(specialist.office)),
        "absence_form": AbsenceForm(auto_id="absence-%s"),
        "absences": specialist.absences.filter(cancelled=False),
        **forms,
    }
    return render(request, "followup/position.html", context)


def _supervisors(*offices: Office) -> list[User]:
    return [membership.user for membership in supervisors_at(offices)]


def _chosen(query: QueryDict, offices: list[Office]) -> Page:
    """The offices that the reader wants to see, some at a time."""
    wanted = [office for office in offices if query.get("office") in (None, "", str(office.pk))]
    return Paginator(wanted, OFFICES_A_PAGE).get_page(query.get("page"))


def _shown(board: OfficeBoard, form: AssignForm | None, chosen: str, *, exact: bool) -> dict[str, Any]:
    """A board for the page; who sees no small counts sees none, nor who is waiting."""
    _label, fits = FILTERS[chosen]
    teams: dict[str, list[tuple[Caseload, presentation.Bar]]] = {}
    bars = [(each, presentation.bar(each.load, exact=exact)) for each in board.caseloads]
    for each, bar in bars:
        if fits(each):
            teams.setdefault(each.specialist.team, []).append((each, bar))
    return {
        "board": board,
        "form": form,
        "bar": presentation.bar(board.load, exact=exact),
        "teams": sorted(teams.items(), key=lambda pair: pair[0]),
        "waiting": shown(len(board.waiting), exact=exact),
        "widest": max((max(bar.used, each.load.capacity) for each, bar in bars), default=0),
    }


def _assign_form(request: SignedInRequest, board: OfficeBoard) -> AssignForm | None:
    """The form of an office with people waiting; bound where it is the one that was sent."""
    there = any(each.is_there for each in board.caseloads)
    if not (board.waiting and there and can(request.user, board.office.trial, Permission.ASSIGN, board.office)):
        return None
    sent = request.POST.get("office") == str(board.office.pk)
    return AssignForm(request.POST if sent else None, board=board)


def _over_time(offices: list[Office], *, exact: bool) -> dict[str, Any] | None:
    months = load_over_time(offices, _month_ends(clock.today())) if offices else None
    return presentation.load_chart(months, exact=exact) if months else None


def _month_ends(today: date) -> list[date]:
    """The last days of the months before this one, and today."""
    ends = [today]
    while len(ends) < MONTHS_SHOWN:
        ends.append(date.fromordinal(ends[-1].replace(day=1).toordinal() - 1))
    return ends[::-1]
