"""The pages where a trial says what it asks and when."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.studies.queries import trial_for
from trial.surveys import design
from trial.surveys.forms import AnswerForm, InstrumentForm, ItemForm, WaveForm
from trial.surveys.queries import asked_instruments, instrument_for
from trial.surveys.showing import question_rows, wave_rows


@require_GET
def plan(request: SignedInRequest, trial: str) -> HttpResponse:
    """The instruments and the waves of a trial."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    waves = {wave.code: wave for wave in found.waves.all()}
    context = {
        "trial": found,
        "instruments": list(found.instruments.all()),
        "waves": wave_rows(found, waves),
        "is_empty": not waves,
    }
    return render(request, "surveys/plan.html", context)


@require_POST
def use_standard(request: SignedInRequest, trial: str) -> HttpResponse:
    """Take over the instruments and waves of the questionnaire study."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    design.use_standard(by=request.user, trial=found)
    messages.success(request, _("Skjemaene og rundene er lagt inn."))
    return redirect("surveys:plan", trial)


@require_http_methods(["GET", "POST"])
def new_instrument(request: SignedInRequest, trial: str) -> HttpResponse:
    """Begin an instrument."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = InstrumentForm(request.POST or None)
    made = perform(form, design.create_instrument, by=request.user, trial=found)
    if made:
        return redirect("surveys:instrument", trial, made.code)
    return render(request, "surveys/new_instrument.html", {"trial": found, "form": form})


@require_GET
def instrument(request: SignedInRequest, trial: str, code: str) -> HttpResponse:
    """An instrument: its questions, and how they look to whoever answers."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    shown = instrument_for(found, code)
    context = {
        "trial": found,
        "instrument": shown,
        "questions": question_rows(shown),
        "preview": AnswerForm(questions=[(shown, item) for item in shown.questions], answers={}),
        "in_use": shown.code in asked_instruments(found),
    }
    return render(request, "surveys/instrument.html", context)


@require_http_methods(["GET", "POST"])
def item(request: SignedInRequest, trial: str, code: str, item: str = "") -> HttpResponse:
    """Write a question, or change one."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    asked = instrument_for(found, code)
    known = next((each for each in asked.questions if each.code == item), None)
    if item and known is None:
        raise not_found(_("Fant ikke spørsmålet."))
    form = ItemForm(request.POST or None, instrument=asked, item=known)
    if perform(form, design.save_item, by=request.user, instrument=asked):
        return redirect("surveys:instrument", trial, code)
    return render(request, "surveys/item.html", {"trial": found, "instrument": asked, "form": form, "item": known})


@require_POST
def remove_item(request: SignedInRequest, trial: str, code: str, item: str) -> HttpResponse:
    """Take a question out."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    design.remove_item(by=request.user, instrument=instrument_for(found, code), code=item)
    return redirect("surveys:instrument", trial, code)


@require_http_methods(["GET", "POST"])
def wave(request: SignedInRequest, trial: str, code: str) -> HttpResponse:
    """Say when a wave asks what."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    if code not in design.CODES:
        raise not_found(_("Fant ikke runden."))
    form = WaveForm(request.POST or None, trial=found, wave=found.waves.filter(code=code).first())
    if perform(form, design.set_wave, by=request.user, trial=found, code=code):
        return redirect("surveys:plan", trial)
    return render(request, "surveys/wave.html", {"trial": found, "form": form, "code": code})
