"""Tables as files that a spreadsheet opens as they are meant: columns apart, letters whole, nothing made a formula.

A Norwegian spreadsheet parts columns at semicolons, since the comma is its decimal sign, and reads UTF-8 as such only
behind a byte order mark.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV in UTF-8, ready to be opened."""
    text = io.StringIO()
    lines = ([_as_text(cell) for cell in row] for row in (header, *rows))
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(lines)
    return (BOM + text.getvalue()).encode()


def _as_text(cell: str) -> str:
    """No spreadsheet takes what somebody wrote for a formula; a number below nothing is none."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
