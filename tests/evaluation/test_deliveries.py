"""Deliveries: every row is accepted or rejected with its line and reason, and a national id refuses the file."""

from datetime import date
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest

from evaluation.cell_rules import Fault
from evaluation.columns import REGISTERS
from evaluation.deliveries import validate
from evaluation.national_id import synthetic_national_id
from tests.evaluation.slow_validation import slow_judgement
from tests.evaluation.trials import people, registers

TODAY = date(2020, 6, 30)
HEAD = "participant_number;start;end;full_time_hours;position_percent\n"


def judged(folder: Path, text: str | bytes, register: str = "employment", name: str = "file.csv", **options: object):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return validate(register, path, today=TODAY, **options)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("P1;2015-01-01;;37,5", "field_count", None),
        (";2015-01-01;;37,5;50", "empty", "participant_number"),
        ("P1;;;37,5;50", "empty", "start"),
        ("P1;2015-02-30;;37,5;50", "not_a_date", "start"),
        ("P1;2015-01-01;soon;37,5;50", "not_a_date", "end"),
        ("P1;2015-01-01;;many;50", "not_a_number", "full_time_hours"),
        ("P1;2015-01-01;;37,5;900", "out_of_range", "position_percent"),
        ("P1;2031-01-01;;37,5;50", "in_the_future", "start"),
        ("P1;2015-01-02;2015-01-01;37,5;50", "end_before_start", "end"),
        ("P9;2015-01-01;;37,5;50", "unknown_participant", "participant_number"),
        ("P2;2015-01-01;;37,5;50", "no_consent", "participant_number"),
        ("P1;2014-01-01;;37,5;50", "duplicate", "participant_number"),
    ],
)
def test_a_faulty_row_is_rejected_with_line_column_and_reason(
    tmp_path: Path, row: str, code: str, column: str | None
) -> None:
    text = HEAD + "P1;2014-01-01;;37,5;50\n" + row + "\n"
    report = judged(tmp_path, text, participants={"P1", "P2"}, consented={"P1"})
    assert [(r.line, r.code, r.column) for r in report.rejected] == [(3, code, column)]
    assert (report.rows, len(report.accepted)) == (2, 1)


@pytest.mark.parametrize(
    ("register", "row", "column"),
    [("benefits", "P1;TROLL;2015-01-01;", "benefit"), ("measures", "P1;XX;2015-01-01;", "measure")],
)
def test_an_unknown_code_is_named(tmp_path: Path, register: str, row: str, column: str) -> None:
    report = judged(tmp_path, f"participant_number;{column};start;end\n{row}\n", register)
    assert [(r.code, r.column) for r in report.rejected] == [("unknown_code", column)]


def test_formats_that_people_send_are_read_alike(tmp_path: Path) -> None:
    iso = judged(tmp_path, "participant_number,start,end,full_time_hours,position_percent\nPø,2015-02-01,,37.5,50\n")
    local = judged(tmp_path, (HEAD + "Pø;01.02.2015;;37,5;50\n").encode("latin-1"))
    marked = judged(tmp_path, b"\xef\xbb\xbf" + (HEAD + "Pø;01.02.2015;;37,5;50\r\n").encode())
    iso.accepted.to_parquet(tmp_path / "same.parquet")
    parquet = validate("employment", tmp_path / "same.parquet", today=TODAY)
    for other in (local, marked, parquet):
        pd.testing.assert_frame_equal(iso.accepted, other.accepted, check_dtype=False)


def test_whole_numbers_may_have_become_fractions_on_their_way(tmp_path: Path) -> None:
    text = "participant_number;married;education_level\nP1;1.0;4.0\nP2;0,0;\nP3;;7\n"
    found = judged(tmp_path, text, "participants").accepted
    np.testing.assert_array_equal(found["married"], [1, 0, np.nan])
    np.testing.assert_array_equal(found["education_level"], [4, np.nan, 7])


def test_a_national_id_that_lost_its_leading_zero_refuses_the_file(tmp_path: Path) -> None:
    number = synthetic_national_id(date(1980, 5, 7), 100)
    assert number.startswith("0")
    report = judged(tmp_path, HEAD.strip() + f";employer\nP1;2015-01-01;;37,5;50;{number[1:]}\n")
    assert report.refused == "national_id"


def test_a_frame_is_judged_as_its_file_would_be(tmp_path: Path) -> None:
    frame = pd.DataFrame({"participant_number": ["P1", "P9"], "start": pd.to_datetime(["2015-01-01", None])})
    frame = frame.assign(end=pd.NaT, full_time_hours=37.5, position_percent=[50, 40])
    frame.to_csv(tmp_path / "same.csv", index=False)
    ours = validate("employment", frame, today=TODAY)
    theirs = validate("employment", tmp_path / "same.csv", today=TODAY)
    assert [(row.column, row.code) for row in ours.rejected] == [("start", "empty")]
    pd.testing.assert_frame_equal(ours.accepted, theirs.accepted, check_dtype=False)


