"""The report of a delivery for machines and spreadsheets, with every rejected row, written as it is read."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse

from trial.access.spreadsheets import spreadsheet_lines
from trial.registers import snapshots
from trial.registers.checking import rejected_rows
from trial.registers.models import Delivery
from trial.registers.presentation import facts_of
from trial.registers.reasons import ROWS

ROWS_A_PIECE = 1000


def csv_response(delivery: Delivery) -> StreamingHttpResponse:
    """Line, column, class of value, code of the reason and the reason in words, one row each."""
    explained = {code: str(sentence) for code, sentence in ROWS.items()}
    header = ["line", "column", "value_class", "reason", "explanation"]
    rows = (
        [*("" if cell is None else str(cell) for cell in row.values()), explained.get(row["reason"], row["reason"])]
        for row in _rejected(delivery)
    )
    return StreamingHttpResponse(_pieces(spreadsheet_lines(header, rows)), content_type="text/csv; charset=utf-8",
                                 headers=_download(delivery, "csv"))  # fmt: skip


def json_response(delivery: Delivery) -> StreamingHttpResponse:
    """The report, and under `rejected` every rejected row."""
    report = json.dumps(
        facts_of(delivery) | {"report": delivery.report}, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1
    )
    return StreamingHttpResponse(_pieces(_json(report, delivery)), content_type="application/json",
                                 headers=_download(delivery, "json"))  # fmt: skip


def _json(report: str, delivery: Delivery) -> Iterator[str]:
    yield report.removesuffix("\n}") + ',\n "rejected": ['
    for place, row in enumerate(_rejected(delivery)):
        yield ("," if place else "") + "\n  " + json.dumps(row)
    yield "\n ]\n}\n"


def _rejected(delivery: Delivery) -> Iterator[dict[str, Any]]:
    if not delivery.rejected_file or delivery.destroyed_at:
        return
    name = snapshots.rejected(delivery.trial.code, delivery.rejected_file)
    with snapshots.opened(name, delivery.rejected_file) as path:
        yield from rejected_rows(path)


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines put together, so that a million rows are not a million pieces on the wire."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == ROWS_A_PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _download(delivery: Delivery, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{delivery.register}-{delivery.sha256[:12]}.{kind}"'}
