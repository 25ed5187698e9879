"""The same delivery in every format that people send becomes the same rows, and nothing else becomes rows."""

import codecs
import errno
import gzip
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from openpyxl.comments import Comment

from evaluation import validate
from evaluation.deliveries import validate_file
from evaluation.formats import Limits, read
from evaluation.judging import ACCEPTED
from evaluation.national_id import synthetic_national_id
from tests.evaluation.sas import write_sas7bdat

pytestmark = pytest.mark.slow

TODAY = date(2020, 1, 1)
JOBS = pd.DataFrame(
    {
        "participant_number": ["MOS-7K4Q-3", "HUR-2B9X-1", "MOS-7K4Q-3"],
        "start": pd.to_datetime(["2015-02-01", "2016-02-29", "2014-12-31"]),
        "end": pd.to_datetime(["2015-03-31", None, "2014-12-31"]),
        "full_time_hours": [37.5, 35.5, 40.0],
        "position_percent": [50.0, 100.0, np.nan],
        "employer": ["912345678", None, "Ødegård & sønn"],
    }
)
JOBS.loc[2, "position_percent"] = 7.25
AS_DATES = JOBS.assign(
    start=JOBS["start"].dt.date, end=[day.date() if day is not pd.NaT else None for day in JOBS["end"]]
)
AS_TEXT = JOBS.assign(
    start=JOBS["start"].dt.strftime("%d.%m.%Y"), end=JOBS["end"].dt.strftime("%d.%m.%Y").where(JOBS["end"].notna())
)


def _zipped(path: Path, name: str = "uttrekk/jobb.csv") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._jobb.csv", b"\0")
        archive.writestr(name, JOBS.to_csv(index=False))


def _excel(path: Path) -> None:
    AS_DATES.to_excel(path, index=False, engine="openpyxl")


WRITERS = {
    "comma.csv": lambda path: JOBS.to_csv(path, index=False),
    "semicolon.csv": lambda path: AS_TEXT.to_csv(path, index=False, sep=";", decimal=",", encoding="latin-1"),
    "marked.csv": lambda path: AS_TEXT.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig"),
    "windows.csv": lambda path: path.write_bytes(JOBS.to_csv(index=False).replace("\n", "\r\n").encode("cp1252")),
    "unicode.txt": lambda path: AS_TEXT.to_csv(path, index=False, sep="\t", decimal=",", encoding="utf-16"),
    "unicode.csv": lambda path: path.write_bytes(
        codecs.BOM_UTF16_BE + AS_TEXT.to_csv(index=False, sep=";", decimal=",").encode("utf-16-be")
    ),
    "quoted.csv": lambda path: JOBS.to_csv(path, index=False, sep=";", quoting=1),
    "tabs.tsv": lambda path: JOBS.to_csv(path, index=False, sep="\t"),
    "file.parquet": lambda path: JOBS.to_parquet(path),
    "dates.parquet": lambda path: AS_DATES.to_parquet(path),
    "book.xlsx": _excel,
    "stata.dta": lambda path: pyreadstat.write_dta(AS_DATES, path),
    "spss.sav": lambda path: pyreadstat.write_sav(AS_DATES, path),
    "spss.zsav": lambda path: pyreadstat.write_sav(AS_DATES, path, compress=True),
    "sas.xpt": lambda path: pyreadstat.write_xport(
        AS_DATES.rename(columns={"participant_number": "number", "full_time_hours": "hours"}),
        path,
        file_format_version=8,
    ),
    "sas.sas7bdat": lambda path: write_sas7bdat(AS_TEXT, path),
    "packed.zip": _zipped,
    "packed.csv.gz": lambda path: path.write_bytes(gzip.compress(JOBS.to_csv(index=False).encode())),
}
NAMES = {"number": "participant_number", "hours": "full_time_hours"}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_same_rows_come_out_of_every_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    report = validate("employment", tmp_path / name, columns=NAMES, today=TODAY)
    assert (report.refused, report.rows, report.rejected) == (None, 3, ())
    pd.testing.assert_frame_equal(report.accepted[list(JOBS)], JOBS, check_dtype=False)


def test_a_file_is_read_by_the_name_that_it_was_sent_under(tmp_path: Path) -> None:
    WRITERS["spss.sav"](tmp_path / "x.sav")
    (tmp_path / "x.sav").rename(tmp_path / "0f3a")
    assert validate("employment", tmp_path / "0f3a", name="Uttrekk 2019.SAV", today=TODAY).rows == 3


