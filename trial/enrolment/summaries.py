"""What was answered, typed and consented to, as lines of label and value."""

from collections.abc import Iterable
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from trial.audit import clock
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.forms import factor_label
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant
from trial.enrolment.policies import consent_in_force
from trial.enrolment.queries import Event
from trial.enrolment.states import ParticipantState
from trial.enrolment.variables import in_words, why
from trial.identity.models import Person
from trial.identity.queries import scans_of

Row = dict[str, Any]


def eligibility_rows(check: EligibilityCheck) -> list[Row]:
    """The office, each question with its answer, each factor of the draw with its level."""
    rows = [{"label": _("Nav-kontor"), "value": str(check.office)}]
    for criterion in check.trial.criteria.all():
        answer = check.answers.get(criterion.code)
        rows.append({"label": str(criterion), "value": {True: _("Ja"), False: _("Nei")}.get(answer, _("Ikke besvart"))})
    return rows + [
        {"label": factor_label(factor), "value": factor_label(level)} for factor, level in check.factors.items()
    ]


def person_rows(person: Person) -> list[Row]:
    """Name, national id and contact; for the own office only. Nothing once they are erased."""
    if not person.national_id:
        return []
    return [
        {"label": _("Navn"), "value": person.name},
        {"label": _("Fødselsnummer eller D-nummer"), "value": f"{person.national_id[:6]} {person.national_id[6:]}"},
        {"label": _("Telefon eller e-post"), "value": person.contact or _("Ikke oppgitt")},
    ]


def consent_rows(participant: Participant) -> list[Row]:
    """The consent in force: version, what it covers, where the paper is."""
    consent = consent_in_force(participant)
    if consent is None:
        return [{"label": _("Samtykke"), "value": _("Ikke gitt")}]
    return [
        {"label": _("Skjema"), "value": _("Versjon %(version)s") % {"version": consent.form.version}},
        {"label": _("Dekker"), "value": "\n".join(coverage(consent.covers))},
        {"label": _("Gitt"), "value": given_how(consent)},
    ]


def given_how(consent: Consent) -> str:
    """On screen, or on a paper that is kept somewhere."""
    if consent.on_screen:
        return _("På skjerm ved kontoret")
    if consent.paper_reference:
        return _("På papir, oppbevart: %(where)s") % {"where": consent.paper_reference}
    return _("På papir")


def state_text(participant: Participant) -> str:
    """The state in words; whoever waits for the draw has waited since a time of day, or a date."""
    if participant.state != ParticipantState.ENROLLED or participant.enrolled_at is None:
        return str(participant.get_state_display())
    since = localtime(participant.enrolled_at)
    today = since.date() == clock.today()
    return _("Venter på loddtrekning siden %(time)s") % {"time": date_format(since, "H.i" if today else "d.m.Y H.i")}


def coverage(codes: Iterable[str]) -> list[str]:
    """What a consent covers, in words."""
    return [str(COVERAGE[code]) for code in codes]


def case_line(events: Iterable[Event]) -> list[Row]:
    """What happened, in order of time, with the time as the office writes it."""
    return [
        {"title": event.title, "text": event.text, "time": date_format(localtime(event.time), "d.m.Y H.i")}
        for event in sorted(events, key=lambda event: event.time)
    ]


def asked_for(form: ConsentForm) -> dict[str, Any]:
    """A consent form as it is read: its text, every part with its variables and reasons, and until when."""
    return {"form": form, "parts": [_part(form, code) for code in form.covers]}


def _part(form: ConsentForm, code: str) -> dict[str, Any]:
    optional = code in form.optional
    summary = _("%(part)s (frivillig)") % {"part": COVERAGE[code]} if optional else str(COVERAGE[code])
    return {
        "label": COVERAGE[code],
        "summary": summary,
        "optional": optional,
        "variables": [(in_words(name), why(reason)) for name, reason in form.variables.get(code, [])],
    }


def consent_cards(participant: Participant, consents: Iterable[Consent], *, with_scans: bool) -> list[Row]:
    """Each consent with what it covers, how it was given, and its scan where there is one that the reader may see."""
    scans = scans_of(participant.key) if with_scans else {}
    return [
        {
            "consent": consent,
            "covers": coverage(consent.covers),
            "how": given_how(consent),
            "scan": scans.get(consent.pk),
            "may_scan": with_scans and not consent.on_screen,
        }
        for consent in consents
    ]
