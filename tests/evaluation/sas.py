"""Writes a sas7bdat file, which pyreadstat reads but does not offer to write: the library in its wheel can.

The calls are those of ReadStat's public writer (readstat.h): a variable each, then the rows.
"""

import ctypes
from pathlib import Path

import pandas as pd
from pyreadstat import _readstat_writer

STRING, DOUBLE = 0, 5  # readstat_type_t
WIDTH = 20

_WRITER = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def write_sas7bdat(frame: pd.DataFrame, path: Path) -> None:
    """Write numbers as doubles and everything else as text of at most WIDTH letters."""
    library = ctypes.CDLL(_readstat_writer.__file__)
    for name in ("readstat_writer_init", "readstat_add_variable"):
        getattr(library, name).restype = ctypes.c_void_p
    pieces: list[bytes] = []

    @_WRITER
    def keep(data: int, length: int, _context: object) -> int:
        pieces.append(ctypes.string_at(data, length))
        return length

    writer = ctypes.c_void_p(library.readstat_writer_init())
    library.readstat_set_data_writer(writer, keep)
    variables = [_variable(library, writer, frame[name], name) for name in frame]
    _ok(library.readstat_begin_writing_sas7bdat(writer, None, ctypes.c_long(len(frame))))
    for row in frame.itertuples(index=False):
        _ok(library.readstat_begin_row(writer))
        for variable, value in zip(variables, row, strict=True):
            _ok(_insert(library, writer, variable, value))
        _ok(library.readstat_end_row(writer))
    _ok(library.readstat_end_writing(writer))
    library.readstat_writer_free(writer)
    path.write_bytes(b"".join(pieces))


def _variable(library: ctypes.CDLL, writer: ctypes.c_void_p, column: pd.Series, name: str) -> ctypes.c_void_p:
    numeric = pd.api.types.is_numeric_dtype(column)
    kind, width = (DOUBLE, 8) if numeric else (STRING, WIDTH)
    return ctypes.c_void_p(library.readstat_add_variable(writer, name.encode(), kind, ctypes.c_size_t(width)))


def _insert(library: ctypes.CDLL, writer: ctypes.c_void_p, variable: ctypes.c_void_p, value: object) -> int:
    if value is None or value != value:
        return library.readstat_insert_missing_value(writer, variable)
    if isinstance(value, str):
        return library.readstat_insert_string_value(writer, variable, value.encode())
    return library.readstat_insert_double_value(writer, variable, ctypes.c_double(float(value)))


def _ok(code: int) -> None:
    assert code == 0, f"ReadStat said {code}"