def test_lines_are_those_of_the_file_also_after_blank_lines_and_line_ends_in_quotes(tmp_path: Path) -> None:
    text = (
        "participant_number;start;end;full_time_hours;position_percent;employer\n"
        'P1;2015-01-01;;37,5;50;"Bakeri\nog\nkafé"\n'  # lines 2-4
        "\n"
        "P1;soon;;37,5;50;A\n"  # line 6
        "P1;2015\n"  # line 7
        ";;;;;\n"
        'P1;never;;37,5;50;"B\nC"\n'  # line 9-10
        "P1;2016-01-01;;37,5;50;D;E;F\n"  # line 11
    )
    (tmp_path / "jobb.csv").write_text(text)
    report = validate("employment", tmp_path / "jobb.csv", today=TODAY)
    assert [(row.line, row.code) for row in report.rejected] == [
        (6, "not_a_date"),
        (7, "field_count"),
        (9, "not_a_date"),
        (11, "field_count"),
    ]
    assert (report.rows, len(report.accepted), report.blank_lines) == (5, 1, 2)


def test_misfits_at_the_edges_of_blocks_keep_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.formats.delimited.BLOCK_BYTES", 4096)
    rng = np.random.default_rng(5)
    good, short = "P1;2015-01-01;;37,5;50", "P1;2015-01-01"
    wrong = rng.random(3000) < 0.2
    wrong[-1] = True
    rows = [short if bad else good.replace("P1", f"P{place}") for place, bad in enumerate(wrong)]
    (tmp_path / "jobb.csv").write_text(
        "participant_number;start;end;full_time_hours;position_percent\n" + "\n".join(rows)
    )
    report = validate("employment", tmp_path / "jobb.csv", today=TODAY)
    assert [row.line for row in report.rejected] == (np.flatnonzero(wrong) + 2).tolist()


