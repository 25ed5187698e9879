"""Text files with a separator between the fields, streamed: CSV as programs and people write it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from evaluation.errors import EvaluationError
from evaluation.formats.text import Text, batch_of, clean_name, refuse_identities
from evaluation.national_id import holds_identity

SEPARATORS: Final = (";", ",", "\t", "|")
SCAN_BYTES: Final = 4 << 20
BLOCK_BYTES: Final = 4 << 20  # a row must fit in it
HEADER_BYTES: Final = 1 << 20
FALLBACK: Final = "cp1252"  # Windows' own, of which Latin-1 is what is printable
WIDE: Final = "utf-16"  # Excel's "Unicode text", known by the mark that it begins with
CALLED: Final = {"utf-8": "UTF-8", FALLBACK: "Windows-1252", WIDE: "UTF-16"}
DECLARED: Final = re.compile(r'"?sep=(.)"?[\r\n]+', re.IGNORECASE)  # what Excel writes, and asks for, above the header


@dataclass(frozen=True)
class _Head:
    """What stands above the rows: the columns' names, and how many columns beside them have none.

    `lines`: those up to the end of the header. Excel leaves separators after the last column where a column was
    emptied; such columns have no name, and nothing may stand in them.
    """

    names: tuple[str, ...]
    nameless: int
    separator: str
    lines: int

    @property
    def width(self) -> int:
        return len(self.names) + self.nameless


def read_delimited(path: Path) -> Text:
    """Open a CSV file: UTF-8, UTF-16 with its mark, Latin-1 or Windows-1252, with ``;``, ``,``, tab or ``|`` between
    the fields.

    Raises:
        EvaluationError: `unreadable` without a header or where it is no text, `unknown_encoding`.
    """
    encoding = _encoding(path)
    head = _head(path, encoding)
    if not any(head.names):
        raise EvaluationError("unreadable", f"{path.name} has no header")
    facts = {"format": "CSV", "encoding": CALLED[encoding], "separator": head.separator}
    return Text(head.names, _Rows(path, encoding, head).batches(), facts)


def _encoding(path: Path) -> str:
    """The encoding that the whole file keeps to, not only its beginning."""
    if marked_wide(path):
        return WIDE
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8"
    with path.open("rb") as file:
        while chunk := file.read(SCAN_BYTES):
            if b"\0" in chunk:
                raise _no_text(chunk)
            if encoding == "utf-8":
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    encoding = FALLBACK
    if encoding == "utf-8":
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK
    return encoding


def marked_wide(path: Path) -> bool:
    """Whether a file begins with the mark of UTF-16."""
    with path.open("rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _no_text(chunk: bytes) -> EvaluationError:
    """Text of two bytes a sign has a zero beside almost every letter; without its mark nobody knows on which side."""
    if max(chunk[0::2].count(0), chunk[1::2].count(0)) > len(chunk) // 3:
        return EvaluationError("unknown_encoding", "the file has two bytes for each sign, and no mark that says so")
    return EvaluationError("unreadable", "the file is not text")


def _head(path: Path, encoding: str) -> _Head:
    with path.open("rb") as file:
        first = file.read(HEADER_BYTES)
    text = first.decode(encoding, errors="ignore").removeprefix("\ufeff")
    rest = text.lstrip("\r\n")
    declared = DECLARED.match(rest)
    rest = rest[declared.end() :] if declared else rest
    header = _first_record(rest)
    separator = max(SEPARATORS, key=lambda sign: (header.count(sign), -SEPARATORS.index(sign)))
    if declared and declared.group(1) in SEPARATORS:
        separator = declared.group(1)
    record = csv.reader(io.StringIO(header, newline=""), delimiter=separator)
    written = [clean_name(name) for name in next(record, [])]
    names = list(written)
    while names and not names[-1]:
        names.pop()
    above = len(_lines(text[: len(text) - len(rest)]))
    return _Head(tuple(names), len(written) - len(names), separator, above + len(_lines(header)))


def _first_record(text: str) -> str:
    """The first line, and those after it that a quote in it reaches into."""
    record = ""
    for line in io.StringIO(text, newline=""):
        record += line
        if record.count('"') % 2 == 0:
            return record
    return next(iter(io.StringIO(text, newline="")), "")


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


class _Rows:
    """The rows of a file. Those with too many or too few fields come last in their batch, without cells."""

    def __init__(self, path: Path, encoding: str, head: _Head) -> None:
        self.path, self.encoding, self.head, self.names = path, encoding, head, head.names
        self.misfits: list[tuple[int, int]] = []  # record number, and how many line ends stand within it
        self.unclosed = False  # whether the latest misfit has a quote without an end
        self.holds_identity = False  # of a misfit, whose cells nobody looks at any more
        self.next_record = head.lines + 1
        self.lines_within = 0  # line ends inside quotes until now

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            reader = self._open()
        except pa.ArrowInvalid as error:
            if "too short" in str(error):
                return  # a header and nothing else
            raise
        for batch in reader:
            self._refuse_identities()
            yield self._located(batch)
        self._refuse_identities()
        if self.misfits:
            if self.unclosed:  # the last row may have swallowed any number of rows
                raise EvaluationError("unreadable", "a quote is not closed before the end of the file")
            yield self._misfits_only()

    def _open(self) -> Any:
        text = pa.string()
        return arrow_csv.open_csv(
            self.path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                encoding=self.encoding,
                column_names=[str(place) for place in range(self.head.width)],
                skip_rows=self.head.lines,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.head.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._misfit,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(place): text for place in range(self.head.width)}, strings_can_be_null=False
            ),
        )

    def _misfit(self, row: Any) -> str:
        self.misfits.append((row.number, row.text.count("\n")))
        self.unclosed = row.text.count('"') % 2 == 1
        self.holds_identity = self.holds_identity or any(
            holds_identity(cell.strip('" ')) for cell in row.text.split(self.head.separator)
        )
        return "skip"

    def _refuse_identities(self) -> None:
        """Here, since the reader passes on no error of `_misfit`."""
        if self.holds_identity:
            raise EvaluationError("national_id", "a row that does not fit holds a national identity number")

    def _located(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give each row its line: records are counted by the reader, and line ends inside quotes added."""
        records = np.arange(self.next_record, self.next_record + batch.num_rows + len(self.misfits))
        missing = np.array([number for number, _within in self.misfits], dtype=np.int64)
        records = records[~np.isin(records, missing)][: batch.num_rows]
        last = int(records[-1]) if len(records) else self.next_record - 1
        here = [(number, within) for number, within in self.misfits if number <= last]
        self.misfits = self.misfits[len(here) :]
        self.next_record = last + 1
        lines, misfit_lines = self._lines(records, _line_ends(batch), here)
        named = batch.columns[: len(self.names)]
        cells = [pa.concat_arrays([column, pa.nulls(len(here), pa.string())]) for column in named]
        fits = np.concatenate([_are_empty(batch.columns[len(self.names) :], len(records)), np.zeros(len(here), bool)])
        return batch_of(self.names, cells, np.concatenate([lines, misfit_lines]), fits)

    def _misfits_only(self) -> pa.RecordBatch:
        here, self.misfits = self.misfits, []
        none = np.array([], dtype=np.int64)
        _lines, lines = self._lines(none, none, here)
        cells = [pa.nulls(len(here), pa.string()) for _name in self.names]
        return batch_of(self.names, cells, lines, np.zeros(len(here), dtype=bool))

    def _lines(
        self, records: npt.NDArray[np.int64], within: npt.NDArray[np.int64], misfits: list[tuple[int, int]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """First line of each record, of rows and of misfits."""
        misfit_records = np.array([number for number, _within in misfits], dtype=np.int64)
        everything = np.concatenate([records, misfit_records])
        if not within.any() and not any(count for _number, count in misfits):
            lines = everything + self.lines_within
        else:
            counts = np.concatenate([within, np.array([count for _number, count in misfits], dtype=np.int64)])
            order = np.argsort(everything, kind="stable")
            before = np.cumsum(counts[order]) - counts[order]
            lines = np.empty(len(everything), dtype=np.int64)
            lines[order] = everything[order] + self.lines_within + before
            self.lines_within += int(counts.sum())
        return lines[: len(records)], lines[len(records) :]


def _are_empty(columns: list[pa.Array], rows: int) -> npt.NDArray[np.bool_]:
    """Whether the columns without a name hold nothing, row by row; what they hold is looked through all the same."""
    empty = np.ones(rows, dtype=bool)
    for column in columns:
        written = pc.not_equal(pc.utf8_trim_whitespace(column), "")
        refuse_identities(column.filter(written).to_pylist())
        empty &= ~written.to_numpy(zero_copy_only=False)
    return empty


def _line_ends(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """How many line ends stand inside the fields of each row."""
    within = np.zeros(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            within += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return within
