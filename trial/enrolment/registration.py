"""The pages of a registration, step by step: questions, person, consent, summary.

Every step saves, whichever button is pressed, so that going back or away loses nothing; a registration is taken up
again from the list of participants. The last button belongs to allocation: this room cannot reach a draw.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.enrolment import actions, policies
from trial.enrolment.displays import show
from trial.enrolment.forms import ConsentGivenForm, EligibilityForm, NewPersonForm, ScreenConsentForm, unmet
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.queries import begun_last, check_for, form_version, registered_as
from trial.enrolment.states import BEFORE_ENROLMENT
from trial.enrolment.steps import Go, Step, address, after, reachable, resume_at, shown
from trial.enrolment.summaries import asked_for, consent_rows, eligibility_rows, person_rows
from trial.identity.models import Person
from trial.studies.queries import offices_of, trial_for


@require_http_methods(["GET", "POST"])
def eligibility(request: SignedInRequest, trial: str, key: UUID | None = None) -> HttpResponse:
    """The questions that decide whether someone may take part."""
    found = trial_for(request.user, trial, needing=Permission.ENROL)
    check = check_for(request.user, found, key) if key else None
    offices, complete = offices_of(request.user, found, needing=Permission.ENROL), _go(request) == Go.NEXT
    form = EligibilityForm(request.POST or None, trial=found, offices=offices, check=check, complete=complete)
    saved = perform(form, actions.check_eligibility, by=request.user)
    if saved:
        return _leave(request, saved, Step.ELIGIBILITY)
    closed_by = unmet(check) if check and check.eligible is False else []
    context = {"trial": found, "closed_by": closed_by, "form": form}
    context["begun"] = None if check else begun_last(request.user, found)
    return _step(request, check, Step.ELIGIBILITY, context)


@require_http_methods(["GET", "POST"])
def person(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Who the person is; kept encrypted also when it is not complete yet."""
    check, participant = _found(request, trial, key)
    if Step.PERSON not in reachable(check, participant):
        return redirect(resume_at(check, participant))
    complete = participant is not None or _go(request) == Go.NEXT
    known = show(by=request.user, participant=participant or check, what="registration") or Person()
    form = NewPersonForm(request.POST or None, person=known, complete=complete, shielded=check.shielded)
    save = actions.register_person if complete else actions.save_person_draft
    if perform(form, save, by=request.user, check=check):
        return _leave(request, check, Step.PERSON)
    return _step(request, check, Step.PERSON, {"form": form})


@require_http_methods(["GET", "POST"])
def consent(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """The person consents to the current form; also later, when a new version asks for it."""
    check, participant = _found(request, trial, key)
    if participant is None:
        return redirect(resume_at(check, participant))
    current, given = policies.current_form(check.trial), policies.consent_in_force(participant)
    complete = _go(request) == Go.NEXT
    form = ConsentGivenForm(
        request.POST or None, form=current, given=given, draft=check.consent_draft, complete=complete
    )
    read = form_version(check.trial, request.POST.get("version", current.version))
    save = (
        partial(actions.give_consent, participant=participant, form=read)
        if complete
        else partial(actions.save_consent_draft, check=check, form=read)
    )
    if perform(form, save, by=request.user):
        return _leave(request, check, Step.CONSENT)
    context = {"form": form, "asked": asked_for(current)}
    return _step(request, check, Step.CONSENT, context)


@require_http_methods(["GET", "POST"])
def screen(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """The form on the office's screen, read and ticked by the person: nothing else of the site is in reach."""
    check, participant = _found(request, trial, key)
    if participant is None:
        return redirect(resume_at(check, participant))
    current = policies.current_form(check.trial)
    form = ScreenConsentForm(request.POST or None, form=current, given=None)
    read = form_version(check.trial, request.POST.get("version", current.version))
    save = partial(actions.give_consent, participant=participant, form=read)
    if perform(form, save, by=request.user):
        return render(request, "enrolment/screen_done.html", {"next": after(check, Step.CONSENT, Go.NEXT)})
    context = {"form": form, "trial": check.trial, "check": check, "asked": asked_for(current)}
    return render(request, "enrolment/screen.html", context)


@require_GET
def summary(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Everything once more, with the button that enrols."""
    check, participant = _found(request, trial, key)
    if participant is None or Step.SUMMARY not in reachable(check, participant):
        return redirect(resume_at(check, participant))
    if participant.state not in BEFORE_ENROLMENT:
        return redirect("enrolment:participant", check.trial.code, participant.number)
    who = show(by=request.user, participant=participant, what="registration")
    parts = [
        {"heading": _("Krav for å delta"), "rows": eligibility_rows(check), "url": address(check, Step.ELIGIBILITY)},
        {"heading": _("Person"), "rows": person_rows(who) if who else [], "url": address(check, Step.PERSON)},
        {"heading": _("Samtykke"), "rows": consent_rows(participant), "url": address(check, Step.CONSENT)},
    ]
    return _step(request, check, Step.SUMMARY, {"parts": parts, "participant": participant})


@require_POST
def discard(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Put a registration without a number away."""
    check, _participant = _found(request, trial, key)
    actions.discard_check(by=request.user, check=check)
    messages.success(request, _("Registreringen er slettet."))
    return redirect("enrolment:participants", check.trial.code)


def _found(request: SignedInRequest, trial: str, key: UUID) -> tuple[EligibilityCheck, Participant | None]:
    found = trial_for(request.user, trial, needing=Permission.ENROL)
    check = check_for(request.user, found, key)
    return check, registered_as(check)


def _go(request: SignedInRequest) -> Go:
    """Which button was pressed; without one (the Enter key, a program) the way is on."""
    pressed = request.POST.get("go", Go.NEXT)
    return Go(pressed) if pressed in list(Go) else Go.NEXT


def _leave(request: SignedInRequest, check: EligibilityCheck, step: Step) -> HttpResponse:
    if _go(request) == Go.LATER:
        messages.success(request, _("Lagret. Du kan fortsette herfra når du vil."))
    return redirect(after(check, step, _go(request)))


def _step(
    request: SignedInRequest, check: EligibilityCheck | None, step: Step, context: dict[str, Any]
) -> HttpResponse:
    participant = registered_as(check) if check else None
    known: dict[str, Any] = {"check": check, "participant": participant, "step": step}
    known |= {"trial": check.trial if check else None, "steps": shown(check, participant, step)}
    return render(request, f"enrolment/step_{step}.html", known | context)
