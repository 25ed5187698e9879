"""Excel workbooks (.xlsx), row by row. A formula is kept as the text that it is: the check turns it down."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pyarrow as pa

from evaluation.errors import EvaluationError
from evaluation.formats.text import ROWS_AT_ONCE, Text, batch_of, clean_name, refuse_identities

MOST_UNPACKED: Final = 2 << 30  # a million rows of twenty columns are about half a gigabyte of XML
SHEETS: Final = "xl/worksheets/sheet"
PROGRAMS: Final = ("vbaproject.bin", "activex", "embeddings", "externallinks")


def read_excel(path: Path) -> Text:
    """Open the first sheet of a workbook; its first row names the columns.

    Raises:
        EvaluationError: `unreadable` when the workbook holds macros, embedded objects or links to other workbooks,
            `unpacks_too_far`; `national_id` when one stands in another sheet, a comment or what is told of the book.
    """
    _refuse_programs(path)
    _refuse_identities_beside(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows(values_only=True):
            refuse_identities(_cells(row))
    rows = book.worksheets[0].iter_rows(values_only=True)
    header = next(rows, None)
    if header is None:
        raise EvaluationError("unreadable", "the first sheet is empty")
    names = tuple(clean_name("" if name is None else name) for name in header)
    while names and not names[-1]:
        names = names[:-1]
    facts = {"format": "Excel", "sheet": book.sheetnames[0]}
    return Text(names, _batches(names, rows), facts)


def _refuse_programs(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(word in member.filename.lower() for member in members for word in PROGRAMS):
        raise EvaluationError("unreadable", "the workbook holds macros, embedded objects or links")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise EvaluationError("unpacks_too_far", "the workbook unpacks to more than a register file may")


def _refuse_identities_beside(path: Path) -> None:
    """Names of sheets, comments, properties: all text of the book that does not stand in a sheet's own cells."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.startswith(SHEETS) and member.filename.endswith((".xml", ".vml", ".rels")):
                refuse_identities([archive.read(member).decode("utf-8", errors="replace")])


def _batches(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    done = 1  # the header's line
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        padded = [(*row, *[None] * len(names))[: len(names)] for row in chunk]
        fits = [_fits(row[len(names) :]) for row in chunk]
        columns = [
            pa.array([_cell(value) for value in column], pa.string()) for column in zip(*padded, strict=True)
        ]  # fmt: skip
        yield batch_of(names, columns, np.arange(done + 1, done + 1 + len(chunk)), fits)
        done += len(chunk)


def _fits(beyond: tuple[Any, ...]) -> bool:
    """Whether a row ends where the header does; what stands beyond it is looked through all the same."""
    cells = list(_cells(beyond))
    refuse_identities(cells)
    return not cells


def _cells(row: tuple[Any, ...]) -> Iterable[str]:
    return [text for text in map(_cell, row) if text is not None]


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == value.min.time() else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
