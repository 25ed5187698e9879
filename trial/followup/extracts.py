"""What this room holds on a participant, for the person's own extract: every row, free text included."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from trial.audit import clock
from trial.enrolment.documents import Section
from trial.enrolment.models import Participant
from trial.followup.models import Assignment, Contact, Deviation, Enquiry, Job, Measure, PrincipleMark, StageSpell

Columns = dict[str, Callable[[Any], Any]]


def follow_up(participant: Participant) -> list[Section]:
    """Specialists, stages, contacts, measures, employers asked, jobs, the principles of IPS, and what departed from the
    protocol."""
    found = [
        _section(_("Jobbspesialister"), _all_assignments(participant), _assignments()),
        _table(_("Faser i oppfølgingen"), StageSpell.objects.all(), participant, _stages()),
        _table(_("Kontakter"), Contact.ever.select_related("employer", "logged_by"), participant, _contacts()),
        _table(_("Tiltak"), Measure.ever.all(), participant, _measures()),
        _table(_("Arbeidsgivere som er spurt"), Enquiry.ever.select_related("employer"), participant, _enquiries()),
        _table(_("Jobber"), Job.ever.select_related("employer"), participant, _jobs()),
        _table(_("De åtte prinsippene i IPS"), PrincipleMark.objects.all(), participant, _principles()),
        _table(_("Avvik fra protokollen"), Deviation.ever.all(), participant, _deviations()),
    ]
    return [section for section in found if section.table]


def _table(heading: str, rows: Any, participant: Participant, columns: Columns) -> Section:
    return _section(heading, rows.filter(participant=participant), columns)


def _section(heading: str, rows: Iterable[Any], columns: Columns) -> Section:
    table = [[_text(read(row)) for read in columns.values()] for row in rows]
    return Section(heading, columns=tuple(columns), table=table)


def _text(value: Any) -> str:
    if isinstance(value, date):
        return date_format(value, "d.m.Y")
    return "–" if value in (None, "") else str(value)


def _retraction() -> Columns:
    """Whether the row still stands: what was written wrong was about the person too."""
    return {_("Rettet eller tatt tilbake"): lambda row: row.get_retraction_display()}


def _days() -> Columns:
    return {_("Fra"): lambda row: row.start, _("Til"): lambda row: row.end}


class _Elsewhere(NamedTuple):
    """An assignment at an office before: the row and the specialist are that office's own."""

    specialist: str
    start: date
    end: date | None
    overload_reason: str
    hand_over: str
    end_reason: str


def _all_assignments(participant: Participant) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM followup_assignments_elsewhere(%s)", [participant.pk])
        before = [_Elsewhere(*row) for row in cursor.fetchall()]
    here = Assignment.objects.filter(participant=participant).select_related("specialist__user")
    return sorted([*before, *here], key=lambda row: row.start)


def _assignments() -> Columns:
    return {_("Jobbspesialist"): lambda row: row.specialist} | _days() | {
        _("Hvorfor kapasiteten overskrides"): lambda row: row.overload_reason,
        _("Overlevering"): lambda row: row.hand_over,
        _("Hvorfor avsluttet"): lambda row: row.end_reason,
    }  # fmt: skip


def _stages() -> Columns:
    return {_("Fase"): lambda row: row.get_stage_display()} | _days()


def _contacts() -> Columns:
    return {
        _("Dag"): lambda row: row.day,
        _("Hvordan"): lambda row: row.get_kind_display(),
        _("Med hvem"): lambda row: row.employer or row.get_counterpart_display(),
        _("Minutter"): lambda row: row.minutes,
        _("Notat"): lambda row: row.note,
        _("Skrevet av"): lambda row: row.logged_by,
        **_retraction(),
    }


def _measures() -> Columns:
    return {
        _("Tiltak"): lambda row: f"{row.name} ({row.code})",
        **_days(),
        _("Arrangør"): lambda row: row.provider,
        **_retraction(),
    }


def _enquiries() -> Columns:
    return {
        _("Dag"): lambda row: row.day,
        _("Arbeidsgiver"): lambda row: row.employer,
        _("Utfall"): lambda row: row.get_outcome_display(),
        _("Notat"): lambda row: row.note,
        **_retraction(),
    }


def _jobs() -> Columns:
    return {
        _("Arbeidsgiver"): lambda row: row.employer,
        _("Slag jobb"): lambda row: row.get_kind_display(),
        _("Timer i uken"): lambda row: number_format(row.hours),
        _("Ansettelse"): lambda row: _("Fast") if row.permanent else _("Midlertidig"),
        _("Hvordan ble jobben funnet?"): lambda row: row.get_found_display(),
        _("Jobben er laget for deltakeren"): lambda row: _("Ja") if row.developed else _("Nei"),
        **_days(),
        _("Hvorfor avsluttet"): lambda row: row.get_end_reason_display(),
        **_retraction(),
    }


def _principles() -> Columns:
    return {
        _("Prinsipp"): lambda row: row.get_principle_display(),
        _("Dag"): lambda row: clock.on_date(row.marked_at),
        _("Notat"): lambda row: row.note,
        _("Skrevet av"): lambda row: row.marked_by,
        _("Merket av nå"): lambda row: _("Nei") if row.cancelled else _("Ja"),
    }


def _deviations() -> Columns:
    return {
        _("Dag"): lambda row: row.day,
        _("Slag avvik"): lambda row: row.get_kind_display(),
        _("Begrunnelse"): lambda row: row.reason,
        **_retraction(),
    }
