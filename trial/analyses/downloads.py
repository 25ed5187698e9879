"""Findings as files; of a run and of a release alike."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _

from evaluation import findings as plain
from evaluation.writing import as_png, as_spreadsheet, as_svg, printable
from trial.access.refusals import not_found
from trial.analyses.models import Finding, ResultKind
from trial.analyses.presentation import drawable, language

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Picture = Literal["svg", "png"]
PICTURES: dict[Picture, tuple[str, Callable[[dict[str, Any]], str | bytes]]] = {
    "svg": ("image/svg+xml", as_svg),
    "png": ("image/png", as_png),
}


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as machines read it; the same in the download and in the API."""
    fields = ("name", "kind", "title", "columns", "rows", "spec", "notes")
    return {field: getattr(finding, field) for field in fields}


def json_response(findings: Iterable[Finding], manifest: Mapping[str, Any]) -> HttpResponse:
    """Every number, with the manifest that says from what it was made."""
    body = {"manifest": manifest, "findings": [finding_json(finding) for finding in findings]}
    return _named(JsonResponse(body, json_dumps_params={"ensure_ascii": False, "indent": 1}), "results.json")


def csv_response(finding: Finding) -> HttpResponse:
    """A finding with its keys as header: for programs, so neither words nor rounding."""
    file = io.StringIO()
    csv.writer(file).writerows([finding.columns, *finding.rows])
    return _named(HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8"), f"{finding.name}.csv")


def workbook_response(findings: Iterable[Finding]) -> HttpResponse:
    """The tables as one Excel file, a sheet each, in the reader's language."""
    tables = [_plain(finding) for finding in findings if finding.kind == ResultKind.TABLE]
    return _named(HttpResponse(as_spreadsheet(tables, language()), content_type=XLSX), "tables.xlsx")


def picture_response(finding: Finding, picture: Picture) -> HttpResponse:
    """A figure as it is printed: with its words and colours in it.

    Raises:
        Refusal: `not_found` for a table, and for a figure of which nothing may be shown.
    """
    spec = drawable(finding) if finding.kind == ResultKind.FIGURE else None
    if spec is None:
        raise not_found(_("Fant ikke figuren."))
    media_type, drawn = PICTURES[picture]
    content = drawn(printable(_plain(finding, spec), language()))
    return _named(HttpResponse(content, content_type=media_type), f"{finding.name}.{picture}")


def _plain(finding: Finding, spec: Mapping[str, Any] | None = None) -> plain.Finding:
    rows = tuple(map(tuple, finding.rows))
    return plain.Finding(
        name=finding.name,
        kind="figure" if finding.kind == ResultKind.FIGURE else "table",
        title=finding.title,
        columns=tuple(finding.columns),
        rows=rows,
        spec=spec,
        notes=finding.notes,
    )


def _named(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
