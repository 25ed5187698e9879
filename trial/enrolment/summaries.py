"""What was answered, typed and consented to, as lines of label and value."""

from collections.abc import Iterable
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from trial.enrolment.coverage import COVERAGE
from trial.enrolment.forms import factor_label
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.policies import consent_in_force
from trial.enrolment.queries import Event
from trial.identity.models import Person

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
        {"label": _("Hvor papiret oppbevares"), "value": consent.paper_reference or _("Samtykket på skjerm")},
    ]


def coverage(codes: Iterable[str]) -> list[str]:
    """What a consent covers, in words."""
    return [str(COVERAGE[code]) for code in codes]


def case_line(events: Iterable[Event]) -> list[Row]:
    """What happened, in order of time, with the time as the office writes it."""
    return [
        {"title": event.title, "text": event.text, "time": date_format(localtime(event.time), "d.m.Y H.i")}
        for event in sorted(events, key=lambda event: event.time)
    ]
