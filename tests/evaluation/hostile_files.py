"""Files that mean harm, made by seed: what somebody may send who wants to break the check of a register."""

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

HEAD = "participant_number;start;end;full_time_hours;position_percent;employer\n"
FORMULAS = ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://x";"y")')
BOMB_BYTES = 6_000_000
PROGRAMS = (b"\x7fELF\x02\x01\x01", b"MZ\x90\x00", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xca\xfe\xba\xbe")
File = tuple[bytes, str]


def hostile_file(seed: int) -> tuple[str, bytes, str]:
    """What kind of file it is, its bytes and the name that it is sent under."""
    rng = np.random.default_rng(seed)
    kind = sorted(KINDS)[seed % len(KINDS)]
    content, name = KINDS[kind](rng)
    return kind, content, name


def _rows(rng: np.random.Generator, n: int = 20) -> list[str]:
    return [f"P{rng.integers(9)};20{rng.integers(10, 20)}-01-{rng.integers(10, 28)};;37,5;50;A" for _ in range(n)]


def _csv(rng: np.random.Generator) -> bytes:
    return (HEAD + "\n".join(_rows(rng)) + "\n").encode()


def _frame(rng: np.random.Generator) -> pd.DataFrame:
    rows = [row.split(";") for row in _rows(rng)]
    frame = pd.DataFrame(rows, columns=HEAD.strip().split(";")).assign(full_time_hours=37.5, position_percent=50.0)
    return frame.assign(start=date(2015, 1, 1), end=None)


def _written(write: Callable[[pd.DataFrame, str], object], frame: pd.DataFrame, suffix: str) -> bytes:
    """What a program writes, whose writer wants a file and not a stream."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        write(frame, str(path))
        return path.read_bytes()


def _parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def _workbook(rng: np.random.Generator, cell: object = "A") -> bytes:
    book = openpyxl.Workbook()
    book.active.append(HEAD.strip().split(";"))
    book.active.append(["P1", date(2015, 1, 1), None, 37.5, 50, cell])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut short, or with some bytes changed."""
    if rng.random() < 0.3:
        return content[: rng.integers(1, len(content))]
    changed = bytearray(content)
    for place in rng.integers(0, len(changed), rng.integers(1, 30)):
        changed[place] = rng.integers(256)
    return bytes(changed)


def _formulas(rng: np.random.Generator) -> bytes:
    rows = _rows(rng, 5)
    return (HEAD + "\n".join(row[:-1] + _quoted(str(rng.choice(FORMULAS))) for row in rows)).encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _laughs(rng: np.random.Generator) -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{laughs}]><worksheet>&l9;</worksheet>'
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook(rng))) as old, zipfile.ZipFile(new, "w") as archive:
        for member in old.infolist():
            is_sheet = member.filename.endswith("sheet1.xml")
            archive.writestr(member.filename, sheet if is_sheet else old.read(member))
    return new.getvalue()


def _macros(rng: np.random.Generator) -> bytes:
    file = io.BytesIO(_workbook(rng))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(str(rng.choice(["xl/vbaProject.bin", "xl/activeX/a.bin", "xl/embeddings/o.bin"])), b"x")
    return file.getvalue()


def _claims_little(rng: np.random.Generator) -> bytes:
    """A dictionary's one long value, said a great many times."""
    giant = pa.DictionaryArray.from_arrays(pa.array(np.zeros(12_000, dtype=np.int32)), pa.array(["y" * 5_000]))
    return _parquet(pa.table({"participant_number": giant, "start": giant}))


def _deep(rng: np.random.Generator) -> bytes:
    depth = int(rng.integers(10_000, 50_000))
    return b"[" * depth + b"]" * depth if rng.random() < 0.5 else b'{"a":' * depth + b"1" + b"}" * depth


SUFFIXES = ("parquet", "xlsx", "dta", "sav", "sas7bdat", "xpt", "zip")
WIDE = ";".join(f"c{n}" for n in range(60)).encode() + b"\n" + b";" * 59
BOMB = b"0" * BOMB_BYTES
ROW = b"P1;2015-01-01;;37,5;50;A\n"
KINDS: dict[str, Callable[[np.random.Generator], File]] = {
    "zip bomb": lambda _rng: (_zip(jobb__csv=BOMB), "jobb.zip"),
    "gzip bomb": lambda _rng: (gzip.compress(HEAD.encode() + ROW * (BOMB_BYTES // len(ROW))), "jobb.csv.gz"),
    "zip in zip": lambda rng: (_zip(jobb__zip=_zip(jobb__csv=_csv(rng))), "jobb.zip"),
    "bomb named csv": lambda _rng: (_zip(jobb__csv=BOMB), "jobb.csv"),
    "damaged zip": lambda rng: (_damaged(_zip(jobb__csv=_csv(rng)), rng), "jobb.zip"),
    "program": lambda rng: (rng.choice(PROGRAMS) + rng.bytes(400), "jobb.csv"),
    "polyglot": lambda rng: (rng.choice(PROGRAMS) + _zip(jobb__csv=_csv(rng)), "jobb.xlsx"),
    "wrong type": lambda rng: (_csv(rng), f"jobb.{rng.choice(SUFFIXES)}"),
    "random bytes": lambda rng: (rng.bytes(2000), f"jobb.{rng.choice(['csv', 'parquet', 'dta', 'sav', 'json', 'gz'])}"),
    "formulas": lambda rng: (_formulas(rng), "jobb.csv"),
    "formulas in a workbook": lambda rng: (_workbook(rng, str(rng.choice(FORMULAS))), "jobb.xlsx"),
    "macros": lambda rng: (_macros(rng), "jobb.xlsx"),
    "xml that multiplies": lambda rng: (_laughs(rng), "jobb.xlsx"),
    "endless quote": lambda rng: (_csv(rng) + b'"' + b"x" * 100_000, "jobb.csv"),
    "endless line": lambda _rng: (HEAD.encode() + b"x" * BOMB_BYTES, "jobb.csv"),
    "sixty columns": lambda _rng: (WIDE, "jobb.csv"),
    "parquet that claims little": lambda rng: (_claims_little(rng), "jobb.parquet"),
    "damaged parquet": lambda rng: (_damaged(_parquet(pa.Table.from_pandas(_frame(rng))), rng), "jobb.parquet"),
    "damaged stata": lambda rng: (_damaged(_written(pyreadstat.write_dta, _frame(rng), ".dta"), rng), "jobb.dta"),
    "damaged spss": lambda rng: (_damaged(_written(pyreadstat.write_sav, _frame(rng), ".sav"), rng), "jobb.sav"),
    "damaged workbook": lambda rng: (_damaged(_workbook(rng), rng), "jobb.xlsx"),
    "damaged text": lambda rng: (_damaged(_csv(rng), rng), "jobb.csv"),
    "deep json": lambda rng: (_deep(rng), "jobb.json"),
    "another json": lambda rng: (json.dumps([{"x": rng.integers(9).item()}] * 100).encode(), "jobb.json"),
    "name of a path": lambda rng: (_zip(**{"../../../tmp/evil__csv": _csv(rng)}), "../../jobb.zip"),
}  # fmt: skip
