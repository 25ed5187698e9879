"""Pages of the draw as offices and the researcher meet it: asking for it, the draw room, receipts."""

from typing import Any

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from trial.access.permissions import Permission
from trial.access.planes import own_transactions, transaction
from trial.access.requests import SignedInRequest
from trial.allocation import actions
from trial.allocation.downloads import json_file
from trial.allocation.queries import draw_terms, drawn_place_for, receipt_for, waiting_count, waiting_for
from trial.enrolment.queries import participant_for
from trial.studies.models import Mode
from trial.studies.permissions import can
from trial.studies.queries import trial_for


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
    place = drawn_place_for(request.user, person)
    context = {"trial": found, "participant": person, "paper": place.receipt, "arm": place.arm}
    return render(request, "allocation/receipt.html", context)


@require_GET
def receipt_file(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.SEE_ARM)
    person = participant_for(request.user, found, number, needing=Permission.SEE_ARM)
    return json_file(receipt_for(request.user, person), f"{person.number}-receipt.json")


@require_GET
def receipt_sheet(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """The receipt on one sheet of paper, with the leaf's hash as a QR code."""
    found = trial_for(request.user, trial, needing=Permission.SEE_ARM)
    person = participant_for(request.user, found, number, needing=Permission.SEE_ARM)
    place = drawn_place_for(request.user, person)
    paper: dict[str, Any] = place.receipt or {}
    qr = mark_safe(segno.make(paper["leaf_sha256"]).svg_inline(scale=4))  # noqa: S308 - drawn from hex digits
    context = {"trial": found, "participant": person, "paper": paper, "place": place, "qr": qr}
    return render(request, "allocation/receipt_sheet.html", context)
