"""Reports to print: the monthly status, and the report to the data-monitoring board in its two forms.

The blinded form has every number for both arms together; the unblinded one shows them by arm and is only for those who
may see arms. Neither has an outcome.
"""

from dataclasses import replace
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from evaluation.writing import SCHEMA, as_svg, print_config
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.enrolment import documents
from trial.enrolment.documents import Document, Section
from trial.monitoring import presentation
from trial.monitoring.presentation import TABLES
from trial.monitoring.queries import Dashboard

STATUS, BLINDED, UNBLINDED = "status", "board-blinded", "board-unblinded"
TITLES: dict[str, str | Promise] = {
    STATUS: gettext_lazy("Status for forsøket"),
    BLINDED: gettext_lazy("Rapport til overvåkingskomiteen, blindet"),
    UNBLINDED: gettext_lazy("Rapport til overvåkingskomiteen, åpen for grupper"),
}
HEADINGS: dict[str, str | Promise] = {
    "recruitment": gettext_lazy("Rekruttering mot plan"),
    "offices": gettext_lazy("Kontorene"),
    "flow": gettext_lazy("Deltakernes vei gjennom forsøket (CONSORT)"),
    "caseloads": gettext_lazy("Porteføljer"),
    "measures": gettext_lazy("Deltakere i tiltak"),
    "deviations": gettext_lazy("Avvik fra protokollen"),
    "balance": gettext_lazy("Gruppene ved start"),
    "responses": gettext_lazy("Svar på spørreskjemaer"),
    "registers": gettext_lazy("Registre"),
    "data-quality": gettext_lazy("Det som henger etter"),
}
PARTS = {
    STATUS: ("recruitment", "offices", "flow", "deviations", "responses", "registers", "data-quality"),
    BLINDED: ("recruitment", "flow", "deviations", "responses", "registers", "data-quality"),
    UNBLINDED: ("recruitment", "flow", "balance", "measures", "deviations", "responses", "registers", "data-quality"),
}
SENTENCES = {"recruitment": presentation.forecast_sentence, "offices": presentation.office_sentence}
PICTURE = {"width": 480, "height": 220}
LAST_MONTHS = 12  # of tables by month; the figure shows them all


def pdf_of(board: Dashboard, kind: str, language: str) -> bytes:
    """A report as PDF.

    Raises:
        Refusal: `not_allowed` for the unblinded report without the right to see numbers by arm.
    """
    if kind == UNBLINDED and not board.arms_seen:
        raise Refusal("not_allowed", _("Tallene for gruppene vises når forsøket er åpnet."), status=403)
    seen = board if kind == UNBLINDED else _together(board)
    protected = (
        "" if board.exact else " " + _("Tall fra 1 til 4 vises som <5, og alle andre tall er avrundet til nærmeste 5.")
    )
    return documents.pdf_of(
        Document(
            title=str(TITLES[kind]),
            language=language,
            lead=f"{board.trial.name}, {date_format(clock.today(), 'SHORT_DATE_FORMAT')}.{protected}",
            sections=[section for part in PARTS[kind] if (section := _section(seen, part))],
            footer=f"{board.trial.code} · {clock.today():%Y-%m-%d}",
        )
    )


def _together(board: Dashboard) -> Dashboard:
    """The same numbers without the arms, whoever reads."""
    return replace(board, arms_seen=False)


def _section(board: Dashboard, part: str) -> Section | None:
    table = TABLES[part](board)
    if table is None or not table["rows"]:
        return None
    heads, rows = presentation.plain(table)
    spec = table.get("spec")
    said = SENTENCES.get(part)
    sentence = said(board) if said else ""
    return Section(
        heading=str(HEADINGS[part]),
        paragraphs=[sentence] if sentence else [],
        columns=heads,
        table=_latest(part, rows, board),
        figure=as_svg(_printable(spec)) if spec else "",
    )


def _latest(part: str, rows: list[list[str]], board: Dashboard) -> list[list[str]]:
    """The last year of a table by month, of recruitment with the forecast's next months; other tables whole."""
    if part == "measures":  # a row an arm and month
        return rows[-LAST_MONTHS * len(board.arms) :]
    if part == "recruitment":
        now = len(board.recruitment.months)
        return rows[max(0, now - LAST_MONTHS) : now + LAST_MONTHS]
    return rows


def _printable(spec: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "config": print_config(get_language() or ""), **PICTURE, **spec}
