"""Everything that is held on one person, for that person: readable as PDF, and as JSON to take along.

Rooms above add what they hold (the draw, the follow-up, answers); each registers once, when its addresses are loaded.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from trial.access.models import User
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.displays import WHAT, show
from trial.enrolment.documents import Document, Section, pdf_of, sections_json
from trial.enrolment.models import Display, EligibilityCheck, Participant
from trial.enrolment.queries import consents_of
from trial.enrolment.summaries import coverage, eligibility_rows, given_how, person_rows
from trial.identity.queries import scans_of

Contributor = Callable[[Participant], Sequence[Section]]
_contributors: list[Contributor] = []


def register(contributor: Contributor) -> Contributor:
    """Let what `contributor(participant)` returns stand in every extract, in the order of registration."""
    if contributor not in _contributors:
        _contributors.append(contributor)
    return contributor


@action
def extract(*, by: User, participant: Participant) -> list[Section]:
    """The sections of everything held; logged as a display and as an extract handed out."""
    person = show(by=by, participant=participant, what="extract")
    record(by=by, verb="extract_made", trial=participant.trial.code, subject=participant.number)
    check = EligibilityCheck.objects.select_related("trial", "office__nav_office").get(pk=participant.key)
    return [
        Section(_("Person"), rows=_pairs(person_rows(person) if person else [])),
        Section(_("Deltakelse"), rows=_participation(participant)),
        Section(_("Krav for å delta"), rows=_pairs(eligibility_rows(check))),
        _consents(participant),
        *(section for contributor in _contributors for section in contributor(participant)),
        _registers(participant),
        _displays(participant),
    ]


def as_json(participant: Participant, sections: Sequence[Section]) -> dict[str, Any]:
    """The extract for machines."""
    return {
        "trial": participant.trial.code,
        "participant": participant.number,
        "made_at": clock.now().isoformat(timespec="seconds"),
        "sections": sections_json(sections),
    }


def as_pdf(participant: Participant, sections: Sequence[Section]) -> bytes:
    """The extract for the person."""
    return pdf_of(
        Document(
            title=_("Opplysninger om deg i forsøket %(trial)s") % {"trial": participant.trial.name},
            language=(get_language() or "nb")[:2],
            lead=_("Dette er alt forsøket har registrert om deg. Si fra til Nav-kontoret hvis noe er feil."),
            sections=sections,
            footer=f"{participant.number} · {moment(clock.now())}",
        )
    )


def moment(when: Any) -> str:
    """A time as people write it; a dash where there is none."""
    return date_format(localtime(when), "d.m.Y H.i") if when else "–"


def _pairs(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(str(row["label"]), str(row["value"])) for row in rows]


def _participation(participant: Participant) -> list[tuple[str, str]]:
    rows = [
        (_("Deltakernummer"), participant.number),
        (_("Nav-kontor"), str(participant.office)),
        (_("Status"), str(participant.get_state_display())),
        (_("Registrert"), moment(participant.registered_at)),
        (_("Meldt inn"), moment(participant.enrolled_at)),
    ]
    if participant.withdrawn_at:
        rows.append((_("Trukket seg"), f"{moment(participant.withdrawn_at)}. {participant.get_withdrawal_display()}"))
    return rows


def _consents(participant: Participant) -> Section:
    columns = (_("Versjon"), _("Gitt"), _("Hvordan"), _("Skannet skjema"), _("Dekker"), _("Trukket"))
    scans = scans_of(participant.key)
    table = [
        [
            str(consent.form.version),
            moment(consent.given_at),
            given_how(consent),
            moment(scans[consent.pk].kept_at) if consent.pk in scans else "–",
            ", ".join(coverage(consent.covers)),
            moment(consent.withdrawn_at),
        ]
        for consent in consents_of(participant)
    ]
    return Section(_("Samtykker"), columns=columns, table=table)


def _registers(participant: Participant) -> Section:
    """What is fetched about the person under the number alone is held by the analysts, who cannot see the name."""
    text = _(
        "Opplysninger fra registrene du har samtykket til, lagres under deltakernummeret ditt hos dem som analyserer. "
        "De har ikke navnet ditt. Be dataforvalteren i forsøket om en kopi, og oppgi deltakernummeret."
    )
    return Section(_("Opplysninger fra registre"), paragraphs=[text])


def _displays(participant: Participant) -> Section:
    columns = (_("Når"), _("Hvem"), _("Hva"))
    rows = Display.objects.filter(subject=participant.key).select_related("user")
    table = [[moment(row.time), str(row.user), str(WHAT[row.what])] for row in rows]
    return Section(_("Hvem som har sett hvem du er"), columns=columns, table=table)
