"""Pages of the office and of those who watch: who should answer, one questionnaire, its letter, its paper answers."""

from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.paging import LongPaginator
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.audit import clock
from trial.enrolment.queries import listed_names_for, names_for
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.surveys import actions
from trial.surveys.forms import AnswerForm, DecidingForm, Question
from trial.surveys.instruments import in_words
from trial.surveys.links import address_of, enter_address
from trial.surveys.models import Entry, Invitation
from trial.surveys.queries import answers_of, instruments_of, invitation_for, invitations_of, responses, standings
from trial.surveys.showing import (
    GROUPS,
    facts_of,
    group_tabs,
    in_group,
    paper_of,
    response_table,
    rows_of,
    shown_answer,
)
from trial.surveys.states import STILL_ASKED, InvitationState

INVITATIONS_A_PAGE = 50


@require_GET
def overview(request: SignedInRequest, trial: str) -> HttpResponse:
    """How many have answered, and whom a questionnaire is open for."""
    found = trial_for(request.user, trial, needing=Permission.SEE_SURVEYS)
    group = request.GET.get("group", "")
    group = group if group in GROUPS else ""
    rows = in_group(invitations_of(request.user, found), group)
    page = LongPaginator(rows, INVITATIONS_A_PAGE).get_page(request.GET.get("page"))
    surveys = can(request.user, found, Permission.SURVEY)
    names = listed_names_for(request.user, found, [each.participant_id for each in page])
    context = {
        "trial": found,
        "responses": response_table(responses(standings(found))),
        "has_waves": found.waves.exists(),
        "tabs": group_tabs(found, group),
        "page": page,
        "rows": rows_of(page, names, open=surveys),
        "may_survey": surveys,
        "may_design": can(request.user, found, Permission.MANAGE_TRIAL),
    }
    return render(request, "surveys/overview.html", context)


@require_POST
def open_waves(request: SignedInRequest, trial: str) -> HttpResponse:
    """Open the waves whose time has come at the own offices."""
    found = trial_for(request.user, trial, needing=Permission.SURVEY)
    number = actions.open_waves(by=request.user, trial=found)
    sentence = ngettext("%(n)s spørreskjema er åpnet.", "%(n)s spørreskjemaer er åpnet.", number)
    messages.success(request, sentence % {"n": number})
    return redirect("surveys:overview", found.code)


@require_GET
def invitation(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """One questionnaire of one person, with what the office can do about it."""
    return _shown(request, invitation_for(request.user, trial, key))


@require_POST
def send_link(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Send the link now, by e-mail or text message."""
    found = invitation_for(request.user, trial, key)
    channel = actions.send_link(by=request.user, invitation=found)
    messages.success(request, _("Lenken er sendt på %(channel)s.") % {"channel": channel.label})
    return redirect("surveys:invitation", trial, key)


@never_cache
@require_POST
def letter(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """A letter to print, with a code that is shown this once, and the questions on paper."""
    found = invitation_for(request.user, trial, key)
    code = actions.make_letter(by=request.user, invitation=found)
    context = {
        "trial": found.trial,
        "invitation": found,
        "name": names_for(request.user, found.trial, [found.participant_id]).get(found.participant_id, ""),
        "where": [{"label": _("Nettside"), "value": enter_address()}, {"label": _("Kode"), "value": code}],
        "qr": segno.make(address_of(code), error="m").svg_data_uri(scale=4, border=2),
        "paper": paper_of(instruments_of(found.wave)),
    }
    return render(request, "surveys/letter.html", context)


@require_http_methods(["GET", "POST"])
def type_answers(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Type a paper: the first time, the second time without seeing the first, or only where the two differ."""
    found = invitation_for(request.user, trial, key)
    differing = found.state == InvitationState.DIFFERING
    if differing and request.method == "POST" and "deciding" not in request.POST:
        # A typing that came twice, or after a colleague's, decides nothing: whoever sent it has not seen the two.
        messages.warning(request, _("De to innskrivingene er ulike. Se på papiret og velg det som står der."))
        return redirect("surveys:type_answers", trial, key)
    form, typed = _form_for(found, request.POST or None, differing=differing)
    act = actions.settle if differing else actions.type_answers
    saved = perform(form, act, by=request.user, invitation=found)
    if saved:
        messages.success(request, _("Lagret."))
        return redirect("surveys:invitation", trial, key)
    context = {"trial": found.trial, "invitation": found, "form": form, "differing": differing, "typed": typed}
    return render(request, "surveys/type.html", context)


def _form_for(invitation: Invitation, data: Any, *, differing: bool) -> tuple[AnswerForm, list[dict[str, str]]]:
    """The questions to type; once two typings differ only those where they do, with both."""
    every: list[Question] = [
        (instrument, item) for instrument in instruments_of(invitation.wave) for item in instrument.questions
    ]
    if not differing:
        return AnswerForm(data, questions=every, answers={}), []
    first, second = answers_of(invitation, Entry.FIRST), answers_of(invitation, Entry.SECOND)
    unlike = [
        (instrument, item)
        for instrument, item in every
        if first.get((instrument.code, item.code)) != second.get((instrument.code, item.code))
    ]
    typed = [
        {
            "question": in_words(item.question),
            "first": shown_answer(item, first.get((instrument.code, item.code), "")),
            "second": shown_answer(item, second.get((instrument.code, item.code), "")),
        }
        for instrument, item in unlike
    ]
    return DecidingForm(data, questions=unlike, answers={}, both=first.keys() & second.keys()), typed


def _shown(request: SignedInRequest, found: Invitation) -> HttpResponse:
    trial: Trial = found.trial
    context: dict[str, Any] = {
        "trial": trial,
        "invitation": found,
        "name": names_for(request.user, trial, [found.participant_id]).get(found.participant_id, ""),
        "facts": facts_of(found),
        "may_ask": found.state in STILL_ASKED and found.window.holds(clock.today()),
        "may_type": found.state not in (InvitationState.ANSWERED, InvitationState.STOPPED),
        "same_person": found.state == InvitationState.TYPED and found.typed_by_id == request.user.pk,
    }
    return render(request, "surveys/invitation.html", context)
