"""The office's pages: the list of participants, the search, a participant, a withdrawal."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from trial.access.forms import perform
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.enrolment import actions
from trial.enrolment.displays import show
from trial.enrolment.forms import WithdrawalForm
from trial.enrolment.models import Consent, EligibilityCheck, Participant
from trial.enrolment.policies import current_form
from trial.enrolment.queries import (
    GROUPS,
    consents_of,
    events_of,
    group_sizes,
    listed_names_for,
    matching,
    participant_for,
    participants_of,
    takes_in,
    unfinished,
)
from trial.enrolment.sections import sections_for
from trial.enrolment.states import BEFORE_ENROLMENT, COLOURS, ParticipantState, Withdrawal, goes_further
from trial.enrolment.summaries import case_line, consent_cards, person_rows, state_text
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

PAGE_SIZE = 25


@require_GET
def participants(request: SignedInRequest, trial: str) -> HttpResponse:
    """The participants that the user may see, and the registrations to go on with."""
    found = trial_for(request.user, trial, needing=Permission.SEE_PARTICIPANTS)
    group = request.GET.get("group", "") if request.GET.get("group", "") in GROUPS else ""
    sizes = group_sizes(request.user, found)
    paginator = Paginator(participants_of(request.user, found).filter(state__in=GROUPS[group][1]), PAGE_SIZE)
    paginator.count = sizes[group]  # counted above, in one query with the other groups
    page = paginator.get_page(request.GET.get("page"))
    begun = _begun(request.user, found)
    names = listed_names_for(request.user, found, [row.key for row in [*page, *begun]])
    context: dict[str, Any] = {"page": page, "rows": _rows(page, names), "begun": _rows(begun, names)}
    context |= {"tabs": _tabs(found, group, sizes), "group": GROUPS[group][0]}
    return render(request, "enrolment/participants.html", context | _rights(request.user, found))


@require_http_methods(["GET", "POST"])
def search(request: SignedInRequest, trial: str) -> HttpResponse:
    """Look for a number or a name. By POST: what is looked for never stands in an address."""
    found = trial_for(request.user, trial, needing=Permission.SEE_PARTICIPANTS)
    if request.method == "GET":
        return redirect("enrolment:participants", found.code)
    text = request.POST.get("q", "")
    hits = matching(request.user, found, text)
    if len(hits) == 1:
        return redirect("enrolment:participant", found.code, hits[0].number)
    names = listed_names_for(request.user, found, [hit.key for hit in hits])
    context = {"rows": _rows(hits, names), "text": text}
    return render(request, "enrolment/search.html", context | _rights(request.user, found))


@require_GET
def participant(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Everything about one participant that the user may see."""
    found = trial_for(request.user, trial, needing=Permission.SEE_PARTICIPANTS)
    who = participant_for(request.user, found, number)
    consents, sections = consents_of(who), sections_for(request.user, who)
    person = show(by=request.user, participant=who, what="participant")
    context = {
        "trial": found,
        "participant": who,
        "person": person,
        "person_rows": person_rows(person) if person else [],
        "colour": COLOURS[ParticipantState(who.state)],
        "state": state_text(who),
        "sections": sections,
        "consents": consent_cards(who, consents, with_scans=bool(person)),
        "events": case_line([*events_of(who, consents), *(event for part in sections for event in part.events)]),
    }
    return render(request, "enrolment/participant.html", context | _next_for(request.user, who, consents))


@require_http_methods(["GET", "POST"])
def withdrawal(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Record in one step that a participant withdraws, or takes back more than before."""
    found = trial_for(request.user, trial, needing=Permission.WITHDRAW)
    who = participant_for(request.user, found, number, needing=Permission.WITHDRAW)
    form = WithdrawalForm(request.POST or None, present=who.withdrawal)
    if perform(form, actions.withdraw, by=request.user, participant=who):
        messages.success(request, _("Det er registrert at personen har trukket seg."))
        return redirect("enrolment:participant", found.code, who.number)
    person = show(by=request.user, participant=who, what="withdrawal")
    context = {"trial": found, "participant": who, "person": person, "form": form}
    return render(request, "enrolment/withdrawal.html", context)


def _begun(user: User, trial: Trial) -> list[Any]:
    return unfinished(user, trial) if can(user, trial, Permission.ENROL) else []


def _rows(found: Any, names: dict[UUID, str]) -> list[dict[str, Any]]:
    return [{"it": row, "name": names.get(row.key, "")} | _state(row) for row in found]


def _state(row: Participant | EligibilityCheck) -> dict[str, Any]:
    """The state of a participant; a registration under way has none."""
    if isinstance(row, EligibilityCheck):
        return {}
    return {"colour": COLOURS[ParticipantState(row.state)], "state": state_text(row)}


def _rights(user: User, trial: Trial) -> dict[str, Any]:
    offices = offices_of(user, trial, needing=Permission.SEE_PARTICIPANTS)
    return {
        "trial": trial,
        "sees_names": can(user, trial, Permission.SEE_IDENTITY),
        "sees_offices": len(offices) > 1,
        "may_enrol": can(user, trial, Permission.ENROL),
        "takes_in": takes_in(user, trial, offices),
    }


def _tabs(trial: Trial, group: str, sizes: dict[str, int]) -> list[dict[str, Any]]:
    here = reverse("enrolment:participants", args=[trial.code])
    return [
        {"label": f"{label} ({sizes[code]})", "url": f"{here}?group={code}" if code else here, "active": code == group}
        for code, (label, _states) in GROUPS.items()
    ]


def _next_for(user: User, who: Participant, consents: list[Consent]) -> dict[str, bool]:
    """What the page offers: going on with the registration, consent to a new version, withdrawal."""
    enrols = can(user, who.trial, Permission.ENROL, who.office)
    in_force = next((consent for consent in consents if consent.withdrawn_at is None), None)
    outdated = in_force is not None and in_force.form_id != current_form(who.trial).pk
    further = any(goes_further(who.withdrawal, meaning) for meaning in Withdrawal)
    return {
        "may_continue": enrols and who.state in BEFORE_ENROLMENT,
        "consent_outdated": outdated and who.state != ParticipantState.WITHDRAWN,
        "may_renew": enrols,
        "may_extract": enrols,
        "may_correct": enrols and who.withdrawal != Withdrawal.EVERYTHING,
        "may_withdraw": further and can(user, who.trial, Permission.WITHDRAW, who.office),
    }
