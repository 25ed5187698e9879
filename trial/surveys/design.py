"""Saying what is asked and when: instruments and waves. Fixed from the day on which a wave asks somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.surveys.instruments import Item, read, written
from trial.surveys.models import Instrument, Invitation, Wave
from trial.surveys.queries import asked_instruments
from trial.surveys.standard import INSTRUMENTS, REMINDERS, WAVES

CODES = tuple(wave.code for wave in WAVES)


@action
def use_standard(*, by: User, trial: Trial) -> list[Wave]:
    """Give a trial without questionnaires the instruments and the four waves of the questionnaire study.

    Raises:
        Refusal: `not_allowed`, `surveys_there`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    if trial.instruments.exists() or trial.waves.exists():
        raise Refusal("surveys_there", _("Forsøket har allerede spørreskjemaer."))
    for standard in INSTRUMENTS:
        made = _new(by, trial, standard.code, standard.title_nb, standard.title_en)
        made.changed(items=[written(item) for item in read(standard.items)])
    codes = [standard.code for standard in INSTRUMENTS]
    waves = [
        Wave.objects.create(trial=trial, reminders=list(REMINDERS), instruments=codes, **asdict(wave)) for wave in WAVES
    ]
    record(by=by, verb="surveys_planned", trial=trial.code, waves=[wave.code for wave in waves])
    return waves


@action
def create_instrument(*, by: User, trial: Trial, code: str, title_nb: str, title_en: str = "") -> Instrument:
    """Begin an instrument without questions.

    Raises:
        Refusal: `not_allowed`, `instrument_there`, `national_id_in_text`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    refuse_national_id(title_nb=title_nb, title_en=title_en)
    if trial.instruments.filter(code=code).exists():
        raise Refusal("instrument_there", _("Forsøket har allerede et skjema med denne koden."), field="code")
    made = _new(by, trial, code, title_nb, title_en)
    record(by=by, verb="instrument_created", trial=trial.code, subject=code)
    return made


@action
def save_item(*, by: User, instrument: Instrument, item: Item, known: str = "") -> Instrument:
    """Add a question at the end, or change the one with the code `known`.

    Raises:
        Refusal: `not_allowed`, `instrument_in_use`, `question_gone`, or what `instruments.read` finds wrong with the
            questions, as with a new one that has the code of another.
    """
    _free(by, instrument)
    refuse_national_id(question=item.question["nb"])
    if not known:
        return _set(by, instrument, [*instrument.questions, item])
    if known not in {each.code for each in instrument.questions}:
        raise Refusal("question_gone", _("Spørsmålet er tatt ut i mellomtiden."))
    return _set(by, instrument, [item if each.code == known else each for each in instrument.questions])


@action
def remove_item(*, by: User, instrument: Instrument, code: str) -> Instrument:
    """Take a question out.

    Raises:
        Refusal: `not_allowed`, `instrument_in_use`, `condition_impossible` when another question depends on it,
            `last_question` of an instrument that a wave asks.
    """
    _free(by, instrument)
    left = [item for item in instrument.questions if item.code != code]
    if not left and any(instrument.code in wave.instruments for wave in instrument.trial.waves.all()):
        raise Refusal("last_question", _("En runde spør om skjemaet. Det må ha minst ett spørsmål."))
    return _set(by, instrument, left)


@action
def set_wave(*, by: User, trial: Trial, code: str, months: int, window: tuple[int, int], **asks: Sequence[Any]) -> Wave:
    """Say when a wave asks what. `window`: days before and after; `asks`: `reminders` (days) and `instruments` (codes).

    Raises:
        Refusal: `not_allowed`, `unknown_wave`, `wave_in_use`, `waves_out_of_order`, `reminder_too_late`,
            `instrument_without_questions`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    if code not in CODES:
        raise Refusal("unknown_wave", _("Velg en av rundene T1 til T4."), field="code", status=422)
    wave = trial.waves.filter(code=code).first() or Wave(trial=trial, code=code)
    if wave.pk and Invitation.objects.filter(wave=wave).exists():
        raise Refusal("wave_in_use", _("Runden har begynt og kan ikke endres."))
    _in_order(trial, code, months)
    if max(asks.get("reminders", ()), default=0) > sum(window):
        raise Refusal(
            "reminder_too_late", _("En påminnelse må komme før runden stenger."), field="reminders", status=422
        )
    _with_questions(trial, asks.get("instruments", ()))
    wave.months, (wave.opens_before, wave.closes_after) = months, window
    wave.reminders, wave.instruments = sorted(asks.get("reminders", ())), list(asks.get("instruments", ()))
    wave.save()
    record(by=by, verb="wave_set", trial=trial.code, subject=code, months=months)
    return wave


def _new(by: User, trial: Trial, code: str, title_nb: str, title_en: str) -> Instrument:
    return Instrument.objects.create(
        trial=trial, code=code, title_nb=title_nb, title_en=title_en, changed_at=clock.now(), changed_by=by
    )


def _free(by: User, instrument: Instrument) -> None:
    """Hold an instrument that may be changed, with its questions as they are now: another may be writing too."""
    require(by, instrument.trial, Permission.MANAGE_TRIAL)
    instrument.items = Instrument.objects.select_for_update().values_list("items", flat=True).get(pk=instrument.pk)
    instrument.__dict__.pop("questions", None)
    if instrument.code in asked_instruments(instrument.trial):
        raise Refusal(
            "instrument_in_use",
            _("Noen har fått disse spørsmålene. De kan ikke endres; lag et nytt skjema i stedet."),
        )


def _set(by: User, instrument: Instrument, items: Sequence[Item]) -> Instrument:
    content: list[Mapping[str, Any]] = [written(item) for item in items]
    read(content)
    instrument.changed(items=content, changed_at=clock.now(), changed_by=by)
    instrument.__dict__.pop("questions", None)
    record(by=by, verb="instrument_changed", trial=instrument.trial.code, subject=instrument.code, items=len(items))
    return instrument


def _in_order(trial: Trial, code: str, months: int) -> None:
    others = {wave.code: wave.months for wave in trial.waves.exclude(code=code)} | {code: months}
    in_time = [others[known] for known in sorted(others)]
    if in_time != sorted(set(in_time)):
        raise Refusal("waves_out_of_order", _("Rundene må komme etter hverandre i tid."), field="months", status=422)


def _with_questions(trial: Trial, codes: Sequence[str]) -> None:
    asked = {instrument.code for instrument in trial.instruments.all() if instrument.items}
    if not codes or not set(codes) <= asked:
        raise Refusal(
            "instrument_without_questions",
            _("Velg minst ett skjema, og bare skjemaer som har spørsmål."),
            field="instruments",
            status=422,
        )
