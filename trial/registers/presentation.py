"""What the pages and downloads say about a delivery, in the words of its reader."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from trial.registers.models import Delivery, RejectedRow
from trial.registers.reasons import ROWS, SET_APART, VALUE_CLASSES
from trial.registers.states import DeliveryState
from trial.studies.models import Trial

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
            register["in_force"].accepted_rows if register["in_force"] else "–",
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
            "–" if delivery.rows is None else delivery.rows,
            {"text": _("Erstattet"), "tag": "neutral"}
            if delivery.superseded_by_id
            else {"text": delivery.get_state_display(), "tag": colour_of(delivery)},
        ]
        for delivery in deliveries
    ]


def moment(value: Any) -> str:
    return date_format(localtime(value), "SHORT_DATETIME_FORMAT") if value else "–"


def _percent(delivery: Delivery | None) -> str:
    coverage = delivery.report.get("coverage") if delivery else None
    return "–" if coverage is None else f"{100 * coverage:.0f} %"


def reasons_of(delivery: Delivery) -> list[list[Any]]:
    """Reason and number of rows, the most frequent first."""
    counts = delivery.report.get("reasons", {})
    return [[ROWS.get(code, code), n] for code, n in sorted(counts.items(), key=lambda pair: -pair[1])]


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
    if delivery.reason:
        rows.append({"label": _("Begrunnelse"), "value": delivery.reason})
    return rows


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


def rejected_lines(delivery: Delivery) -> Iterator[list[Any]]:
    """A header, then one row per rejected row of the file."""
    yield ["line", "column", "value_class", "reason", "explanation"]
    for row in delivery.rejected.all():
        yield [row.line, row.column, row.value_class, row.reason, ROWS.get(row.reason, row.reason)]
