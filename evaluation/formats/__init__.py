"""Register files to text: every cell as it was written, with its line, before anyone judges what it means.

Whatever the format, a file becomes a stream of Arrow batches of text, so that a file of any size passes through memory
a piece at a time. Numbers are written with a point, dates as yyyy-mm-dd, and a cell that holds nothing is missing.
"""

import errno
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from evaluation.errors import EvaluationError
from evaluation.formats.aareg import read_aareg
from evaluation.formats.archives import unpacked
from evaluation.formats.delimited import read_delimited
from evaluation.formats.excel import read_excel
from evaluation.formats.packages import read_package
from evaluation.formats.parquet import read_parquet
from evaluation.formats.text import (
    LINE,
    USUAL_LIMITS,
    WIDTH,
    Limits,
    Text,
    clean_name,
    counted,
    refuse_identities,
    text_of,
)

__all__ = ["LINE", "SUFFIXES", "USUAL_LIMITS", "WIDTH", "Limits", "Text", "clean_name", "read", "text_of"]

FULL_DISK: Final = (errno.ENOSPC, errno.EDQUOT)
_READERS: Final[Mapping[str, Callable[[Path], Text]]] = MappingProxyType(
    {
        ".csv": read_delimited,
        ".txt": read_delimited,
        ".tsv": read_delimited,
        ".parquet": read_parquet,
        ".xlsx": read_excel,
        ".dta": read_package,
        ".sav": read_package,
        ".zsav": read_package,
        ".sas7bdat": read_package,
        ".xpt": read_package,
        ".json": read_aareg,
    }
)
ARCHIVES: Final = (".zip", ".gz")
SUFFIXES: Final = (*_READERS, *ARCHIVES)
"""The endings that are read: the format is told by the name, and the content must be what the name says."""


def read(path: Path, name: str = "", *, scratch: Path, limits: Limits = USUAL_LIMITS) -> Text:
    """Open a register file. `name` is what it was sent as, where that differs; `scratch` takes what is unpacked.

    Raises:
        EvaluationError: here or while the batches are read: `unreadable` when the content is not what the name says or
            is damaged, `unknown_encoding`, `several_sheets`, `unpacks_too_far` when it grows beyond the limits,
            `too_much_memory` when memory does not suffice, `national_id` when one stands in a name, label or note.
        OSError: the disk is full, which tells nothing of the file.
    """
    called = name or path.name
    refuse_identities([Path(called).stem])
    try:
        inner, inner_name = unpacked(path, called, scratch, limits)
        reader = _READERS.get(Path(inner_name).suffix.lower())
        if reader is None:
            raise EvaluationError("unreadable", f"{called}: known endings are {', '.join(SUFFIXES)}")
        text = reader(inner)
    except Exception as error:
        if _says_enough(error):
            raise
        raise _unreadable(error, called) from error
    if len(set(text.names)) < len(text.names) or "" in text.names:
        raise EvaluationError("unreadable", f"{called} has a column without a name of its own")
    return Text(text.names, _guarded(text, called, limits.of(path)), text.facts)


def _guarded(text: Text, called: str, most_bytes: int) -> Iterator[pa.RecordBatch]:
    try:
        yield from counted(text.batches, most_bytes)
    except Exception as error:
        if _says_enough(error):
            raise
        raise _unreadable(error, called) from error


def _says_enough(error: Exception) -> bool:
    """Whether it is a refusal of ours, or tells nothing of the file."""
    return isinstance(error, EvaluationError) or getattr(error, "errno", None) in FULL_DISK


def _unreadable(error: Exception, called: str) -> EvaluationError:
    """Whatever a library raises on bytes that are not what it expects: each has errors of its own for them."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return EvaluationError("too_much_memory", f"{called} needs more memory than there is")
    return EvaluationError("unreadable", f"{called} could not be read")