def test_a_formula_in_a_workbook_is_turned_down_and_a_workbook_with_macros_altogether(tmp_path: Path) -> None:
    _excel(tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    book.active["A2"] = '=HYPERLINK("http://x")'
    book.save(tmp_path / "formula.xlsx")
    report = validate("employment", tmp_path / "formula.xlsx", today=TODAY)
    assert [(row.line, row.code) for row in report.rejected] == [(2, "formula")]
    with zipfile.ZipFile(tmp_path / "book.xlsx", "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert validate("employment", tmp_path / "book.xlsx", today=TODAY).refused == "unreadable"


def book_of(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


TITLE = [["Uttrekk fra Aa-registeret", "2020"], [], ["Bestilt av Nav"]]
ROWS = [["LOPENR", "FRA", "TIL", "ANTALLTIMERPRUKE", "STILLINGSPROSENT"], ["P1", "01.02.2015", None, 37.5, 50],
        ["P2", "soon", None, 37.5, 50]]  # fmt: skip
RENAMED = {"lopenr": "participant_number", "fra": "start", "til": "end", "antalltimerpruke": "full_time_hours",
           "stillingsprosent": "position_percent"}  # fmt: skip


@pytest.mark.parametrize(
    ("sheets", "line", "facts"),
    [
        ({"jobb": ROWS}, 3, {"sheet": "jobb"}),
        ({"jobb": TITLE + ROWS}, 6, {"sheet": "jobb", "header_line": "4"}),
        ({"om": [["Om uttrekket", "Kontakt"], ["x", "y"]], "jobb": TITLE + ROWS}, 6,
         {"sheet": "jobb", "header_line": "4"}),
        ({"jobb": ROWS, "koder": [["Type", "Verdi"], ["ordinaert", "1"]]}, 3, {"sheet": "jobb"}),
        ({"jobb": ROWS, "tomt": ROWS[:1]}, 3, {"sheet": "jobb"}),
    ],
)  # fmt: skip
def test_rows_of_a_workbook_are_found_under_titles_and_on_later_sheets(tmp_path: Path, sheets, line, facts) -> None:
    path = book_of(tmp_path / "book.xlsx", **sheets)
    report = validate("employment", path, columns=RENAMED, today=TODAY)
    assert (report.refused, report.rows, len(report.accepted)) == (None, 2, 1)
    assert [(row.line, row.code) for row in report.rejected] == [(line, "not_a_date")]
    assert read(path, scratch=tmp_path).facts == {"format": "Excel"} | facts


def test_rows_in_two_sheets_are_refused_rather_than_half_read(tmp_path: Path) -> None:
    path = book_of(tmp_path / "book.xlsx", **{"2014": ROWS, "2015": [["Nytt år"], *ROWS]})
    assert validate("employment", path, columns=RENAMED, today=TODAY).refused == "several_sheets"


def test_a_national_id_above_the_rows_refuses_the_workbook(tmp_path: Path) -> None:
    number = synthetic_national_id(date(1980, 5, 17), 3)
    path = book_of(tmp_path / "book.xlsx", jobb=[["Bestilt av", number], *ROWS])
    assert validate("employment", path, columns=RENAMED, today=TODAY).refused == "national_id"


def test_names_that_nobody_knows_are_taken_from_the_first_line_that_is_no_title(tmp_path: Path) -> None:
    strange = [["A1", "B2", "C3", "D4", "E5"], *ROWS[1:]]
    path = book_of(tmp_path / "book.xlsx", jobb=[["Uttrekk"], [], *strange])
    renamed = dict(zip(("a1", "b2", "c3", "d4", "e5"), RENAMED.values(), strict=True))
    assert len(validate("employment", path, columns=renamed, today=TODAY).accepted) == 1


def test_two_bytes_a_sign_without_a_mark_and_wide_json_are_refused_with_their_own_reason(tmp_path: Path) -> None:
    (tmp_path / "jobb.csv").write_bytes(JOBS.to_csv(index=False).encode("utf-16-le"))
    (tmp_path / "aareg.json").write_text(json.dumps(AAREG), encoding="utf-16")
    (tmp_path / "other.csv").write_bytes(b"participant_number;start\n\0\0\0\n")
    found = [validate("employment", path, today=TODAY).refused for path in sorted(tmp_path.iterdir())]
    assert found == ["unknown_encoding", "unknown_encoding", "unreadable"]


def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _zipped(tmp_path / "packed.zip")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("evaluation.formats.archives._copied", full)
    with pytest.raises(OSError, match="No space"):
        validate("employment", tmp_path / "packed.zip", today=TODAY)


def job(number: str, *details: dict[str, object], end: str | None = None) -> dict[str, object]:
    period = {"startdato": "2016-04-11"} | ({"sluttdato": end} if end else {})
    return {
        "id": "1", "navArbeidsforholdId": 12, "type": {"kode": "ordinaertArbeidsforhold", "beskrivelse": "x"},
        "arbeidstaker": {"identer": [{"type": "AKTORID", "ident": "x", "gjeldende": False},
                                     {"type": "DELTAKERNUMMER", "ident": number, "gjeldende": True}]},
        "arbeidssted": {"type": "Underenhet", "identer": [{"type": "ORGANISASJONSNUMMER", "ident": "912345678"}]},
        "ansettelsesperiode": period, "ansettelsesdetaljer": list(details), "permisjoner": [],
    }  # fmt: skip


def detail(fra: str, til: str | None, hours: float | None, percent: float) -> dict[str, object]:
    hours_part = {} if hours is None else {"antallTimerPrUke": hours}
    return {"type": "Ordinaer", "avtaltStillingsprosent": percent, "rapporteringsmaaneder": {"fra": fra, "til": til},
            "arbeidstidsordning": {"kode": "ikkeSkift"}} | hours_part  # fmt: skip


AAREG = [
    job("P1", detail("2016-04", "2017-01", 37.5, 50.0), detail("2017-02", None, 35.5, 100)),
    job("P2", detail("2016-04", "2016-12", 40, 20), end="2016-11-15"),
    job("P3", detail("2016-04", None, None, 0)),
    job("P4"),
]


@pytest.mark.parametrize(("form", "encoding"), [("array", "utf-8"), ("lines", "utf-8"), ("lines", "utf-8-sig")])
def test_aareg_json_becomes_a_row_for_each_period_of_details(tmp_path: Path, form: str, encoding: str) -> None:
    text = json.dumps(AAREG) if form == "array" else "\n".join(map(json.dumps, AAREG))
    (tmp_path / "aareg.json").write_text(text, encoding=encoding)
    report = validate("employment", tmp_path / "aareg.json", today=TODAY)
    found = report.accepted.set_index("participant_number")
    days = found[["start", "end"]].apply(lambda column: column.dt.strftime("%Y-%m-%d"))
    assert days.loc["P1"].to_numpy().tolist() == [["2016-04-11", "2017-01-31"], ["2017-02-01", np.nan]]
    assert days.loc["P2"].tolist() == ["2016-04-11", "2016-11-15"]
    assert (found.loc["P1", "full_time_hours"] * found.loc["P1", "position_percent"] / 100).tolist() == [18.75, 35.5]
    assert [(row.line, row.column, row.code) for row in report.rejected] == [
        (3, "full_time_hours", "empty"),
        (4, "full_time_hours", "empty"),
    ]


def test_a_national_id_in_a_field_of_aareg_that_is_not_read_refuses_the_file(tmp_path: Path) -> None:
    known = job("P1", detail("2016-04", None, 37.5, 50.0)) | {"merknad": synthetic_national_id(date(1980, 5, 17), 3)}
    (tmp_path / "aareg.json").write_text(json.dumps([known]))
    assert validate("employment", tmp_path / "aareg.json", today=TODAY).refused == "national_id"


def test_what_grows_beyond_its_limits_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    limits = Limits(times=3, floor=1 << 20)
    many = pa.table(
        {"participant_number": pa.array(["P1"] * 2_000_000).dictionary_encode(), "benefit": ["AAP"] * 2_000_000}
    )
    pq.write_table(many, tmp_path / "little.parquet")
    (tmp_path / "zeros.csv.gz").write_bytes(gzip.compress(b"participant_number\n" + b"P1\n" * 1_000_000))
    assert (tmp_path / "little.parquet").stat().st_size < 20_000
    for name in ("little.parquet", "zeros.csv.gz"):
        found = validate_file("benefits", tmp_path / name, folder=tmp_path, today=TODAY, limits=limits)
        assert found.refused == "unpacks_too_far"


def test_an_archive_holds_one_file_that_is_no_archive(tmp_path: Path) -> None:
    for name, members in (
        ("two.zip", ["a.csv", "b.csv"]),
        ("none.zip", []),
        ("nested.zip", ["a.zip"]),
        ("program.zip", ["a.exe"]),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(member, "participant_number\nP1\n")
        assert validate("survey", tmp_path / name, today=TODAY).refused == "unreadable", name
    with zipfile.ZipFile(tmp_path / "up.zip", "w") as archive:
        archive.writestr("../../evil.csv", "participant_number;wave;instrument;item;value\nP1;T1;a;b;1\n")
    assert validate("survey", tmp_path / "up.zip", today=TODAY).rows == 1
    assert not (tmp_path.parent.parent / "evil.csv").exists()


def test_a_file_is_streamed_and_its_rows_never_all_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "many.csv").open("w") as file:
        file.write("participant_number;benefit;start;end\n")
        for place in range(200_000):
            file.write(f"P{place};AAP;2015-01-01;\n")
    batches = read(tmp_path / "many.csv", scratch=tmp_path).batches
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 200_000
    assert max(sizes) < 200_000
    found = validate_file("benefits", tmp_path / "many.csv", folder=tmp_path, today=TODAY)
    assert (found.rows, found.accepted) == (200_000, 200_000)
    assert pq.read_metadata(tmp_path / ACCEPTED).num_rows == 200_000


def test_xml_that_multiplies_itself_is_refused(tmp_path: Path) -> None:
    _excel(tmp_path / "book.xlsx")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{laughs}]><worksheet>&l9;</worksheet>'
    kept = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "book.xlsx") as old, zipfile.ZipFile(kept, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, sheet if member.filename.endswith("sheet1.xml") else content)
    (tmp_path / "laughs.xlsx").write_bytes(kept.getvalue())
    assert validate("employment", tmp_path / "laughs.xlsx", today=TODAY).refused == "unreadable"


def test_what_stands_above_a_header_and_beside_its_columns_is_read_as_excel_means_it(tmp_path: Path) -> None:
    head = "participant_number;start;end;full_time_hours;position_percent;employer"
    row = "P1;2015-01-01;;37,5;50;A"
    for text, wrong in (
        (f"sep=;\n{head}\n{row}\nP1;soon;;1;1;A\nP1\n", [(4, "not_a_date"), (5, "field_count")]),
        (f"\n\n{head}\n{row}\nP1;soon;;1;1;A\nP1\n", [(5, "not_a_date"), (6, "field_count")]),
        (f"{head};;\n{row};;\nP1;soon;;1;1;A;;\n{row};;x\n", [(3, "not_a_date"), (4, "field_count")]),
        (
            f"{head}\n{row}\nP1;soon;;1;1;A\nP1\n".replace("employer", '"employer\nwith name"'),
            [(4, "not_a_date"), (5, "field_count")],
        ),
    ):
        (tmp_path / "jobb.csv").write_text(text)
        report = validate("employment", tmp_path / "jobb.csv", today=TODAY)
        assert [(row.line, row.code) for row in report.rejected] == wrong, text
        assert (report.rows, len(report.accepted)) == (3, 1)


def test_periods_of_one_job_are_judged_one_by_one_though_they_share_its_line(tmp_path: Path) -> None:
    twice = detail("2016-04", "2016-06", 37.5, 50.0)
    jobs = [job("P1", twice, twice, detail("2016-07", None, 37.5, 900)), job("P2", twice)]
    (tmp_path / "aareg.json").write_text(json.dumps(jobs))
    report = validate("employment", tmp_path / "aareg.json", today=TODAY)
    assert [(row.line, row.code) for row in report.rejected] == [(1, "duplicate"), (1, "out_of_range")]
    assert report.rows == 4 == len(report.accepted) + len(report.rejected)


def test_a_national_id_beside_the_cells_refuses_the_file(tmp_path: Path) -> None:
    number = synthetic_national_id(date(1980, 5, 17), 3)
    for name, write in _beside(number).items():
        write(tmp_path / name)
        assert validate("employment", tmp_path / name, today=TODAY).refused == "national_id", name


def test_the_same_files_without_a_national_id_are_read(tmp_path: Path) -> None:
    """The control: it is the number that is refused, not the label or the second sheet."""
    for name, write in _beside("a note").items():
        write(tmp_path / name)
        assert validate("employment", tmp_path / name, today=TODAY).refused is None, name


def _beside(note: str) -> dict[str, object]:
    """Files that say something in a place that is no cell of the table."""

    def book(change: object) -> object:
        def write(path: Path) -> None:
            _excel(path)
            opened = openpyxl.load_workbook(path)
            change(opened)
            opened.save(path)

        return write

    def archive(path: Path) -> None:
        _zipped(path)
        with zipfile.ZipFile(path, "a") as opened:
            opened.comment = note.encode()

    def parquet(path: Path) -> None:
        pq.write_table(pa.Table.from_pandas(JOBS).replace_schema_metadata({"note": note}), path)

    def aareg(path: Path) -> None:
        known = job("P1", detail("2016-04", None, 37.5, 50.0)) | {"merknad": note}
        path.write_text(json.dumps([known]).replace(note, "".join(f"\\u{ord(sign):04x}" for sign in note)))

    first = list(AS_DATES)[3]
    return {
        "sheet.xlsx": book(lambda opened: opened.create_sheet("key").append([note])),
        "title.xlsx": book(lambda opened: opened.create_sheet(note)),
        "comment.xlsx": book(lambda opened: setattr(opened.active["A2"], "comment", Comment(note, "x"))),
        "properties.xlsx": book(lambda opened: setattr(opened.properties, "title", note)),
        "label.dta": lambda path: pyreadstat.write_dta(AS_DATES, path, column_labels=[note] * AS_DATES.shape[1]),
        "values.sav": lambda path: pyreadstat.write_sav(AS_DATES, path, variable_value_labels={first: {37.5: note}}),
        "note.sav": lambda path: pyreadstat.write_sav(AS_DATES, path, note=note),
        "comment.zip": archive,
        "member.zip": lambda path: _zipped(path, f"{note}.csv"),
        "noted.parquet": parquet,
        "escaped.json": aareg,
    }


def test_stata_files_of_pandas_are_read_though_stata_keeps_the_word_end_for_itself(tmp_path: Path) -> None:
    with pytest.warns(pd.errors.InvalidColumnName):
        JOBS.fillna({"employer": ""}).to_stata(tmp_path / "jobb.dta", write_index=False)
    report = validate("employment", tmp_path / "jobb.dta", today=TODAY)
    pd.testing.assert_frame_equal(report.accepted[list(JOBS)], JOBS, check_dtype=False)
    pay = pd.DataFrame({"participant_number": ["P1", "P2"], "month": pd.to_datetime(["1959-12-01", "2019-03-01"])})
    pay.assign(amount=1.0).to_stata(tmp_path / "pay.dta", write_index=False, convert_dates={"month": "tm"})
    report = validate("income", tmp_path / "pay.dta", today=TODAY)
    assert report.accepted["month"].astype("str").tolist() == ["1959-12-01", "2019-03-01"]


def test_hidden_files_of_a_file_manager_are_no_second_file_of_an_archive(tmp_path: Path) -> None:
    _zipped(tmp_path / "packed.zip")
    with zipfile.ZipFile(tmp_path / "packed.zip", "a") as archive:
        archive.writestr("uttrekk/.DS_Store", b"\0")
        archive.writestr("uttrekk/Thumbs.db", b"\0")
    assert validate("employment", tmp_path / "packed.zip", today=TODAY).rows == 3
