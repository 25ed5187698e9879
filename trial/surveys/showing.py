"""Answers, questionnaires and response rates in words, for pages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from trial.audit import clock
from trial.studies.models import Trial
from trial.surveys.instruments import DO_NOT_KNOW, KINDS, Item, in_words
from trial.surveys.models import Instrument, Invitation, Wave
from trial.surveys.queries import Response
from trial.surveys.standard import WAVES
from trial.surveys.states import COLOURS, LABELS, STILL_ASKED, UNANSWERED, InvitationState

GROUPS: dict[str, str | Promise] = {
    "": gettext_lazy("Skal svare nå"),
    "typing": gettext_lazy("Papir å skrive inn"),
    "late": gettext_lazy("Fristen er ute"),
    "all": gettext_lazy("Alle"),
}


def in_group(invitations: QuerySet[Invitation], group: str) -> QuerySet[Invitation]:
    """The questionnaires of a tab, those that close first at the top."""
    today = clock.today()
    chosen: dict[str, dict[str, Any]] = {
        "": {"state__in": STILL_ASKED, "opens__lte": today, "closes__gte": today},
        "typing": {"state__in": [InvitationState.TYPED, InvitationState.DIFFERING]},
        "late": {"state__in": UNANSWERED, "closes__lt": today},
        "all": {},
    }
    return invitations.filter(**chosen[group])


def group_tabs(trial: Trial, group: str) -> list[dict[str, Any]]:
    address = reverse("surveys:overview", args=[trial.code])
    return [
        {"label": label, "url": f"{address}?group={code}", "active": code == group} for code, label in GROUPS.items()
    ]


def shown_answer(item: Item, answer: str) -> str:
    """An answer as people read it."""
    if not answer:
        return _("Ikke svart")
    if answer == DO_NOT_KNOW:
        return _("Vet ikke")
    options = dict(item.options)
    return in_words(options[answer]) if answer in options else answer


def response_table(found: Mapping[tuple[str, int | None], Response]) -> dict[str, Any]:
    """Response by wave, for those who see people by number anyhow."""
    labels = (_("Åpnet for"), _("Har svart"), _("Av dem på papir"), _("Svarprosent"))
    return {
        "columns": [{"label": _("Runde")}, *({"label": label, "numeric": True} for label in labels)],
        "rows": [
            [wave, each.opened, each.answered, each.on_paper, _("%(share)s %%") % {"share": each.percent}]
            for (wave, _arm), each in sorted(found.items())
        ],
    }


def rows_of(page: Iterable[Invitation], names: Mapping[UUID, str], *, open: bool) -> list[dict[str, Any]]:
    """The lines of a list of questionnaires. `open`: the reader may open them."""
    return [
        {
            "it": each,
            "name": names.get(each.participant_id, ""),
            "colour": COLOURS[each.state],
            "url": reverse("surveys:invitation", args=[each.trial.code, each.pk]) if open else "",
        }
        for each in page
    ]


def facts_of(invitation: Invitation) -> list[dict[str, Any]]:
    """What is known of a questionnaire, apart from the answers."""
    asked = _("Nei")
    if invitation.asked_on:
        times = ngettext("%(n)s gang, sist %(day)s", "%(n)s ganger, sist %(day)s", invitation.asked)
        asked = times % {"n": invitation.asked, "day": _day(invitation.asked_on)}
    return [
        {"label": _("Runde"), "value": invitation.wave.code},
        {"label": _("Status"), "value": LABELS[invitation.state]},
        {"label": _("Kan svare"), "value": f"{_day(invitation.opens)}–{_day(invitation.closes)}"},
        {"label": _("Har fått lenke eller brev"), "value": asked},
        {"label": _("Kontor"), "value": str(invitation.office)},
    ]


def question_rows(instrument: Instrument) -> list[dict[str, Any]]:
    """The questions of an instrument as their writer sees them."""
    return [
        {"item": item, "question": in_words(item.question), "kind": KINDS[item.kind], "condition": _condition(item)}
        for item in instrument.questions
    ]


def paper_of(instruments: Iterable[Instrument]) -> list[dict[str, Any]]:
    """The questions as a paper asks them: every choice as a box, a condition as a remark."""
    return [
        {
            "heading": str(instrument),
            "questions": [_on_paper(item, instrument.questions) for item in instrument.questions],
        }
        for instrument in instruments
    ]


def _on_paper(item: Item, every: Sequence[Item]) -> dict[str, Any]:
    names = {code: in_words(words) for code, words in item.options} | {DO_NOT_KNOW: _("Vet ikke")}
    asked_of = next((each for each in every if item.shown_if and each.code == item.shown_if.item), None)
    return {
        "text": in_words(item.question),
        "choices": [names.get(value, value) for value in item.values],
        "ends": " – ".join(in_words(words) for words in item.ends or ()),
        "tall": bool(item.options),
        "condition": _only_if(item, asked_of) if asked_of else "",
    }


def _only_if(item: Item, asked_of: Item) -> str:
    answers = item.shown_if.answers if item.shown_if else ()
    words = f" {_('eller')} ".join(f"«{shown_answer(asked_of, answer)}»" for answer in answers)
    return _("bare hvis du svarte %(answers)s på «%(question)s»") % {
        "answers": words,
        "question": in_words(asked_of.question),
    }


def wave_rows(trial: Trial, waves: Mapping[str, Wave]) -> list[dict[str, Any]]:
    """The four waves, those that are not planned included."""
    titles = {instrument.code: str(instrument) for instrument in trial.instruments.all()}
    rows = []
    for standard in WAVES:
        wave = waves.get(standard.code)
        asks = ", ".join(titles.get(code, code) for code in wave.instruments) if wave else ""
        rows.append({"code": standard.code, "wave": wave, "asks": asks})
    return rows


def _condition(item: Item) -> str:
    if item.shown_if is None:
        return ""
    answers = ", ".join(item.shown_if.answers)
    return _("når %(item)s er %(answers)s") % {"item": item.shown_if.item, "answers": answers}


def _day(day: Any) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
