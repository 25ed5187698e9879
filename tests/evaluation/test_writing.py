"""Results as files: all there, the same bytes again, no formula in a spreadsheet, no request from a report."""

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from evaluation import run, write_results
from evaluation.findings import Finding
from evaluation.writing import SCHEMA, as_csv, as_png, as_spreadsheet, as_svg, print_config
from tests.evaluation.trials import SHORT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(deliveries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    run(SHORT, deliveries, out=folder)
    return folder


def test_every_finding_has_its_files(written: Path) -> None:
    findings = json.loads((written / "results.json").read_text())["findings"]
    for finding in findings:
        if finding["kind"] == "table":
            assert (written / "tables" / f"{finding['name']}.csv").exists()
        else:
            for kind in ("json", "csv", "svg", "png", "pdf"):
                assert (written / "figures" / f"{finding['name']}.{kind}").stat().st_size > 0
    assert json.loads((written / "manifest.json").read_text())["plan"] == SHORT.sha256


def test_two_runs_write_the_same_bytes(written: Path, deliveries, tmp_path: Path) -> None:
    run(SHORT, deliveries, out=tmp_path)
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in files if (written / name).read_bytes() != (tmp_path / name).read_bytes()] == []


def test_the_files_hold_the_numbers_of_the_result(written: Path) -> None:
    content = json.loads((written / "results.json").read_text())
    table = next(finding for finding in content["findings"] if finding["name"] == "table-2")
    read = list(csv.reader(io.StringIO((written / "tables" / "table-2.csv").read_text())))
    assert read[0] == table["columns"]
    place = table["columns"].index("effect")
    assert [float(row[place]) for row in read[1:]] == [row[place] for row in table["rows"]]
    sheet = openpyxl.load_workbook(written / "tables.xlsx")["table-2"]
    assert [cell.value for cell in sheet["D"]][1:] == pytest.approx([row[place] for row in table["rows"]])


def test_a_report_needs_nothing_from_elsewhere(written: Path) -> None:
    page = (written / "report.html").read_text()
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="([^"#]+)"', page)) == set()
    assert "url(http" not in page
    assert "Tabell 2" in page


def test_the_printed_report_says_what_the_page_says(written: Path) -> None:
    with pypdfium2.PdfDocument(written / "report.pdf") as document:
        text = " ".join(document[place].get_textpage().get_text_range() for place in range(len(document)))
    words = set(re.sub("\\s+", " ", text.replace("\ufffe", "").replace("-\r\n", "")).split())
    page = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", (written / "report.html").read_text(), flags=re.DOTALL)
    said = {word for word in unescape(re.sub("<[^>]+>", " ", page)).split() if len(word) < 9}
    assert len(said) > 100
    assert len(said - words) < 0.02 * len(said), said - words


def test_what_people_have_written_is_not_taken_for_markup(deliveries, tmp_path: Path) -> None:
    written = '#read("/etc/passwd") <b>$x$ *fet*'
    write_results(run(replace(SHORT, trial=written), deliveries), tmp_path, images=())
    with pypdfium2.PdfDocument(tmp_path / "report.pdf") as document:
        assert written in document[0].get_textpage().get_text_range()
    assert "<b>" not in (tmp_path / "report.html").read_text()


def test_words_follow_the_language(written: Path, deliveries, tmp_path: Path) -> None:
    write_results(run(SHORT, deliveries), tmp_path, language="en", images=("svg",))
    assert "Employed or in higher education" in (tmp_path / "report.html").read_text()
    assert "@" not in (tmp_path / "figures" / "figure-6.svg").read_text()
    assert not list(tmp_path.rglob("*.png"))


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    finding = Finding("table-9", "table", {"nb": "T", "en": "T"}, ("variable", "n"), (("=1+1", None),))
    sheet = openpyxl.load_workbook(io.BytesIO(as_spreadsheet([finding])))["table-9"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    assert as_csv(finding) == b"variable,n\n=1+1,\n"


def test_a_picture_shows_its_words(written: Path) -> None:
    """A font that the renderer cannot name leaves a picture without a single text, and says nothing."""
    figure = json.loads((written / "figures" / "figure-6.json").read_text())
    wordless = figure | {"config": figure["config"] | {"font": "no such font"}}
    assert len(as_png(figure)) > 1.05 * len(as_png(wordless))


@pytest.mark.parametrize(("language", "month", "number"), [("nb", "okt 2026", "0,4"), ("en", "Oct 2026", "0.4")])
def test_a_picture_writes_months_and_numbers_as_its_readers_do(language: str, month: str, number: str) -> None:
    drawing = {
        "$schema": SCHEMA,
        "config": print_config(language),
        "data": {"values": [{"month": "2026-05-01", "share": 0.5}, {"month": "2026-10-01", "share": 1}]},
        "mark": "line",
        "encoding": {
            "x": {"field": "month", "type": "temporal", "axis": {"format": "%b %Y"}},
            "y": {"field": "share", "type": "quantitative"},
        },
    }
    words = re.findall(r"<text[^>]*>([^<]+)", as_svg(drawing))
    assert month in words
    assert number in words
