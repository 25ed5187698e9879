"""Text files with a separator between the fields, streamed: CSV as programs and people write it."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from evaluation.errors import EvaluationError
from evaluation.formats.text import Text, batch_of, clean_name

SEPARATORS: Final = (";", ",", "\t", "|")
SCAN_BYTES: Final = 4 << 20
BLOCK_BYTES: Final = 4 << 20  # a row must fit in it
HEADER_BYTES: Final = 1 << 20
FALLBACK: Final = "cp1252"  # Windows' own, of which Latin-1 is what is printable


def read_delimited(path: Path) -> Text:
    """Open a CSV file: UTF-8, Latin-1 or Windows-1252, with ``;``, ``,``, tab or ``|`` between the fields."""
    encoding = _encoding(path)
    header = _header(path, encoding)
    separator = max(SEPARATORS, key=lambda sign: (header.count(sign), -SEPARATORS.index(sign)))
    names = tuple(clean_name(name) for name in next(csv.reader(io.StringIO(header), delimiter=separator), []))
    if not any(names):
        raise EvaluationError("unreadable", f"{path.name} has no header")
    facts = {"format": "CSV", "encoding": "UTF-8" if encoding == "utf-8" else "Windows-1252", "separator": separator}
    return Text(names, _Rows(path, encoding, separator, names).batches(), facts)


def _encoding(path: Path) -> str:
    """The encoding that the whole file keeps to, not only its beginning."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8"
    with path.open("rb") as file:
        while chunk := file.read(SCAN_BYTES):
            if b"\0" in chunk:
                raise EvaluationError("unreadable", "the file is not text")
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


def _header(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        first = file.read(HEADER_BYTES)
    text = first.decode(encoding, errors="ignore").removeprefix("\ufeff").lstrip("\r\n")
    return text.splitlines()[0] if text else ""


class _Rows:
    """The rows of a file. Those with too many or too few fields come last in their batch, without cells."""

    def __init__(self, path: Path, encoding: str, separator: str, names: tuple[str, ...]) -> None:
        self.path, self.encoding, self.separator, self.names = path, encoding, separator, names
        self.misfits: list[tuple[int, int]] = []  # record number, and how many line ends stand within it
        self.unclosed = False  # whether the latest misfit has a quote without an end
        self.next_record = 2
        self.lines_within = 0  # line ends inside quotes until now

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            reader = self._open()
        except pa.ArrowInvalid as error:
            if "too short" in str(error):
                return  # a header and nothing else
            raise
        for batch in reader:
            yield self._located(batch)
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
                column_names=[str(place) for place in range(len(self.names))],
                skip_rows=1 + _blank_lines_before(self.path),
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._misfit,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(place): text for place in range(len(self.names))}, strings_can_be_null=False
            ),
        )

    def _misfit(self, row: Any) -> str:
        self.misfits.append((row.number, row.text.count("\n")))
        self.unclosed = row.text.count('"') % 2 == 1
        return "skip"

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
        cells = [pa.concat_arrays([column, pa.nulls(len(here), pa.string())]) for column in batch.columns]
        fits = np.arange(len(records) + len(here)) < len(records)
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


def _blank_lines_before(path: Path) -> int:
    with path.open("rb") as file:
        first = file.read(HEADER_BYTES).removeprefix(codecs.BOM_UTF8)
    return (first[: len(first) - len(first.lstrip(b"\r\n"))]).count(b"\n")


def _line_ends(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """How many line ends stand inside the fields of each row."""
    within = np.zeros(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            within += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return within
