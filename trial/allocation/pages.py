"""Pages of the draw: asking for it, the researcher's draw room, receipts, the log, the lock and the opening."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.planes import own_transactions, transaction
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.allocation import actions, decisions
from trial.allocation.forms import BeaconForm, OpeningForm, ProposalForm
from trial.allocation.models import Opening
from trial.allocation.policies import OPEN
from trial.allocation.protocols import Document
from trial.allocation.queries import (
    anchors_of,
    bundle_of,
    checkpoints_of,
    draw_terms,
    log_is_whole,
    log_of,
    opening_of,
    protocol_for,
    receipt_for,
    statement_of,
    waiting_count,
    waiting_for,
)
from trial.allocation.report import shown
from trial.enrolment.queries import participant_for
from trial.studies.models import Mode, Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.states import TrialState

LEAVES_A_PAGE = 50
CHECKPOINTS_SHOWN = 20


@require_POST
@own_transactions
def enrol(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """The last step of the enrolment form: take a place in the draw."""
    found = trial_for(request.user, trial, needing=Permission.ENROL)
    with transaction():
        person = participant_for(request.user, found, number, needing=Permission.ENROL)
    key = f"page-{request.user.pk}-{person.pk}"
    place = actions.enrol(by=request.user, participant=person, idempotency_key=key)
    said = _("Trukket: %(arm)s.") % {"arm": place.arm} if place.arm else _("Meldt inn. Venter på loddtrekning.")
    messages.success(request, said)
    return redirect("enrolment:participant", found.code, person.number)


@require_GET
def draw_room(request: SignedInRequest, trial: str) -> HttpResponse:
    """Waiting numbers, and the script with which the researcher draws for them."""
    found = trial_for(request.user, trial, needing=Permission.SEE_WAITING)
    context = {
        "trial": found,
        "waiting": waiting_for(request.user, found),
        "total": waiting_count(found),
        "terms": draw_terms(found),
        "attended": found.mode == Mode.ATTENDED,
        "may_draw": can(request.user, found, Permission.DRAW),
    }
    return render(request, "allocation/draw_room.html", context)


@require_GET
def receipt(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """A participant's receipt, to read and to print."""
    found = trial_for(request.user, trial, needing=Permission.SEE_ARM)
    person = participant_for(request.user, found, number, needing=Permission.SEE_ARM)
    paper = receipt_for(request.user, person)
    arm = found.arms.get(code=paper["leaf"]["arm"])
    return render(
        request, "allocation/receipt.html", {"trial": found, "participant": person, "paper": paper, "arm": arm}
    )


@require_GET
def receipt_file(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_ARM)
    person = participant_for(request.user, found, number, needing=Permission.SEE_ARM)
    return _file(receipt_for(request.user, person), f"{person.number}-receipt.json")


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
        "checkpoints": checkpoints_of(request.user, found)[:CHECKPOINTS_SHOWN],
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
    return _file(signed, f"{found.code}-checkpoints.json")


@require_GET
def bundle_file(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    return _file(bundle_of(found), f"{found.code}-bundle.json")


@require_GET
def anchors_file(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    return _file(anchors_of(found), f"{found.code}-anchors.json")


@require_http_methods(["GET", "POST"])
def protocol(request: SignedInRequest, trial: str) -> HttpResponse:
    """Propose the protocol; once proposed, read it with its report, and lock it as the second person."""
    found = trial_for(request.user, trial, needing=Permission.SEE_LOG)
    form = ProposalForm(request.POST or None, attended=found.mode == Mode.ATTENDED)
    if perform(form, decisions.propose_protocol, by=request.user, trial=found):
        messages.success(request, _("Protokollen er foreslått. En annen forsøksleder må låse den."))
        return redirect("allocation:protocol", found.code)
    return render(request, "allocation/protocol.html", _protocol_context(request, found) | {"form": form})


@require_POST
def lock(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.LOCK_PROTOCOL)
    protocol = protocol_for(request.user, found)
    if protocol is None:
        raise not_found(_("Ingen har foreslått en protokoll ennå."))
    decisions.approve_protocol(by=request.user, protocol=protocol)
    messages.success(request, _("Protokollen er låst. Send kontrollsummen til alle som skal ha den."))
    return redirect("allocation:protocol", found.code)


@require_POST
def beacon(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.LOCK_PROTOCOL)
    form = BeaconForm(request.POST)
    if perform(form, decisions.record_beacon, by=request.user, trial=found):
        messages.success(request, _("Verdien er registrert."))
        return redirect("allocation:protocol", found.code)
    return render(request, "allocation/protocol.html", _protocol_context(request, found) | {"beacon_form": form})


@require_http_methods(["GET", "POST"])
def opening(request: SignedInRequest, trial: str) -> HttpResponse:
    """End the concealment: one person asks, another one opens."""
    found = trial_for(request.user, trial, needing=Permission.OPEN_TRIAL)
    asked = opening_of(found)
    form = OpeningForm(request.POST or None, request.FILES or None)
    act = _approve if asked else _request
    if perform(form, act, by=request.user, trial=found, opening=asked):
        messages.success(request, _("Forsøket er åpnet.") if asked else _("En annen person må åpne forsøket."))
        return redirect("allocation:opening", found.code)
    context = {"trial": found, "asked": asked, "form": form, "opened": found.state in OPEN}
    context["may_ask"] = found.state == TrialState.DATA_LOCKED and (not asked or asked.requested_by != request.user)
    return render(request, "allocation/opening.html", context)


def _request(*, opening: None, **given: Any) -> Opening:
    return decisions.request_opening(**given)


def _approve(*, trial: Trial, opening: Opening, **given: Any) -> Opening:
    return decisions.approve_opening(opening=opening, **given)


def _protocol_context(request: SignedInRequest, trial: Trial) -> dict[str, Any]:
    known = protocol_for(request.user, trial)
    content = Document.read(known.text).content if known else {}
    leads = can(request.user, trial, Permission.LOCK_PROTOCOL)
    drafting = trial.state == TrialState.DRAFTING
    return {
        "trial": trial,
        "protocol": known,
        "content": content,
        "report": shown(known.report) if known else {},
        "may_propose": leads and drafting,
        "may_lock": known is not None and leads and drafting and known.proposed_by_id != request.user.pk,
        "beacon_form": BeaconForm() if leads and _waits_for_beacon(known, content) else None,
    }


def _waits_for_beacon(known: Any, content: dict[str, Any]) -> bool:
    return bool(known and known.approved_at and content["beacon"] and not hasattr(known, "beacon_value"))


def _file(content: Any, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(content, safe=False, headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 1})
