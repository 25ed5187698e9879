"""Results as files: every number for machines, tables and figures for people, and what they were made from.

The same results give the same bytes: no file holds the time at which it was written.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import vl_convert
import xlsxwriter

from evaluation.findings import Finding, Results
from evaluation.labels import label, localise
from evaluation.printing import figure_pdf, report_pdf
from evaluation.report import report_html
from evaluation.showing import head_of

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
# Two colours that people with any colour vision, and a grey print, tell apart; lines are dashed besides.
PRINT: Final = {
    "background": "white",
    "font": '"Source Sans 3", Arial, sans-serif',  # unquoted, a name with a digit loses every text in print
    "range": {"category": ["#0063c1", "#a13a28", "#06893a", "#634689"]},
    "axisX": {"grid": False},
    "line": {"strokeWidth": 2},
    "view": {"stroke": None},
}
# Bokmål writes 10,9 and mai 2014; Vega's own ways are English.
BOKMAAL: Final = {
    "number": {
        "decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", "\u00a0kr"], "percent": "\u00a0%",
    },
    "time": {
        "dateTime": "%e. %B %Y %H:%M",
        "date": "%d.%m.%Y",
        "time": "%H:%M",
        "periods": ["", ""],
        "days": ["søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"],
        "shortDays": ["søn", "man", "tir", "ons", "tor", "fre", "lør"],
        "months": [
            "januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
            "desember",
        ],
        "shortMonths": ["jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "des"],
    },
}  # fmt: skip
UNDATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - stands for no time at all
SHEET_NAME: Final = 31  # what a spreadsheet allows


def write_results(
    results: Results, folder: Path, *, language: str = "nb", images: Sequence[str] = ("svg", "png", "pdf")
) -> None:
    """Write results.json, manifest.json, tables/*.csv, tables.xlsx, figures/*.{json,csv} and images, report.html and
    report.pdf.

    Args:
        results: what `run` found.
        folder: is made where it is missing; files of the same names are replaced.
        language: nb or en, for the words in figures, spreadsheet and report.
        images: kinds of image beside each figure's specification: svg, png, pdf, or none.
    """
    tables, figures = (folder / "tables", folder / "figures")
    for place in (tables, figures):
        place.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "results.json", results.to_dict())
    _write_json(folder / "manifest.json", dict(results.manifest))
    for finding in results.findings:
        place = tables if finding.kind == "table" else figures
        (place / f"{finding.name}.csv").write_bytes(as_csv(finding))
    drawings = {finding.name: printable(finding, language) for finding in results.findings if finding.spec}
    pictures = {name: as_svg(specification) for name, specification in drawings.items()}
    for name, specification in drawings.items():
        _write_json(figures / f"{name}.json", specification)
        if "svg" in images:
            (figures / f"{name}.svg").write_text(pictures[name], encoding="utf-8")
        if "png" in images:
            (figures / f"{name}.png").write_bytes(as_png(specification))
        if "pdf" in images:
            (figures / f"{name}.pdf").write_bytes(figure_pdf(results[name].title[language], pictures[name], language))
    (folder / "tables.xlsx").write_bytes(as_spreadsheet(results.findings, language))
    (folder / "report.html").write_text(report_html(results, pictures, language), encoding="utf-8")
    (folder / "report.pdf").write_bytes(report_pdf(results, pictures, language))


def as_csv(finding: Finding) -> bytes:
    """The finding's rows with keys as heads and every digit, missing numbers empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(finding.columns)
    writer.writerows(["" if value is None else value for value in row] for row in finding.rows)
    return text.getvalue().encode()


def as_spreadsheet(findings: Sequence[Finding], language: str = "nb") -> bytes:
    """One sheet a table, with words as heads; texts are never read as formulas."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": UNDATED})
        bold = book.add_format({"bold": True})
        for finding in findings:
            if finding.kind == "table":
                sheet = book.add_worksheet(finding.name[:SHEET_NAME])
                sheet.write_row(0, 0, [head_of(finding, key, language) for key in finding.columns], bold)
                for place, row in enumerate(finding.rows, start=1):
                    sheet.write_row(place, 0, [_worded(value, language) for value in row])
                sheet.freeze_panes(1, 1)
                sheet.set_column(0, 0, 36)
    return content.getvalue()


def _worded(value: Any, language: str) -> Any:
    return label(value, language) if isinstance(value, str) else value


def printable(finding: Finding, language: str = "nb") -> dict[str, Any]:
    """A figure's specification that stands by itself: words and colours in it, its title as description.

    The title is not drawn, since page, report and publication print it as the caption.
    """
    return {"$schema": SCHEMA, "description": finding.title[language], "config": print_config(language)} | localise(
        finding.spec, language
    )


def print_config(language: str) -> dict[str, Any]:
    """Colours and sizes for paper, and in bokmål its way to write numbers and months."""
    return PRINT if language == "en" else PRINT | {"locale": BOKMAAL}


def as_svg(specification: dict[str, Any]) -> str:
    return str(vl_convert.vegalite_to_svg(json.dumps(specification)))


def as_png(specification: dict[str, Any]) -> bytes:
    return bytes(vl_convert.vegalite_to_png(json.dumps(specification), scale=2))


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
