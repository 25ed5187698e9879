"""The page of linkage: the application package, and key files asked for, approved by another, fetched once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.registers import linkage
from trial.registers.application import application_package
from trial.registers.forms import KeyFileForm
from trial.registers.models import LinkageRequest
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for


@require_http_methods(["GET", "POST"])
def key_files(request: SignedInRequest, trial: str) -> HttpResponse:
    """Every key file that was asked for, and the form that asks for one."""
    found = trial_for(request.user, trial, needing=Permission.APPROVE_LINKAGE)
    links = can(request.user, found, Permission.LINK)
    form = KeyFileForm(request.POST or None, trial=found) if links else None
    if form and perform(form, linkage.request_key_file, by=request.user, trial=found):
        messages.success(request, _("Nøkkelfilen venter på at en annen godkjenner den."))
        return redirect("registers:key_files", found.code)
    rows = LinkageRequest.objects.filter(trial=found).select_related("requested_by", "approved_by", "handed_out_by")
    context = {"trial": found, "form": form, "rows": [_row(request, row, links) for row in rows]}
    return render(request, "registers/key_files.html", context)


@require_POST
def approve(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Approve as the second person."""
    found = trial_for(request.user, trial, needing=Permission.APPROVE_LINKAGE)
    linkage.approve_key_file(by=request.user, request=_request(found, key))
    messages.success(request, _("Nøkkelfilen er godkjent."))
    return redirect("registers:key_files", found.code)


@require_POST
def fetch(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Hand the encrypted file out, once."""
    found = trial_for(request.user, trial, needing=Permission.LINK)
    wanted = _request(found, key)
    sealed = linkage.hand_out(by=request.user, request=wanted)
    return _file(sealed, f"{found.code}-{wanted.register}-{_('nøkkelfil')}.csv.age", "application/octet-stream")


@require_POST
def package(request: SignedInRequest, trial: str) -> HttpResponse:
    """The application package for register owners."""
    found = trial_for(request.user, trial, needing=Permission.LINK)
    made = application_package(by=request.user, trial=found)
    return _file(made, f"{found.code}-{_('søknadspakke')}.zip", "application/zip")


def _row(request: SignedInRequest, row: LinkageRequest, links: bool) -> dict[str, Any]:
    return {
        "it": row,
        "fingerprint": linkage.fingerprint(row.recipient),
        "may_approve": not row.approved_at and row.requested_by_id != request.user.pk,
        "may_fetch": links and row.approved_at and not row.handed_out_at,
    }


def _request(trial: Trial, key: UUID) -> LinkageRequest:
    found: LinkageRequest | None = LinkageRequest.objects.select_related("trial").filter(trial=trial, pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke nøkkelfilen."))
    return found


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Names are plain letters in the header: some programs know no others."""
    plain = name.replace("æ", "ae").translate(str.maketrans("øå", "oa"))
    headers = {"Content-Disposition": f'attachment; filename="{plain}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
