"""Tables as files that a spreadsheet opens as they are meant: columns apart, letters whole, nothing made a formula.

A Norwegian spreadsheet parts columns at semicolons, since the comma is its decimal sign, and reads UTF-8 as such only
behind a byte order mark.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

BOM: Final = "\ufeff"
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV in UTF-8, ready to be opened."""
    return "".join(spreadsheet_lines(header, rows)).encode()


def spreadsheet_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The same, line by line, for a table that is too long to be held."""
    writer = csv.writer(_Echo(), delimiter=";", lineterminator="\r\n")
    yield BOM + writer.writerow([_as_text(cell) for cell in header])
    for row in rows:
        yield writer.writerow([_as_text(cell) for cell in row])


class _Echo:
    """What the CSV writer writes to: it hands back what it was given."""

    def write(self, text: str) -> str:
        return text


def _as_text(cell: str) -> str:
    """No spreadsheet takes what somebody wrote for a formula; a number below nothing is none."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
