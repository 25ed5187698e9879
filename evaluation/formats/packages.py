"""Files of the statistical packages, a part at a time: Stata, SPSS, SAS (XPORT and sas7bdat), by pyreadstat."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat

from evaluation.formats.text import ROWS_AT_ONCE, Text, as_text, batch_of, clean_name, refuse_identities

_READERS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    ".dta": ("Stata", pyreadstat.read_dta),
    ".sav": ("SPSS", pyreadstat.read_sav),
    ".zsav": ("SPSS", pyreadstat.read_sav),
    ".sas7bdat": ("SAS", pyreadstat.read_sas7bdat),
    ".xpt": ("SAS XPORT", pyreadstat.read_xport),
}


RESERVED: Final = ("end",)  # of the words that Stata keeps for itself, the one that a register calls a column


def read_package(path: Path) -> Text:
    """Open the file; labelled values stay the codes that they are, and Stata's months (since 1960) become yyyy-mm.

    Raises:
        EvaluationError: `unreadable`; `national_id` when one stands in a label or note.
    """
    kind, reader = _READERS[path.suffix.lower()]
    try:
        _nothing, description = reader(str(path), metadataonly=True)
    except pyreadstat.ReadstatError as error:
        raise ValueError(f"not a {kind} file") from error
    refuse_identities(_notes(description))
    names = tuple(_name(name, kind) for name in description.column_names)
    kinds = description.original_variable_types
    monthly = [str(kinds.get(name)).startswith("%tm") for name in description.column_names]
    return Text(names, _batches(path, reader, names, monthly), {"format": kind})


def _notes(description: Any) -> Iterable[object]:
    """Labels of the file, its columns and their values, and what was noted."""
    yield from (description.file_label, description.table_name, *(description.column_labels or ()))
    yield from description.notes or ()
    for labels in (description.value_labels or {}).values():
        yield from (*labels.keys(), *labels.values())


def _name(name: str, kind: str) -> str:
    """Stata keeps some words for itself: pandas writes the column `end` as `_end`."""
    cleaned = clean_name(name)
    return cleaned.removeprefix("_") if kind == "Stata" and cleaned.removeprefix("_") in RESERVED else cleaned


def _batches(
    path: Path, reader: Callable[..., Any], names: Sequence[str], monthly: Sequence[bool]
) -> Iterator[pa.RecordBatch]:
    done = 0
    while True:
        try:
            frame, _description = reader(str(path), row_offset=done, row_limit=ROWS_AT_ONCE)
        except pyreadstat.ReadstatError as error:
            raise ValueError("the file is damaged") from error
        if frame.empty:
            return
        columns = [_column(frame.iloc[:, place], monthly[place]) for place in range(len(names))]
        yield batch_of(names, columns, np.arange(done + 1, done + 1 + len(frame)))
        done += len(frame)
        if len(frame) < ROWS_AT_ONCE:
            return


def _column(values: pd.Series, is_monthly: bool) -> pa.Array:
    if is_monthly:
        values = values.map(lambda months: f"{1960 + months // 12:.0f}-{months % 12 + 1:02.0f}", na_action="ignore")
    if values.dtype == object:  # dates come as objects, and so do columns without any value
        values = values.where(values.notna(), None)
    array = pa.array(values, from_pandas=True)
    return as_text(array.cast(pa.string()) if pa.types.is_null(array.type) else array)
