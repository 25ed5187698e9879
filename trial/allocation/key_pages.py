"""The page of the researcher's key: made in the browser, kept on two sheets of paper, put together again when lost."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.access.requests import SignedInRequest
from trial.allocation.forms import RecoveryForm
from trial.allocation.models import Recovery
from trial.allocation.policies import OPEN
from trial.allocation.protocols import Document
from trial.allocation.queries import protocol_for
from trial.allocation.recovery import approve_recovery, recoveries_of, request_recovery
from trial.studies.models import Mode, Trial
from trial.studies.queries import trial_for


@require_http_methods(["GET", "POST"])
def key(request: SignedInRequest, trial: str) -> HttpResponse:
    """Make a key and its sheets; ask, when it is lost, that it be put together again."""
    found = trial_for(request.user, trial, needing=Permission.OPEN_TRIAL)
    form = RecoveryForm(request.POST or None)
    if perform(form, request_recovery, by=request.user, trial=found):
        messages.success(request, _("En annen person må godkjenne at nøkkelen settes sammen igjen."))
        return redirect("allocation:key", found.code)
    return render(request, "allocation/key.html", _context(request, found) | {"form": form})


@require_POST
def recover(request: SignedInRequest, trial: str) -> HttpResponse:
    """Agree that the key is put together again."""
    found = trial_for(request.user, trial, needing=Permission.OPEN_TRIAL)
    waiting = _waiting(recoveries_of(request.user, found))
    if waiting is None:
        raise Refusal("nothing_asked", _("Ingen har bedt om dette."))
    approve_recovery(by=request.user, recovery=waiting)
    messages.success(request, _("Godkjent. Nå kan de to arkene settes sammen, og loggen sier at det er gjort."))
    return redirect("allocation:key", found.code)


def _context(request: SignedInRequest, trial: Trial) -> dict[str, Any]:
    told = recoveries_of(request.user, trial)
    protocol, waiting = protocol_for(request.user, trial), _waiting(told)
    locked = protocol is not None and protocol.approved_at is not None
    commitments = Document.read(protocol.text).content["commitments"] if protocol and locked else {}
    return {
        "trial": trial,
        "attended": trial.mode == Mode.ATTENDED,
        "locked": locked,
        "commitment": commitments.get("researcher", ""),
        "recoveries": told,
        "waiting": waiting,
        "may_approve": waiting is not None and waiting.requested_by_id != request.user.pk and trial.state not in OPEN,
        "agreed": bool(told) and waiting is None,
    }


def _waiting(told: list[Recovery]) -> Recovery | None:
    return next((each for each in told if each.approved_at is None), None)
