"""Findings as files; of a run and of a release alike."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import xlsxwriter
from django.http import HttpResponse, JsonResponse

from trial.analyses.models import Finding, ResultKind
from trial.analyses.presentation import word

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_NAME = 31  # as many characters as Excel allows


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
    """The tables as one Excel file, a sheet each. Texts stay texts: no cell becomes a formula or a link."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        for finding in findings:
            if finding.kind == ResultKind.TABLE:
                _fill(book.add_worksheet(finding.name[:SHEET_NAME]), finding, bold)
    return _named(HttpResponse(file.getvalue(), content_type=XLSX), "tables.xlsx")


def _fill(sheet: Any, finding: Finding, bold: Any) -> None:
    sheet.write_row(0, 0, [word(key) for key in finding.columns], bold)
    for place, row in enumerate(finding.rows, start=1):
        sheet.write_row(place, 0, [word(value) if isinstance(value, str) else value for value in row])


def _named(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
