"""What a delivery looks like as a whole: who is found, what its months and codes are, and what has changed.

The groups that coverage is shown by tell nothing of the arm: while a trial runs, a register's months by arm would be an
early look at its results.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from evaluation.columns import Register

ROWS_CHANGED: Final = 0.10  # share by which rows or persons may change before it is worth a look
SHARE_CHANGED: Final = 0.05  # and by which a code's share of the rows may
MONTH_FELL: Final = 0.50  # and by which a month that was there before may fall
MONTH_ROWS: Final = 20  # months with fewer rows vary by chance
MOST_MONTHS: Final = 600

# The month that a row belongs to; a person's row has a month of its own or begins in one.
_MONTHS: Final = ("start", "month", "start_date")


def coverage_of(
    connection: duckdb.DuckDBPyConnection,
    accepted: str,
    register: Register,
    expected: Collection[str] | None,
    groups: Mapping[str, str],
) -> tuple[float | None, tuple[Mapping[str, Any], ...]]:
    """The share of those expected who occur in the accepted rows, and by group: group, expected, found, share."""
    if not expected or not register.of_persons:
        return None, ()
    numbers = sorted(expected)
    table = pa.table({"number": numbers, "grp": [groups.get(number, "") for number in numbers]})
    connection.register("expected", table)
    rows = connection.execute(
        "SELECT grp, count(*), count(found.number) FROM expected LEFT JOIN"
        f" (SELECT DISTINCT participant_number AS number FROM {accepted}) found USING (number) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    connection.unregister("expected")
    overall = sum(found for _group, _all, found in rows) / len(numbers)
    if not groups:
        return overall, ()
    return overall, tuple(
        {"group": group, "expected": n, "found": found, "share": found / n} for group, n, found in rows
    )


def overlaps_of(connection: duckdb.DuckDBPyConnection, accepted: str, register: Register) -> int:
    """Spells that begin before an earlier one of the same person and kind has ended; jobs may, so they do not count."""
    if not register.is_spells or "full_time_hours" in register.names:
        return 0
    kinds = ", ".join(["participant_number", *(f'"{c.name}"' for c in register.columns if c.kind == "code")])
    window = f'PARTITION BY {kinds} ORDER BY "start" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING'
    until = "max(coalesce(\"end\", TIMESTAMP '2200-01-01'))"
    begun = f'SELECT "start", {until} OVER ({window}) AS earlier FROM {accepted}'
    return _one(connection, f'SELECT count(*) FROM ({begun}) WHERE "start" <= earlier')


def profile_of(
    connection: duckdb.DuckDBPyConnection, accepted: str, register: Register, groups: Mapping[str, str]
) -> dict[str, Any]:
    """What the next delivery is held against.

    Returns:
        rows, persons, codes (column -> code -> rows), months (yyyy-mm -> rows that begin in it or belong to it),
        months_by_group (group -> yyyy-mm -> rows), last_day (latest date of the rows), gaps (months without any row
        between the first and the last).
    """
    here = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {accepted}").fetchall()}
    found: dict[str, Any] = {"rows": _one(connection, f"SELECT count(*) FROM {accepted}")}
    if register.of_persons:
        found["persons"] = _one(connection, f"SELECT count(DISTINCT participant_number) FROM {accepted}")
    codes = [column.name for column in register.columns if column.kind == "code" and column.name in here]
    found["codes"] = {name: _counts(connection, f'CAST("{name}" AS VARCHAR)', accepted) for name in codes}
    month = next((name for name in _MONTHS if name in here), None)
    if month:
        found |= _in_time(connection, accepted, month, here, groups)
    return found


def _in_time(
    connection: duckdb.DuckDBPyConnection, accepted: str, month: str, here: set[str], groups: Mapping[str, str]
) -> dict[str, Any]:
    label = f"strftime(\"{month}\", '%Y-%m')"
    months = _counts(connection, label, accepted)
    last = f'greatest(max("{month}"), max("end"))' if "end" in here else f'max("{month}")'
    row = connection.execute(f"SELECT CAST(CAST({last} AS DATE) AS VARCHAR) FROM {accepted}").fetchone()
    found = {"months": months, "last_day": row[0] if row else None, "gaps": gaps_of(months)}
    if groups and "participant_number" in here:
        connection.register("grouped", pa.table({"number": list(groups), "grp": list(groups.values())}))
        rows = connection.execute(
            f"SELECT grp, {label} AS month, count(*) FROM {accepted} JOIN grouped ON number = participant_number"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        connection.unregister("grouped")
        by_group: dict[str, dict[str, int]] = {}
        for group, name, count in rows:
            by_group.setdefault(group, {})[name] = count
        found["months_by_group"] = by_group
    return found


def gaps_of(months: Mapping[str, int]) -> list[str]:
    """The months (yyyy-mm) without a row between the first and the last; a register that stood still shows here."""
    numbers = sorted(int(month[:4]) * 12 + int(month[5:]) - 1 for month in months)
    if not numbers or numbers[-1] - numbers[0] > MOST_MONTHS:
        return []
    every = set(range(numbers[0], numbers[-1] + 1)) - set(numbers)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in sorted(every)]


@dataclass(frozen=True)
class Drift:
    """Something that has changed since the last delivery: `what` a code, `where` a code or month, before and after."""

    what: str
    where: str
    before: float | str | None
    after: float | str | None


def drift_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Drift, ...]:
    """What has changed between two deliveries of a register by more than the constants of this module.

    Returns:
        Drift of `rows` and `persons` (counts), `code_share`, `code_new` and `code_gone` (shares of the rows; `where` is
        column: code), `month_fell` and `gap` (rows), `last_day` when the later delivery ends earlier.
    """
    return tuple(_drift(before, after)) if before and after else ()


def _drift(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Drift]:
    for name in ("rows", "persons"):
        old, new = before.get(name), after.get(name)
        if old and new is not None and abs(new - old) > ROWS_CHANGED * old:
            yield Drift(name, "", old, new)
    for column, codes in after.get("codes", {}).items():
        yield from _codes(column, before.get("codes", {}).get(column, {}), codes)
    yield from _months(before, after)


def _codes(column: str, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Drift]:
    all_before, all_after = sum(before.values()), sum(after.values())
    if not all_before or not all_after:
        return
    for code in sorted({*before, *after}):
        old, new = before.get(code, 0) / all_before, after.get(code, 0) / all_after
        if code not in before or code not in after:
            yield Drift("code_new" if code in after else "code_gone", f"{column}: {code}", old, new)
        elif abs(new - old) > SHARE_CHANGED:
            yield Drift("code_share", f"{column}: {code}", old, new)


def _months(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Drift]:
    old_last, new_last = before.get("last_day"), after.get("last_day")
    if old_last and new_last and new_last < old_last:
        yield Drift("last_day", "", old_last, new_last)
    months = after.get("months", {})
    for month, old in before.get("months", {}).items():
        if old >= MONTH_ROWS and months.get(month, 0) < MONTH_FELL * old:
            yield Drift("month_fell", month, old, months.get(month, 0))
    for month in after.get("gaps", []):
        if month not in before.get("gaps", []) and month not in before.get("months", {}):
            yield Drift("gap", month, None, 0)


def _counts(connection: duckdb.DuckDBPyConnection, label: str, accepted: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT {label} AS label, count(*) FROM {accepted} WHERE {label} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return dict(rows)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
