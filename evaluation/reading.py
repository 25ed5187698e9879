"""Register files to text: every cell as it was written, with its line, before anyone judges what it means."""

import csv
import io
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.errors import EvaluationError

ENCODINGS: Final = ("utf-8-sig", "latin-1")
LINE: Final = "\0line"  # the line number travels with its row under a name that no file can use
WIDTH: Final = "\0width"  # whether the row has as many fields as the header


def read_text(path: Path, name: str = "") -> pd.DataFrame:
    """Read a CSV or Parquet file as text, one column a field, empty cells missing.

    CSV is UTF-8 or Latin-1, with ``;`` or ``,`` between the fields; the format is told by the name's ending.

    Raises:
        EvaluationError: `unreadable`, when it is neither, has no header, or a name occurs twice in it.
    """
    suffix = Path(name or path.name).suffix.lower()
    try:
        frame = _parquet(path) if suffix == ".parquet" else _csv(path)
    except (csv.Error, pa.ArrowException, UnicodeError, OSError) as error:
        raise EvaluationError("unreadable", f"{name or path.name} could not be read") from error
    if frame.columns.duplicated().any() or "" in frame.columns:
        raise EvaluationError("unreadable", f"{name or path.name} has a column without a name of its own")
    return frame


def _csv(path: Path) -> pd.DataFrame:
    text = _decoded(path.read_bytes())
    header, _, _rest = text.partition("\n")
    delimiter = ";" if header.count(";") >= header.count(",") and ";" in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    if not any(names):
        raise EvaluationError("unreadable", f"{path.name} has no header")
    lines, widths, rows = [], [], []
    for fields in reader:
        if fields:
            lines.append(reader.line_num)
            widths.append(len(fields) == len(names))
            rows.append((fields + [""] * len(names))[: len(names)])
    return _numbered(pd.DataFrame(rows, columns=names, dtype="str"), lines, widths)


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise EvaluationError("unreadable", "the file is not text")
    for encoding in ENCODINGS[:-1]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode(ENCODINGS[-1])


def _parquet(path: Path) -> pd.DataFrame:
    return text_of(pq.read_table(path).to_pandas())


def text_of(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as it would be read from a file; rows are numbered from 1."""
    text = {str(name).strip().lower(): _as_text(frame[name]) for name in frame.columns}
    return _numbered(pd.DataFrame(text), list(range(1, len(frame) + 1)), [True] * len(frame))


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%d")
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")  # whole numbers that became fractions only because a cell was empty
    return column.astype("str").where(column.notna())


def _numbered(frame: pd.DataFrame, lines: list[int], widths: list[bool]) -> pd.DataFrame:
    stripped = frame.apply(lambda column: column.str.strip().replace("", None)).astype("str")
    stripped[LINE], stripped[WIDTH] = lines, widths
    return stripped
