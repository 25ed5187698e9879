"""What a cell of a register may hold, as SQL: its value with a type, and what is wrong with it where it has none.

Each rule is written once, for DuckDB; `tests/evaluation/slow_validation.py` says the same again row by row in Python.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from evaluation.columns import Column

TRUE: Final = ("1", "true", "ja", "yes")
FALSE: Final = ("0", "false", "nei", "no")
EARLIEST: Final = "1900-01-01"
FORMULA: Final = r"(?s)^[=@]|^[+\-].*[^0-9.,%\s]"
"""A cell that a spreadsheet would calculate: by its first sign, or a sign of a number with more than a number after."""

_ISO: Final = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_BASIC: Final = r"[0-9]{8}"  # ISO 8601 without dashes, as SAS and SSB write it
_MIDNIGHT: Final = r"[ T]00:00(?::00(?:\.0+)?)?$"  # what databases write after a day that has no time
_SPACES: Final = "' ' || chr(9) || chr(160) || chr(8239)"


@dataclass(frozen=True)
class Fault:
    """A reason with the column it concerns (None: the whole row) and the condition under which it holds."""

    code: str
    column: str | None
    condition: str


@dataclass(frozen=True)
class Cell:
    """A column of the file as SQL: `text` holds what was written, `value` what it means, missing where it cannot."""

    column: Column
    text: str
    value: str


def cell_of(column: Column, text: str, *, numeric: bool = False) -> Cell:
    """The rule of a column. numeric: a column only the plan knows, in which every cell is a number."""
    if column.kind == "date":
        return Cell(column, text, f"CAST({_date(text)} AS TIMESTAMP)")
    if column.kind == "month":
        return Cell(column, text, f"CAST(date_trunc('month', {_month(text)}) AS TIMESTAMP)")
    if column.kind in ("number", "integer") or numeric:
        return Cell(column, text, number(text))
    if column.kind == "truth":
        plain = f"lower({_without_fraction(text)})"
        yes, no = f"{plain} IN {_list(TRUE)}", f"{plain} IN {_list(FALSE)}"
        return Cell(column, text, f"CASE WHEN {yes} THEN 1.0::DOUBLE WHEN {no} THEN 0.0::DOUBLE END")
    if column.kind == "code":
        plain = _without_fraction(text) if _is_numeric(column.codes) else text
        known = f"CASE WHEN {plain} IN {_list(column.codes)} THEN {plain} END"
        return Cell(column, text, f"CAST({known} AS DOUBLE)" if _is_numeric(column.codes) else known)
    return Cell(column, text, text)


def faults_of(cell: Cell, value: str, today: str) -> Iterator[Fault]:
    """What can be wrong with a cell, in the order in which it is said. `value` names its typed column."""
    column, text = cell.column, cell.text
    written_but_nothing = f"{text} IS NOT NULL AND {value} IS NULL"
    if not column.may_be_empty:
        yield Fault("empty", column.name, f"{text} IS NULL")
    if column.kind in ("text", "code"):
        # The pattern is asked only of the few cells whose first sign makes it possible.
        possible = f"CASE WHEN {text}[1] IN ('=', '@', '+', '-') THEN regexp_matches({text}, '{FORMULA}') END"
        yield Fault("formula", column.name, possible)
    if column.kind in ("date", "month"):
        yield Fault("not_a_date" if column.kind == "date" else "not_a_month", column.name, written_but_nothing)
        yield Fault("in_the_future", column.name, f"{value} > TIMESTAMP '{today}'")
        yield Fault("out_of_range", column.name, f"{value} < TIMESTAMP '{EARLIEST}'")
    if column.kind in ("number", "integer"):
        fraction = f" OR {value} <> floor({value})" if column.kind == "integer" else ""
        yield Fault("not_a_number", column.name, written_but_nothing + fraction)
        for sign, bound in zip("<>", column.bounds, strict=True):
            if abs(bound) != float("inf"):
                yield Fault("out_of_range", column.name, f"{value} {sign} {bound}")
    if column.kind == "truth":
        yield Fault("not_yes_or_no", column.name, written_but_nothing)
    if column.kind == "code":
        yield Fault("unknown_code", column.name, written_but_nothing)


def number(text: str) -> str:
    """A number with a decimal comma or point; spaces, and points before a comma, may stand between thousands."""
    plain = f"translate({text}, {_SPACES}, '')"
    comma = f"replace(replace({plain}, '.', ''), ',', '.')"
    cast = f"try_cast(CASE WHEN contains({plain}, ',') THEN {comma} ELSE {plain} END AS DOUBLE)"
    looks_like_one = f"regexp_matches({text}, '^[0-9+\\-.,eE\\s\u00a0\u202f]+$')"
    return f"CASE WHEN {looks_like_one} AND isfinite({cast}) THEN {cast} END"


def value_class(text: str) -> str:
    """What kind of value stands in a cell, which may be told where the value may not."""
    return (
        f"CASE WHEN {text} IS NULL THEN 'empty' WHEN regexp_full_match({text}, '[0-9]+') THEN 'digits'"
        f" WHEN regexp_full_match({text}, '\\pL+') THEN 'letters' ELSE 'mixed' END"
    )


def _date(text: str) -> str:
    """The usual way of writing is asked first: the others cost several times as much."""
    plain = f"regexp_replace({text}, '{_MIDNIGHT}', '')"
    return (
        f"CASE WHEN {text} LIKE '____-__-__' OR regexp_full_match({text}, '{_ISO}') THEN try_cast({text} AS DATE)"
        f" WHEN regexp_full_match({text}, '{_BASIC}') THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE)"
        f" WHEN regexp_full_match({plain}, '{_ISO}') THEN try_cast({plain} AS DATE)"
        f" WHEN contains({text}, '.') THEN CAST(try_strptime({plain}, '%d.%m.%Y') AS DATE) END"
    )


def _month(text: str) -> str:
    return (
        f"CASE WHEN {text} LIKE '____-__' THEN try_cast({text} || '-01' AS DATE)"
        f" WHEN regexp_full_match({text}, '[0-9]{{6}}') THEN CAST(try_strptime({text} || '01', '%Y%m%d') AS DATE)"
        f" WHEN {text} LIKE '__.____' THEN CAST(try_strptime('01.' || {text}, '%d.%m.%Y') AS DATE)"
        f" ELSE {_date(text)} END"
    )


def _without_fraction(text: str) -> str:
    """Whole numbers as programs write them once a cell of their column was empty: 1.0 is 1."""
    return f"regexp_replace({text}, '^(\\d+)[.,]0$', '\\1')"


def _is_numeric(codes: Collection[str]) -> bool:
    return all(code.isdigit() for code in codes)


def _list(values: Collection[str]) -> str:
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
