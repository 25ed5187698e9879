"""Files of the statistical packages, a part at a time: Stata, SPSS, SAS (XPORT and sas7bdat), by pyreadstat."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat

from evaluation.formats.text import ROWS_AT_ONCE, Text, as_text, batch_of, clean_name

_READERS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    ".dta": ("Stata", pyreadstat.read_dta),
    ".sav": ("SPSS", pyreadstat.read_sav),
    ".zsav": ("SPSS", pyreadstat.read_sav),
    ".sas7bdat": ("SAS", pyreadstat.read_sas7bdat),
    ".xpt": ("SAS XPORT", pyreadstat.read_xport),
}


def read_package(path: Path) -> Text:
    """Open the file; labelled values stay the codes that they are.

    Raises:
        EvaluationError: `unreadable`.
    """
    kind, reader = _READERS[path.suffix.lower()]
    try:
        _nothing, description = reader(str(path), metadataonly=True)
    except pyreadstat.ReadstatError as error:
        raise ValueError(f"not a {kind} file") from error
    names = tuple(clean_name(name) for name in description.column_names)
    return Text(names, _batches(path, reader, names), {"format": kind})


def _batches(path: Path, reader: Callable[..., Any], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    done = 0
    while True:
        try:
            frame, _description = reader(str(path), row_offset=done, row_limit=ROWS_AT_ONCE)
        except pyreadstat.ReadstatError as error:
            raise ValueError("the file is damaged") from error
        if frame.empty:
            return
        columns = [_column(frame.iloc[:, place]) for place in range(len(names))]
        yield batch_of(names, columns, np.arange(done + 1, done + 1 + len(frame)))
        done += len(frame)
        if len(frame) < ROWS_AT_ONCE:
            return


def _column(values: pd.Series) -> pa.Array:
    if values.dtype == object:  # dates come as objects, and so do columns without any value
        values = values.where(values.notna(), None)
    array = pa.array(values, from_pandas=True)
    return as_text(array.cast(pa.string()) if pa.types.is_null(array.type) else array)
