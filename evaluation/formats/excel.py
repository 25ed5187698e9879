"""Excel workbooks (.xlsx), row by row. A formula is kept as the text that it is: the check turns it down."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pyarrow as pa

from evaluation.errors import EvaluationError
from evaluation.formats.text import ROWS_AT_ONCE, Text, batch_of, clean_name

MOST_UNPACKED: Final = 2 << 30  # a million rows of twenty columns are about half a gigabyte of XML
PROGRAMS: Final = ("vbaproject.bin", "activex", "embeddings", "externallinks")


def read_excel(path: Path) -> Text:
    """Open the first sheet of a workbook; its first row names the columns.

    Raises:
        EvaluationError: `unreadable` when the workbook holds macros, embedded objects or links to other workbooks,
            `unpacks_too_far`.
    """
    _refuse_programs(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
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


def _batches(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    done = 1  # the header's line
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        padded = [(*row, *[None] * len(names))[: len(names)] for row in chunk]
        fits = [not any(cell is not None for cell in row[len(names) :]) for row in chunk]
        columns = [
            pa.array([_cell(value) for value in column], pa.string()) for column in zip(*padded, strict=True)
        ]  # fmt: skip
        yield batch_of(names, columns, np.arange(done + 1, done + 1 + len(chunk)), fits)
        done += len(chunk)


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