@pytest.mark.parametrize("place", ["cell", "header", "spaced"])
def test_a_national_id_anywhere_refuses_the_whole_file(tmp_path: Path, place: str) -> None:
    number = synthetic_national_id(date(1980, 5, 17), 100)
    text = {
        "cell": HEAD + f"{number};2015-01-01;;37,5;50\n",
        "header": HEAD.replace("end", number),
        "spaced": HEAD.strip() + f";employer\nP1;2015-01-01;;37,5;50;{number[:6]} {number[6:]}\n",
    }[place]
    report = judged(tmp_path, text)
    assert report.refused == "national_id"
    assert report.accepted.empty
    assert number not in str(report.as_dict())


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"PK\x03\x04zip", b"a;a\n1;2\n", b'participant_number;start\n"P1;2015'],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    assert judged(tmp_path, content).refused in ("unreadable", "missing_columns")


NUMBER = synthetic_national_id(date(1980, 5, 17), 100)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        f"{NUMBER[:6]}  {NUMBER[6:]}",
        f"{NUMBER[:6]}\u200b{NUMBER[6:]}",
        f"{NUMBER[:6]}/{NUMBER[6:]}",
        f"{NUMBER[:2]}.{NUMBER[2:4]}.{NUMBER[4:6]} – {NUMBER[6:]}",
        " ".join(NUMBER),
        f"{NUMBER}.0",
        "".join(chr(0x660 + int(digit)) for digit in NUMBER),
    ],
)
@pytest.mark.slow
def test_a_national_id_is_found_however_it_is_written_and_in_rows_that_do_not_fit(tmp_path: Path, written: str) -> None:
    for row in ("P1;2015-01-01;;37,5;50;{}", "P1;{}", "P1;2015-01-01;;37,5;50;x;{}"):
        text = HEAD.strip() + ";employer\nP1;2014-01-01;;37,5;50;x\n" + row.format(written) + "\n"
        assert judged(tmp_path, text).refused == "national_id"


def test_a_national_id_in_the_name_of_a_file_refuses_it(tmp_path: Path) -> None:
    assert judged(tmp_path, HEAD, name=f"uttrekk {NUMBER}.csv").refused == "national_id"


def test_a_number_with_a_long_fraction_is_no_national_id(tmp_path: Path) -> None:
    fraction = f"123456.{NUMBER}"
    report = judged(tmp_path, f"participant_number;month;amount\nP1;2015-01;{fraction}\n", "income")
    assert (report.refused, report.rows, len(report.accepted)) == (None, 1, 1)


WRITTEN = {
    "2015-02-03": True,
    "03.02.2015": True,
    "3.2.2015": True,
    "20150203": True,
    "2015-02-03 00:00:00": True,
    "2015-02-03T00:00:00.000": True,
    "03.02.2015 00:00": True,
    "2015-02-03 12:00:00": False,
    "02/03/2015": False,
    "03-02-2015": False,
}


def test_a_date_is_read_as_it_is_written_in_norway_or_not_at_all(tmp_path: Path) -> None:
    rows = "".join(f"P{place};{written};;37,5;50\n" for place, written in enumerate(WRITTEN))
    report = judged(tmp_path, HEAD + rows)
    assert report.accepted["start"].astype("str").tolist() == ["2015-02-03"] * sum(WRITTEN.values())
    assert [row.code for row in report.rejected] == ["not_a_date"] * (len(WRITTEN) - sum(WRITTEN.values()))


def test_names_of_columns_are_told_in_any_case(tmp_path: Path) -> None:
    text = "LNR;START;End;Full_time_hours;Position_percent\nP1;2015-01-01;;37,5;50\n"
    assert len(judged(tmp_path, text, columns={"LNR": "participant_number"}).accepted) == 1


def test_a_file_that_only_claims_to_be_parquet_is_refused(tmp_path: Path) -> None:
    assert judged(tmp_path, HEAD, name="file.parquet").refused == "unreadable"


def test_missing_columns_are_named(tmp_path: Path) -> None:
    report = judged(tmp_path, "participant_number;start\nP1;2015-01-01\n")
    assert (report.refused, report.missing) == ("missing_columns", ("end", "full_time_hours", "position_percent"))


FAULTS = ["", "soon", "2099-01-01", "1850-01-01", "30.02.2016", "P9999", "-5", "1e400", "NaN", "ÆØÅ", "999999", "=1+1",
          "+A1", "1.0", "ja", "2016-13", "1.234,5", " 12 ", "1_000", "0x10", "+5", "5.", "inf", "2015-1-1",
          "2015-01-01x", "12,0", "99,95", "20150203", "20151399", "201502", "2015-01-01 00:00:00",
          "2015-01-01T00:00", "2015-01-01 12:00:00"]  # fmt: skip


