"""The panel and its cells where the data lie: one expression, run by whatever engine Ibis speaks to.

The outcomes are those of `outcomes.py`, declared once for arrays and tables alike. Months are whole numbers (year x 12
+ month - 1) and hours are whole millionths, so that every engine adds the same integers and gives the same bits. What
leaves the engine are the cells: a few thousand rows, however many persons.

Trusted so far: DuckDB, PostgreSQL and Spark (in the tests, the last where it is installed). How to point it at BigQuery
or Spark: `trial/config/decisions/`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd
from ibis import _

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.labels import UNITS
from evaluation.monthly_cells import Cells
from evaluation.outcomes import HOUR_UNITS, outcome_columns
from evaluation.panel import Rule, first_whole_month, last_whole_month
from evaluation.register_frames import Coverage, coverage_of
from evaluation.shares import names_of

SPELLS: Final = ("employment", "benefits", "measures", "education", "work_capacity")
PERSON: Final = "participant_number"
MONTH: Final = "calendar"  # year x 12 + month - 1
ALWAYS: Final = 0
FOR_EVER: Final = 12 * 9999
EXACT: Final = "decimal(38, 0)"  # squares of millionths of hours, summed, are more than 64 bits hold


def warehouse_panel(
    tables: Mapping[str, Any],
    *,
    months: tuple[int, int] = (-36, 36),
    on: Rule = "last_day",
    data_to: Coverage = None,
    data_from: Coverage = None,
    min_hours: float = 4,
    exclude_in_measure: bool = False,
) -> Any:
    """The panel of `person_months` as an expression: nothing is calculated before it is asked for.

    Args:
        tables: `participants` and any of the registers of spells, as Ibis tables of one engine with the columns of
            `person_months`; dates are dates or timestamps.

    Returns:
        An Ibis table: participant_number, office, arm, month, calendar, then the outcomes as float64.

    Raises:
        EvaluationError: `missing_register` without participants, `unknown_rule`; of the days as `person_months`.
    """
    if "participants" not in tables:
        raise EvaluationError("missing_register", "the table of participants is missing")
    if on not in ("last_day", "any_day"):
        raise EvaluationError("unknown_rule", "on is last_day or any_day")
    registers = _Tables({name: tables[name] for name in SPELLS if name in tables}, on, data_to, data_from)
    columns = list(outcome_columns(registers, min_hours=min_hours, exclude_in_measure=exclude_in_measure))
    grid = registers.joined(_grid(tables["participants"], months))
    outcomes = {
        name: registers.observed(*needs).ifelse(_as_number(name, value), ibis.null("float64"))
        for name, value, needs in columns
    }
    return grid.select(PERSON, "office", "arm", "month", MONTH, **outcomes)


def warehouse_cells(
    panel: Any, *, outcomes: Sequence[str], months: tuple[int, int] = (-36, 36), strata: str = "office",
    control: str = "control",
) -> Cells:  # fmt: skip
    """The cells of a panel in a warehouse, as `monthly_cells.cells_of` makes them of a frame or a file.

    Raises:
        EvaluationError: `unknown_outcome`, `no_control`, `not_two_arms`.
    """
    outcomes = names_of(outcomes)
    sums = cell_sums(panel, outcomes=outcomes, months=months, strata=strata).to_pyarrow().to_pandas()
    return _as_cells(sums, tuple(outcomes), np.arange(months[0], months[1] + 1), control)


def cell_sums(
    panel: Any, *, outcomes: Sequence[str], months: tuple[int, int] = (-36, 36), strata: str = "office"
) -> Any:
    """The sums that make the cells, as an expression: month, stratum, arm and, by number of the outcome, n, total and
    square in whole numbers (hours in millionths; squares as text, since they may be longer than 64 bits)."""
    outcomes = names_of(outcomes)
    unknown = [name for name in outcomes if name not in panel.columns]
    if unknown:
        raise EvaluationError("unknown_outcome", f"the panel has no column {unknown[0]}")
    sums = {}
    for place, outcome in enumerate(outcomes):
        whole = (_[outcome] * _scale(outcome)).round().cast("int64")
        sums[f"n_{place}"] = whole.count()
        sums[f"total_{place}"] = whole.sum().cast("int64")
        sums[f"square_{place}"] = (whole.cast(EXACT) * whole.cast(EXACT)).sum().cast("string")
    inside = panel.filter(_["month"].between(*months)).rename(stratum=strata)
    return inside.group_by(["month", "stratum", "arm"]).aggregate(**sums)


def _as_cells(rows: pd.DataFrame, outcomes: tuple[str, ...], span: Any, control: str) -> Cells:
    treated = treated_arm(rows["arm"], control)
    names, codes = np.unique(rows["stratum"].astype(str), return_inverse=True)
    shape = (len(outcomes), len(span), len(names), 2)
    place = (rows["month"].to_numpy() - span[0], codes, (rows["arm"] == treated).to_numpy().astype(int))
    found = {}
    for kind, power in (("n", 0), ("total", 1), ("square", 2)):
        found[kind] = np.zeros(shape)
        for number, outcome in enumerate(outcomes):
            exact = [int(value) if pd.notna(value) else 0 for value in rows[f"{kind}_{number}"]]
            found[kind][number][place] = np.array(exact, dtype=float) / _scale(outcome) ** power
    return Cells(outcomes, span, tuple(names), (control, treated), **found, shift=np.zeros(shape[:2]))


def _as_number(outcome: str, value: Any) -> Any:
    """States are 0 or 1; not every engine takes a truth for a number."""
    return value.cast("float64") if outcome in UNITS else value.ifelse(1.0, 0.0)


def _scale(outcome: str) -> int:
    return HOUR_UNITS if outcome in UNITS else 1


def _grid(participants: Any, months: tuple[int, int]) -> Any:
    """Every person in every month."""
    starts = participants.select(
        PERSON, "office", "arm", start_month=_month_of(participants["start_date"].cast("date"))
    )  # fmt: skip
    span = ibis.range(months[0], months[1] + 1).unnest().name("month").as_table()
    grid = starts.cross_join(span.mutate(month=span["month"].cast("int64")))
    return grid.mutate(**{MONTH: grid["start_month"] + grid["month"]})


def _month_of(day: Any) -> Any:
    return day.year().cast("int64") * 12 + day.month().cast("int64") - 1


class _Tables:
    """What the registers say, as columns that the expression will have (`outcomes.Registers`).

    Every question becomes a column of its register's table, one row a person and month; the questions are known when
    the outcomes have been declared, and are then asked in one pass over each register.
    """

    def __init__(self, tables: Mapping[str, Any], on: Rule, data_to: Coverage, data_from: Coverage) -> None:
        self._tables = tables
        self._on = on
        self._first = {name: first_whole_month(day) for name, day in coverage_of(data_from, "data_from").items()}
        self._last = {name: last_whole_month(day) for name, day in coverage_of(data_to, "data_to").items()}
        self._asked: dict[str, dict[str, Any]] = {name: {} for name in tables}

    def has(self, *registers: str) -> bool:
        return all(register in self._tables for register in registers)

    def observed(self, *registers: str) -> Any:
        """Where all the named registers cover the whole month."""
        first = max((self._first.get(name, ALWAYS) for name in registers), default=ALWAYS)
        return _[MONTH].between(first, min((self._last.get(name, FOR_EVER) for name in registers), default=FOR_EVER))

    def holds(self, register: str, column: str = "", codes: Collection[Any] | None = None) -> Any:
        """Where at least one spell (with one of `codes` in `column`) is in force."""
        if not column:
            return self._ask(register, _[PERSON].count()) > 0
        return self._ask(register, _[column].isin(list(codes or ())).ifelse(1, 0).cast("int64").sum()) > 0

    def hours(self) -> Any:
        """Weekly hours in millionths, summed over concurrent jobs."""
        weekly = _["full_time_hours"].cast("float64") * _["position_percent"].cast("float64") / 100
        return self._ask("employment", (weekly.fill_null(0.0) * HOUR_UNITS + 0.5).floor().cast("int64").sum())

    def chosen(self, condition: Any, value: Any) -> Any:
        return condition.ifelse(value, 0.0)

    def joined(self, grid: Any) -> Any:
        """The grid with every answer; a person-month without spells has 0."""
        for register, asked in self._asked.items():
            if asked:
                answers = self._answers(register, grid.select(PERSON, MONTH).distinct(), asked)
                grid = grid.left_join(answers, [PERSON, MONTH]).drop(f"{PERSON}_right", f"{MONTH}_right")
                grid = grid.mutate(**{name: grid[name].fill_null(0) for name in asked})
        return grid

    def _ask(self, register: str, answer: Any) -> Any:
        asked = self._asked[register]
        name = next((name for name, known in asked.items() if repr(known) == repr(answer)), f"{register}_{len(asked)}")
        asked[name] = answer
        return _[name]

    def _answers(self, register: str, grid: Any, asked: Mapping[str, Any]) -> Any:
        spells = self._tables[register]
        start, end = spells["start"].cast("date"), spells["end"].cast("date")
        ends_month = (end + ibis.interval(days=1)).cast("date").day() == 1
        last = _month_of(end) - (0 if self._on == "any_day" else ends_month.ifelse(0, 1))
        located = spells.mutate(begins=_month_of(start), ends=last).filter(end.isnull() | (start <= end))
        in_force = grid.join(
            located,
            [
                grid[PERSON] == located[PERSON],
                located["begins"] <= grid[MONTH],
                located["ends"].isnull() | (grid[MONTH] <= located["ends"]),
            ],
        )
        return in_force.group_by([PERSON, MONTH]).aggregate(**asked)
