"""Excel workbooks (.xlsx), row by row. A formula is kept as the text that it is: the check turns it down."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pyarrow as pa

from evaluation.columns import REGISTERS, SYNONYMS
from evaluation.errors import EvaluationError
from evaluation.formats.text import ROWS_AT_ONCE, Text, batch_of, clean_name, refuse_identities

MOST_UNPACKED: Final = 2 << 30  # a million rows of twenty columns are about half a gigabyte of XML
SHEETS: Final = "xl/worksheets/sheet"
LOOKED_THROUGH: Final = 50  # lines of each sheet, for the one that names the columns
MOST_BY_CHANCE: Final = 2  # names that make a line the names of a register's columns
KNOWN_NAMES: Final = frozenset(
    {name for register in REGISTERS.values() for name in register.names}
    | {name for names in SYNONYMS.values() for name in names}
)
PROGRAMS: Final = ("vbaproject.bin", "activex", "embeddings", "externallinks")


def read_excel(path: Path) -> Text:
    """Open the sheet of a workbook that holds the rows, from the line that names their columns.

    That is the line with the most names that registers and their owners use, among the first of every sheet; where
    no name is known, the first line with more than a title in it.

    Raises:
        EvaluationError: `unreadable` when the workbook holds macros, embedded objects or links to other workbooks,
            `unpacks_too_far`, `several_sheets` when the rows stand in more than one; `national_id` when one stands in
            another sheet, above the rows, in a comment or in what is told of the book.
    """
    _refuse_programs(path)
    _refuse_identities_beside(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    try:
        return _opened(book)
    except BaseException:
        book.close()
        raise


def _opened(book: Any) -> Text:
    place, line = _head_of(book)
    for sheet in [*book.worksheets[:place], *book.worksheets[place + 1 :]]:
        for row in sheet.iter_rows(values_only=True):
            refuse_identities(_cells(row))
    rows = book.worksheets[place].iter_rows(values_only=True)
    for row in islice(rows, line - 1):
        refuse_identities(_cells(row))
    names = _names(next(rows, ()))
    if not names:
        raise EvaluationError("unreadable", "the sheet is empty")
    facts = {"format": "Excel", "sheet": book.worksheets[place].title}
    return Text(names, _batches(book, names, rows, line), facts | ({"header_line": str(line)} if line > 1 else {}))


@dataclass(frozen=True)
class _Head:
    """A line of a sheet that may name columns: `known` of its names are those of a register or its owner."""

    sheet: int
    line: int
    known: int
    followed: bool  # by a line that is not empty


def _head_of(book: Any) -> tuple[int, int]:
    """Sheet (from 0) and line (from 1) of the columns' names."""
    heads = [head for sheet, found in enumerate(map(_first_lines, book.worksheets)) for head in _heads(sheet, found)]
    named = [head for head in heads if head.known >= MOST_BY_CHANCE]
    if not named:
        return (heads[0].sheet, heads[0].line) if heads else (0, 1)
    best = max(named, key=lambda head: (head.known, -head.sheet, -head.line))
    if any(head.followed and head.sheet != best.sheet and 2 * head.known > best.known for head in named):
        raise EvaluationError("several_sheets", "more than one sheet holds rows of the register")
    return best.sheet, best.line


def _first_lines(sheet: Any) -> list[tuple[Any, ...]]:
    return list(islice(sheet.iter_rows(values_only=True), LOOKED_THROUGH))


def _heads(sheet: int, lines: list[tuple[Any, ...]]) -> Iterator[_Head]:
    """The lines in which more than a title stands."""
    for place, line in enumerate(lines):
        names = [name for name in _names(line) if name]
        if len(names) > 1:
            known = len(KNOWN_NAMES.intersection(names))
            yield _Head(sheet, place + 1, known, any(any(_cells(below)) for below in lines[place + 1 :]))


def _names(line: tuple[Any, ...]) -> tuple[str, ...]:
    names = tuple(clean_name("" if name is None else name) for name in line)
    while names and not names[-1]:
        names = names[:-1]
    return names


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


def _batches(book: Any, names: Sequence[str], rows: Iterator[tuple[Any, ...]], line: int) -> Iterator[pa.RecordBatch]:
    done = line  # the header's
    try:
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            padded = [(*row, *[None] * len(names))[: len(names)] for row in chunk]
            fits = [_fits(row[len(names) :]) for row in chunk]
            columns = [
                pa.array([_cell(value) for value in column], pa.string()) for column in zip(*padded, strict=True)
            ]  # fmt: skip
            yield batch_of(names, columns, np.arange(done + 1, done + 1 + len(chunk)), fits)
            done += len(chunk)
    finally:
        book.close()


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
