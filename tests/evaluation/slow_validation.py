"""The judgement of a delivery row by row in plain Python: slow, and obvious. It reads CSV only."""

import csv
import math
import re
from datetime import date, datetime
from pathlib import Path

from evaluation.columns import REGISTERS, Column

TRUE, FALSE = {"1", "true", "ja", "yes"}, {"0", "false", "nei", "no"}
NUMBER = re.compile(r"[0-9+\-.,eE\s\u00a0\u202f]+")
FORMULA = re.compile(r"[=@]|[+\-].*[^0-9.,%\s]", re.DOTALL)


def slow_judgement(
    register: str, path: Path, *, participants: set[str] | None, consented: set[str] | None, today: date
) -> list[tuple[int, str | None]]:
    """Line and reason (None: accepted) of every row of a CSV file with `;`."""
    declared = REGISTERS[register]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        header = next(reader)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    verdicts, seen = [], set()
    for line, fields in rows:
        if len(fields) != len(header):
            verdicts.append((line, "field_count"))
            continue
        cells = dict(zip(header, fields, strict=True))
        values = {
            column.name: _value(column, cells[column.name]) for column in declared.columns if column.name in cells
        }
        reason = _reason(declared, cells, values, participants, consented, today)
        key = tuple(values[name] for name in declared.once or values)
        if reason is None and key in seen:
            reason = "duplicate"
        if reason is None:
            seen.add(key)
        verdicts.append((line, reason))
    return verdicts


def _reason(declared, cells, values, participants, consented, today) -> str | None:
    for column in declared.columns:
        if column.name in cells:
            fault = _fault(column, cells[column.name], values[column.name], today)
            if fault:
                return fault
    if declared.is_spells and values["end"] and values["end"] < values["start"]:
        return "end_before_start"
    if declared.of_persons:
        if participants is not None and cells["participant_number"] not in participants:
            return "unknown_participant"
        if consented is not None and cells["participant_number"] not in consented:
            return "no_consent"
    return None


def _fault(column: Column, cell: str, value: object, today: date) -> str | None:
    if not cell:
        return None if column.may_be_empty else "empty"
    if column.kind in ("text", "code") and FORMULA.match(cell):
        return "formula"
    if value is None:
        words = {"date": "not_a_date", "month": "not_a_month", "truth": "not_yes_or_no", "code": "unknown_code"}
        return words.get(column.kind, "not_a_number")
    if column.kind in ("date", "month"):
        return "in_the_future" if value > today else "out_of_range" if value < date(1900, 1, 1) else None
    if column.kind == "integer" and value != int(value):
        return "not_a_number"
    if column.kind in ("number", "integer") and not column.bounds[0] <= value <= column.bounds[1]:
        return "out_of_range"
    return None


def _value(column: Column, cell: str):
    if not cell:
        return None
    if column.kind == "date":
        return _date(cell)
    if column.kind == "month":
        day = _day(cell + "01", "%Y%m%d") if re.fullmatch("[0-9]{6}", cell) else _day(cell, "%Y-%m", "%m.%Y")
        day = day or _date(cell)
        return day and day.replace(day=1)
    if column.kind in ("number", "integer"):
        return _number(cell)
    plain = re.sub(r"^(\d+)[.,]0$", r"\1", cell)
    if column.kind == "truth":
        return True if plain.lower() in TRUE else False if plain.lower() in FALSE else None
    if column.kind == "code":
        plain = plain if all(code.isdigit() for code in column.codes) else cell
        return plain if plain in column.codes else None
    return cell


def _date(cell: str) -> date | None:
    day = re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", cell)
    return _day(cell, "%Y%m%d") if re.fullmatch("[0-9]{8}", cell) else _day(day, "%Y-%m-%d", "%d.%m.%Y")


def _day(cell: str, *patterns: str) -> date | None:
    for pattern in patterns:
        try:
            return datetime.strptime(cell, pattern).date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
    return None


def _number(cell: str) -> float | None:
    if not NUMBER.fullmatch(cell):
        return None
    plain = re.sub(r"\s", "", cell)
    try:
        value = float(plain.replace(".", "").replace(",", ".") if "," in plain else plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
