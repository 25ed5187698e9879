"""What the pages and downloads say about a delivery, in the words of its reader."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from trial.registers.dropped import Dropped
from trial.registers.models import Delivery, Destruction, RejectedRow, Upload
from trial.registers.reasons import COLUMNS, DRIFTS, ROWS, SET_APART, STAGES, VALUE_CLASSES
from trial.registers.states import DeliveryState
from trial.studies.models import Trial

MOST_GROUPS = 12  # columns that a table has room for; the JSON report holds every office
COLOURS = {
    DeliveryState.RECEIVED: "info",
    DeliveryState.CHECKED: "warning",
    DeliveryState.ACCEPTED: "success",
    DeliveryState.REJECTED: "neutral",
}


def colour_of(delivery: Delivery) -> str:
    return COLOURS[DeliveryState(delivery.state)]


def status_rows(trial: Trial, registers: list[dict[str, Any]]) -> list[list[Any]]:
    """One row of cells per register: its name, the data in force, coverage, and the newest delivery with its state."""
    return [
        [
            register["label"],
            intcomma(register["in_force"].accepted_rows) if register["in_force"] else "–",
            _percent(register["in_force"]),
            _newest(trial, register["latest"]),
        ]
        for register in registers
    ]


def _newest(trial: Trial, delivery: Delivery | None) -> Any:
    if delivery is None:
        return {"text": _("Ikke levert"), "tag": "neutral"}
    return {
        "text": delivery.get_state_display(),
        "tag": colour_of(delivery),
        "url": reverse("registers:delivery", args=[trial.code, delivery.pk]),
    }


def delivery_rows(trial: Trial, deliveries: Any) -> list[list[Any]]:
    """One row of cells per delivery: register, source, when, rows, and its state."""
    return [
        [
            {
                "text": delivery.get_register_display(),
                "url": reverse("registers:delivery", args=[trial.code, delivery.pk]),
            },
            delivery.source,
            moment(delivery.received_at),
            "–" if delivery.rows is None else intcomma(delivery.rows),
            _state_cell(delivery),
        ]
        for delivery in deliveries
    ]


def _state_cell(delivery: Delivery) -> dict[str, Any]:
    if delivery.destroyed_at:
        return {"text": _("Slettet"), "tag": "neutral"}
    if delivery.superseded_by_id:
        return {"text": _("Erstattet"), "tag": "neutral"}
    if delivery.awaits_columns:
        return {"text": _("Kolonner må velges"), "tag": "warning"}
    return {"text": delivery.get_state_display(), "tag": colour_of(delivery)}


def moment(value: Any) -> str:
    return date_format(localtime(value), "SHORT_DATETIME_FORMAT") if value else "–"


def _percent(delivery: Delivery | None) -> str:
    coverage = delivery.report.get("coverage") if delivery else None
    return "–" if coverage is None else f"{100 * coverage:.0f} %"


def counts_of(delivery: Delivery) -> dict[str, str]:
    """What was read, accepted, rejected and set apart, as people read large numbers; empty before the check."""
    if delivery.rows is None:
        return {}
    apart = delivery.report.get("set_apart", 0)
    counts = {"rows": delivery.rows, "accepted": delivery.accepted_rows, "rejected": delivery.rejected_rows}
    return {name: intcomma(count) for name, count in {**counts, "set_apart": apart}.items()}


def reasons_of(delivery: Delivery) -> list[list[Any]]:
    """Reason and number of rows, the most frequent first."""
    counts = delivery.report.get("reasons", {})
    return [[ROWS.get(code, code), intcomma(n)] for code, n in sorted(counts.items(), key=lambda pair: -pair[1])]


def report_facts(delivery: Delivery) -> list[dict[str, Any]]:
    """Who sent what and who decided, as labels and values."""
    rows = [
        {"label": _("Kilde"), "value": delivery.source},
        {"label": _("Fil"), "value": f"{delivery.file_name} ({filesizeformat(delivery.size)})"},
        {"label": _("Mottatt"), "value": f"{moment(delivery.received_at)}, {delivery.received_by}"},
    ]
    if delivery.decided_at:
        who = delivery.decided_by or _("kontrollen")
        rows.append({"label": delivery.get_state_display(), "value": f"{moment(delivery.decided_at)}, {who}"})
    facts = delivery.report.get("facts", {})
    if facts:
        rows.append({"label": _("Lest som"), "value": ", ".join(_visible(*fact) for fact in facts.items())})
    if delivery.columns:
        named = [f"{name} → {COLUMNS.get(wanted, wanted)}" for name, wanted in delivery.columns.items()]
        rows.append({"label": _("Kolonner"), "value": ", ".join(named)})
    if delivery.report.get("blank_lines"):
        rows.append({"label": _("Tomme linjer"), "value": delivery.report["blank_lines"]})
    if delivery.report.get("overlaps"):
        rows.append({"label": _("Overlappende perioder"), "value": delivery.report["overlaps"]})
    if delivery.reason:
        rows.append({"label": _("Begrunnelse"), "value": delivery.reason})
    return rows


def _visible(name: str, fact: str) -> str:
    if name == "header_line":
        return _("kolonnenavn på linje %(line)s") % {"line": fact}
    return _("tabulator") if fact == "\t" else f"«{fact}»" if len(fact) == 1 else fact


def rejected_rows(rows: Iterable[RejectedRow]) -> list[list[Any]]:
    """One row of cells per rejected row: line, column, what kind of value stood there, why."""
    return [
        [
            row.line,
            row.column or "–",
            VALUE_CLASSES.get(row.value_class, row.value_class),
            ROWS.get(row.reason, row.reason),
        ]
        for row in rows
    ]


def facts_of(delivery: Delivery) -> dict[str, Any]:
    """A delivery as machines read it; the same in the download and in the API."""
    return {
        "id": str(delivery.pk),
        "register": delivery.register,
        "source": delivery.source,
        "file_name": delivery.file_name,
        "size": delivery.size,
        "sha256": delivery.sha256,
        "state": delivery.state,
        "received_at": delivery.received_at,
        "decided_at": delivery.decided_at,
        "rows": delivery.rows,
        "accepted_rows": delivery.accepted_rows,
        "rejected_rows": delivery.rejected_rows,
        "set_apart": sum(delivery.report.get("reasons", {}).get(code, 0) for code in SET_APART),
        "coverage": delivery.report.get("coverage"),
        "reasons": delivery.report.get("reasons", {}),
        "refusal": delivery.refusal,
        "snapshot": delivery.snapshot,
        "superseded_by": delivery.superseded_by_id and str(delivery.superseded_by_id),
    }


def progress_of(delivery: Delivery) -> str:
    """How far the check has come, in a sentence."""
    if delivery.stage not in STAGES:
        return _("Filen kontrolleres")
    return STAGES[delivery.stage] % {"rows": intcomma(delivery.rows_read)}


def coverage_table(delivery: Delivery) -> dict[str, Any] | None:
    """Found of those expected, by office."""
    groups = delivery.report.get("coverage_by_group")
    if not groups:
        return None
    rows = [[group["group"] or _("Ikke trukket"), group["expected"], group["found"], _share(group["share"])]
            for group in groups]  # fmt: skip
    return {"columns": _columns(_("Kontor"), _("Samtykket"), _("Finnes i filen"), _("Dekning")), "rows": rows}


def months_table(delivery: Delivery) -> dict[str, Any] | None:
    """Rows that begin in each month, in all and by office; months without rows between others stand as 0."""
    profile = delivery.report.get("profile", {})
    months = profile.get("months")
    if not months:
        return None
    by_group = dict(list(profile.get("months_by_group", {}).items())[:MOST_GROUPS])
    named = sorted({*months, *profile.get("gaps", [])})
    rows = [[month, months.get(month, 0), *(counts.get(month, 0) for counts in by_group.values())] for month in named]
    return {"columns": _columns(_("Måned"), _("Alle"), *by_group), "rows": rows, "gaps": profile.get("gaps", [])}


def drift_table(delivery: Delivery) -> dict[str, Any] | None:
    """What has changed since the last delivery of the register that was accepted."""
    found = delivery.report.get("drift")
    if not found:
        return None
    rows = [
        [DRIFTS.get(change["what"], change["what"]), change["where"] or "–", _amount(change, "before"),
         _amount(change, "after")]
        for change in found
    ]  # fmt: skip
    return {"columns": _columns(_("Endring"), _("Hvor"), _("Før"), _("Nå"), text=2), "rows": rows}


def preview_of(delivery: Delivery) -> dict[str, Any]:
    """The first rows of a file as a table, for whoever says what its columns are."""
    header = delivery.report.get("header", [])
    sample = [["–" if cell is None else cell for cell in row] for row in delivery.report.get("sample", [])]
    return {"columns": _columns(*header, text=len(header)), "sample": sample}


def dropped_rows(files: Iterable[Dropped]) -> list[list[Any]]:
    """One row of cells per file in the drop folder: name, size, when it was put there."""
    return [[file.name, filesizeformat(file.size), moment(file.changed_at)] for file in files]


def upload_rows(uploads: Iterable[Upload]) -> list[dict[str, Any]]:
    """One's own uploads that have stopped or are still going on: the file, how much has arrived, since when."""
    return [
        {
            "upload": upload,
            "key": str(upload.pk),
            "size": filesizeformat(upload.size),
            "percent": 100 * upload.arrived // upload.size,
            "moved": moment(upload.arrived_at or upload.begun_at),
        }
        for upload in uploads
    ]


