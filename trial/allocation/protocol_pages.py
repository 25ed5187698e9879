"""Pages of the protocol: proposed by one person, read with its report, locked by another."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.planes import own_transactions
from trial.access.refusals import changed_meanwhile, not_found
from trial.access.requests import SignedInRequest
from trial.allocation import decisions
from trial.allocation.actions import finish_unattended
from trial.allocation.clusters import clusters_of, enrol_offices
from trial.allocation.forms import BeaconForm, ProposalForm
from trial.allocation.protocols import Document
from trial.allocation.queries import protocol_for
from trial.allocation.report import shown
from trial.studies.models import Mode, Trial, Unit
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.states import TrialState


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
    if request.POST.get("read") != protocol.sha256:  # another was proposed since the page was read
        raise changed_meanwhile()
    decisions.approve_protocol(by=request.user, protocol=protocol)
    messages.success(request, _("Protokollen er låst. Send kontrollsummen til alle som skal ha den."))
    return redirect("allocation:protocol", found.code)


@require_POST
@own_transactions
def offices(request: SignedInRequest, trial: str) -> HttpResponse:
    """Give the offices of a trial that draws offices their places; without a researcher they are drawn at once."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    made = enrol_offices(by=request.user, trial=found)
    finish_unattended(trial=found)
    said = ngettext("%(n)s kontor har fått plass.", "%(n)s kontorer har fått plass.", len(made)) % {"n": len(made)}
    messages.success(request, said)
    return redirect("allocation:protocol", found.code)


@require_POST
def beacon(request: SignedInRequest, trial: str) -> HttpResponse:
    found = trial_for(request.user, trial, needing=Permission.LOCK_PROTOCOL)
    form = BeaconForm(request.POST)
    if perform(form, decisions.record_beacon, by=request.user, trial=found):
        messages.success(request, _("Verdien er registrert."))
        return redirect("allocation:protocol", found.code)
    return render(request, "allocation/protocol.html", _protocol_context(request, found) | {"beacon_form": form})


def _protocol_context(request: SignedInRequest, trial: Trial) -> dict[str, Any]:
    known = protocol_for(request.user, trial)
    terms = Document.read(known.text).content if known else {}
    leads = can(request.user, trial, Permission.LOCK_PROTOCOL)
    drafting = trial.state == TrialState.DRAFTING
    return {
        "trial": trial,
        "protocol": known,
        "terms": terms,
        "report": shown(known.report) if known else {},
        "may_propose": leads and drafting,
        "may_lock": known is not None and leads and drafting and known.proposed_by_id != request.user.pk,
        "clusters": clusters_of(trial) if trial.unit == Unit.CLUSTER else None,
        "may_enrol_offices": leads and trial.unit == Unit.CLUSTER and trial.state == TrialState.RECRUITING,
        "beacon_form": BeaconForm() if leads and _waits_for_beacon(known, terms) else None,
    }


def _waits_for_beacon(known: Any, terms: dict[str, Any]) -> bool:
    return bool(known and known.approved_at and terms["beacon"] and not hasattr(known, "beacon_value"))