def seeded(default: int, nightly: int) -> list:
    """Seeds of the default run, and those that only the long one takes."""
    return [*range(default), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(default, nightly))]


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeded(100, 1000))
def test_accepted_and_rejected_are_all_rows_and_each_verdict_is_the_slow_one(tmp_path: Path, seed: int) -> None:
    register, path, known, covered = with_faults(tmp_path, seed)
    report = validate(register, path, participants=known, consented=covered, today=TODAY)
    slow = slow_judgement(register, path, participants=known, consented=covered, today=TODAY)
    assert [(row.line, row.code) for row in report.rejected] == [verdict for verdict in slow if verdict[1]]
    assert report.rows == len(slow) == len(report.accepted) + len(report.rejected)
    must = [c.name for c in REGISTERS[register].columns if c.required and not c.may_be_empty]
    assert report.accepted.notna()[must].all(axis=None)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["no duplicates", "no consent", "no dates"])
def test_a_check_that_lets_faults_pass_is_caught_by_the_slow_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The control: the same comparison fails when the check is broken on purpose."""
    if broken == "no dates":
        monkeypatch.setattr("evaluation.cell_rules._ISO", "x")
        monkeypatch.setattr(
            "evaluation.cell_rules._date", lambda text: f"coalesce(try_cast({text} AS DATE), DATE '2000-01-01')"
        )
    found = []
    for seed in range(10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        register, path, known, covered = with_faults(folder, seed)
        slow = slow_judgement(register, path, participants=known, consented=covered, today=TODAY)
        if broken == "no duplicates":
            monkeypatch.setattr("evaluation.judging._Court._duplicates", _no_duplicates)
        given = None if broken == "no consent" else covered
        report = validate(register, path, participants=known, consented=given, today=TODAY)
        found.append([(row.line, row.code) for row in report.rejected] == [verdict for verdict in slow if verdict[1]])
    assert not all(found)


def _no_duplicates(court: object) -> None:
    court.connection.execute("CREATE TABLE duplicates AS SELECT 0 AS place WHERE false")
    court.faults.append(Fault("duplicate", "participant_number", ""))


def with_faults(folder: Path, seed: int) -> tuple[str, Path, set[str], set[str]]:
    """A register's file with faults anywhere: the register, the file, the participants, and those who consented."""
    rng = np.random.default_rng(seed)
    participants = people(rng, 40)
    numbers = set(participants["participant_number"])
    given = registers(rng, participants)
    register = sorted(given)[seed % len(given)]
    text = given[register].astype("str").replace({"NaT": "", "nan": ""})
    text = text.where(rng.random(text.shape) >= 0.05, rng.choice(FAULTS, text.shape))
    text = pd.concat([text, text.sample(5, random_state=seed)])
    path = folder / f"{register}.csv"
    text.to_csv(path, index=False, sep=";")
    with path.open("a") as file:
        file.write("P0001\n\nP0001;;;;;;;;\n")
    return register, path, numbers, {number for number in numbers if number.endswith(("1", "2", "3"))}


def test_coverage_and_overlaps_are_counted(tmp_path: Path) -> None:
    text = (
        "participant_number;benefit;start;end\nP1;AAP;2014-01-01;2014-12-31\nP1;AAP;2014-06-01;\nP1;UFORE;2014-06-01;\n"
    )
    report = judged(tmp_path, text, "benefits", participants={"P1", "P2"})
    assert (report.coverage, report.overlaps) == (0.5, 1)


def test_a_file_of_five_hundred_columns_is_no_more_work_than_its_cells(tmp_path: Path) -> None:
    """A query for each pair of columns would take minutes; a number in the last column is found all the same."""
    names = ["participant_number", *(f"x{place}" for place in range(500))]
    rows = ["P1;" + ";".join(["7"] * 500), "P2;" + ";".join(["-"] * 500)]
    (tmp_path / "people.csv").write_text("\n".join([";".join(names), *rows]) + "\n")
    begun = process_time()
    report = validate("participants", tmp_path / "people.csv", today=date(2020, 1, 1))
    assert (report.refused, report.rows, len(report.accepted.columns)) == (None, 2, 501)
    assert process_time() - begun < 15
    hidden = rows[1].removesuffix("-") + synthetic_national_id(date(1980, 5, 17), 3)
    (tmp_path / "people.csv").write_text("\n".join([";".join(names), rows[0], hidden]) + "\n")
    assert validate("participants", tmp_path / "people.csv", today=date(2020, 1, 1)).refused == "national_id"
