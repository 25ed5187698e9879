"""What every format becomes: named columns of text, in batches, with the line of each row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evaluation.errors import EvaluationError
from evaluation.national_id import holds_identity

# Names that no file can use for a column of its own: those are stripped and in lower case.
LINE: Final = " line"
WIDTH: Final = " fits"  # whether the row has as many fields as the header

ROWS_AT_ONCE: Final = 50_000
WHOLE: Final = 2**53  # beyond it a float no longer tells whole numbers apart


@dataclass(frozen=True)
class Limits:
    """How far a file may grow when it is unpacked: `times` its own size, but `floor` bytes are always allowed.

    `most` bytes are never exceeded. Text compresses about ten times, register data in Parquet up to a hundred.
    """

    times: int = 200
    floor: int = 256 << 20
    most: int = 200 << 30

    def of(self, path: Path) -> int:
        return min(self.most, max(self.floor, self.times * path.stat().st_size))


USUAL_LIMITS: Final = Limits()


@dataclass(frozen=True)
class Text:
    """A file that is being read: its columns' names (stripped, lower case), and batches of them with LINE and WIDTH.

    `facts` says how it was read (format, encoding, separator), for the report.
    """

    names: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]
    facts: Mapping[str, str] = field(default_factory=dict)


def clean_name(name: object) -> str:
    """A column's name in lower case, on one line."""
    return " ".join(str(name).split()).lower()


def refuse_identities(texts: Iterable[object]) -> None:
    """What a file says beside its cells, such as names, labels and notes, holds no identity number either.

    Raises:
        EvaluationError: `national_id`.
    """
    if any(holds_identity(str(text)) for text in texts):
        raise EvaluationError("national_id", "the file holds a national identity number")


def batch_of(names: Sequence[str], columns: Sequence[pa.Array], lines: Any, fits: Any = None) -> pa.RecordBatch:
    """A batch of text columns: trimmed, with what is empty missing."""
    whole = np.ones(len(lines), dtype=bool) if fits is None else fits
    cells = [_trimmed(column) for column in columns]
    arrays = [*cells, pa.array(np.asarray(lines, dtype=np.int64)), pa.array(np.asarray(whole, dtype=bool))]
    return pa.RecordBatch.from_arrays(arrays, names=[*names, LINE, WIDTH])


def _trimmed(column: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def text_of(frame: pd.DataFrame) -> Text:
    """A frame as it would be read from a file; rows are numbered from 1."""
    names = tuple(clean_name(name) for name in frame.columns)
    table = pa.Table.from_pandas(frame.set_axis([str(place) for place in range(len(names))], axis=1),
                                 preserve_index=False)  # fmt: skip
    return Text(names, table_batches(names, table.to_batches(ROWS_AT_ONCE)), {"format": "frame"})


def table_batches(names: Sequence[str], batches: Any) -> Iterator[pa.RecordBatch]:
    """Typed Arrow batches as text; rows are numbered from 1."""
    done = 0
    for batch in batches:
        columns = [as_text(batch.column(place)) for place in range(batch.num_columns)]
        yield batch_of(names, columns, np.arange(done + 1, done + 1 + batch.num_rows))
        done += batch.num_rows


def as_text(column: pa.Array) -> pa.Array:
    """A typed column as it would stand in a CSV file.

    Raises:
        EvaluationError: `unreadable` for lists, structures and other things that are no cell.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _days(column)
    if pa.types.is_floating(kind):
        return _numbers(column)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "1", "0")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise EvaluationError("unreadable", f"a column of type {kind} is no register column")
    return column.cast(pa.string())


def _days(column: pa.Array) -> pa.Array:
    """Days as yyyy-mm-dd; a time of day stays, so that the check can say that it does not belong there."""
    if pa.types.is_date(column.type):
        return pc.strftime(column.cast(pa.timestamp("s")), format="%Y-%m-%d")
    plain = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    whole = pc.equal(plain, pc.floor_temporal(plain, unit="day"))
    return pc.if_else(whole, pc.strftime(plain, format="%Y-%m-%d"), pc.strftime(plain, format="%Y-%m-%d %H:%M:%S"))


def _numbers(column: pa.Array) -> pa.Array:
    """Numbers without a needless fraction: 4.0 is 4, as it was before a cell of its column was empty."""
    values = column.cast(pa.float64())
    known = pc.and_kleene(pc.is_finite(values), pc.less(pc.abs(values), WHOLE))
    safe = pc.if_else(pc.fill_null(known, False), values, 0.0)
    whole = pc.and_(pc.fill_null(known, False), pc.equal(pc.floor(safe), safe))
    integers = pc.cast(pc.if_else(whole, safe, 0.0), pa.int64()).cast(pa.string())
    text = pc.if_else(whole, integers, values.cast(pa.string()))
    return pc.if_else(pc.fill_null(pc.is_nan(values), True), None, text)


def counted(batches: Iterator[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Pass the batches on until they are more than the file may unpack to.

    Raises:
        EvaluationError: `unpacks_too_far`.
    """
    done = 0
    for batch in batches:
        done += batch.nbytes
        if done > most_bytes:
            raise EvaluationError("unpacks_too_far", "the file unpacks to more than its size allows")
        yield batch