def stopped_upload(upload: Upload) -> str:
    """What the file form says of the upload that is to go on."""
    return _("Velg «%(file)s» (%(size)s) igjen, så fortsetter sendingen der den stoppet, på %(percent)s %%.") % {
        "file": upload.file_name,
        "size": filesizeformat(upload.size),
        "percent": 100 * upload.arrived // upload.size,
    }


def destruction_rows(trial: Trial, destructions: Iterable[Destruction]) -> list[list[Any]]:
    """One row of cells per proof: when, how many files, whether all are gone, and the file to download."""
    return [
        [
            {
                "text": moment(found.destroyed_at),
                "url": reverse("registers:proof", args=[trial.code, found.pk]),
            },
            len(found.files),
            _("Ja") if all(entry["gone"] for entry in found.files) else _("Nei"),
            found.sha256[:12],
        ]
        for found in destructions
    ]


def _columns(*labels: Any, text: int = 1) -> list[dict[str, Any]]:
    """Columns of a table; the first `text` hold words, the others numbers."""
    return [{"label": label, "numeric": place >= text} for place, label in enumerate(labels)]


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _amount(change: dict[str, Any], when: str) -> Any:
    value = change[when]
    if value is None:
        return "–"
    if change["what"] == "last_day":
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    return _share(value) if change["what"].startswith("code") else value
