"""Pages of one person's rights: correction, everything held, the signed form, the letter, who may see the person."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.enrolment import actions
from trial.enrolment.displays import show
from trial.enrolment.extract import as_json, as_pdf, extract
from trial.enrolment.forms import PersonForm, ScanForm, ShieldForm
from trial.enrolment.letter import letter_of
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.policies import current_form
from trial.enrolment.queries import colleagues_of, consent_of, participant_for
from trial.enrolment.scanning import add_scan
from trial.enrolment.shielding import set_shield
from trial.identity.models import Person
from trial.identity.queries import readers_of, scan_of
from trial.studies.queries import trial_for


@require_http_methods(["GET", "POST"])
def correction(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Correct name, national id or contact."""
    who = _participant(request, trial, number)
    person = show(by=request.user, participant=who, what="correction") or Person()
    form = PersonForm(request.POST or None, person=person, complete=True)
    if perform(form, actions.correct_person, by=request.user, participant=who):
        messages.success(request, _("Opplysningene er rettet."))
        return _back(who)
    return render(request, "enrolment/correction.html", _context(who, form=form))


@require_http_methods(["GET", "POST"])
def shield(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Name the colleagues who alone may see a participant, or lift that."""
    who = _participant(request, trial, number)
    form = ShieldForm(request.POST or None, colleagues=colleagues_of(who), present=readers_of(who.key))
    check = EligibilityCheck.objects.select_related("trial", "office").get(pk=who.key)
    if form.is_valid() and perform(form, _set_shield, request=request, check=check):
        return _back(who)
    return render(request, "enrolment/shield.html", _context(who, form=form))


@require_http_methods(["GET", "POST"])
def scan(request: SignedInRequest, trial: str, number: str, consent: int) -> HttpResponse:
    """Add the scanned paper of a consent."""
    who = _participant(request, trial, number)
    form = ScanForm(request.POST or None, request.FILES or None)
    if perform(form, add_scan, by=request.user, consent=consent_of(who, consent)):
        messages.success(request, _("Det skannede skjemaet er lagret kryptert."))
        return _back(who)
    return render(request, "enrolment/scan.html", _context(who, form=form))


@require_GET
def scan_file(request: SignedInRequest, trial: str, number: str, consent: int) -> HttpResponse:
    """The scanned paper as PDF; it bears the name, so it is a display."""
    who = _participant(request, trial, number, needing=Permission.SEE_IDENTITY)
    show(by=request.user, participant=who, what="scan")
    document = scan_of(who.key, consent_of(who, consent).pk)
    if document is None:
        raise not_found(_("Det er ikke lagret noe skannet skjema for dette samtykket."))
    return _pdf(document, f"{who.number}-{_('samtykke')}.pdf")


@require_POST
def extract_pdf(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """Everything held on the person, to hand over. By POST: each one is written in the log."""
    who = _participant(request, trial, number)
    return _pdf(as_pdf(who, extract(by=request.user, participant=who)), f"{who.number}-{_('innsyn')}.pdf")


@require_POST
def extract_json(request: SignedInRequest, trial: str, number: str) -> HttpResponse:
    """The same for machines."""
    who = _participant(request, trial, number)
    body = as_json(who, extract(by=request.user, participant=who))
    name = f"{who.number}-{_('innsyn')}.json"
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False, "indent": 1}, headers=_attachment(name))


@require_GET
def letter(request: SignedInRequest, trial: str) -> HttpResponse:
    """The information letter with the present consent form, for anyone who might take part."""
    found = trial_for(request.user, trial)
    form = current_form(found)
    return _pdf(letter_of(form), f"{found.code}-{_('informasjonsskriv')}-{form.version}.pdf")


def _set_shield(*, request: SignedInRequest, check: EligibilityCheck, readers: list[Any]) -> bool:
    set_shield(by=request.user, check=check, readers=readers)
    messages.success(request, _("Lagret. Bare de valgte ser deltakeren.") if readers else _("Skjermingen er opphevet."))
    return True


def _participant(
    request: SignedInRequest, trial: str, number: str, *, needing: Permission = Permission.ENROL
) -> Participant:
    found = trial_for(request.user, trial, needing=needing)
    return participant_for(request.user, found, number, needing=needing)


def _context(who: Participant, **more: Any) -> dict[str, Any]:
    return {"trial": who.trial, "participant": who, **more}


def _back(who: Participant) -> HttpResponse:
    return redirect("enrolment:participant", who.trial.code, who.number)


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(content, content_type="application/pdf", headers=_attachment(name))


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
