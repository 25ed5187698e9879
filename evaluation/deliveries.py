"""Judge a register delivery before anything else: every row is accepted, or rejected with its line and a reason."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.columns import REGISTERS, Column, Register
from evaluation.errors import EvaluationError
from evaluation.national_id import find_national_ids
from evaluation.reading import LINE, WIDTH, read_text, text_of

ROW_REASONS: Final = MappingProxyType(
    {
        "field_count": "the row has more or fewer fields than the header",
        "empty": "the column must not be empty",
        "not_a_date": "no date: write yyyy-mm-dd or dd.mm.yyyy",
        "not_a_month": "no month: write yyyy-mm",
        "not_a_number": "no number",
        "not_yes_or_no": "neither yes (1) nor no (0)",
        "out_of_range": "outside what is possible",
        "unknown_code": "not in the code list",
        "in_the_future": "a date after the day of the check",
        "end_before_start": "ends before it starts",
        "unknown_participant": "no participant has this number",
        "no_consent": "the participant's consent does not cover this register",
        "duplicate": "the same as an earlier row",
    }
)
FILE_REASONS: Final = MappingProxyType(
    {
        "unreadable": "neither CSV nor Parquet, or damaged",
        "missing_columns": "columns are missing",
        "national_id": "holds a national identity number",
    }
)

_TRUE: Final = {"1", "true", "ja", "yes"}
_FALSE: Final = {"0", "false", "nei", "no"}


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not accepted. `value_class` says what kind of value stood there, never the value."""

    line: int
    column: str | None
    code: str
    value_class: str

    @property
    def sentence(self) -> str:
        return ROW_REASONS[self.code]


@dataclass(frozen=True)
class ValidationReport:
    """`rows` = len(accepted) + len(rejected), unless the whole file is `refused` (a code of FILE_REASONS).

    `accepted` has typed columns (dates as timestamps, numbers, truth values). `coverage` is the share of the
    participants who occur, `overlaps` the number of accepted spells that begin before an earlier one of the same
    person and kind has ended: allowed, and worth a look. `missing` names the columns that the file lacks.
    """

    register: str
    rows: int
    accepted: pd.DataFrame = field(repr=False)
    rejected: tuple[RejectedRow, ...] = field(repr=False, default=())
    refused: str | None = None
    missing: tuple[str, ...] = ()
    coverage: float | None = None
    overlaps: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report without the accepted rows, for JSON."""
        return {
            "register": self.register,
            "rows": self.rows,
            "accepted": len(self.accepted),
            "rejected": [row.__dict__ | {"sentence": row.sentence} for row in self.rejected],
            "refused": self.refused,
            "missing": list(self.missing),
            "coverage": self.coverage,
            "overlaps": self.overlaps,
        }


def validate(
    register: str,
    source: Path | str | pd.DataFrame,
    *,
    name: str = "",
    participants: Collection[str] | None = None,
    consented: Collection[str] | None = None,
    today: date,
) -> ValidationReport:
    """Judge the file (or frame) `source` as a delivery of `register`.

    Args:
        register: a key of `columns.REGISTERS`.
        source: the file; `name` is the name it was sent under, where that differs.
        participants: the numbers of the trial; None accepts any.
        consented: the numbers whose consent covers this register; None means all of them.
        today: no date may lie after it.

    Raises:
        EvaluationError: `unknown_register`.
    """
    if register not in REGISTERS:
        raise EvaluationError("unknown_register", f"no register is called {register}; known: {', '.join(REGISTERS)}")
    try:
        text = text_of(source) if isinstance(source, pd.DataFrame) else read_text(Path(source), name)
    except EvaluationError as error:
        return ValidationReport(register, 0, pd.DataFrame(), refused=error.code)
    refused, missing = _refused(text, REGISTERS[register])
    if refused:
        return ValidationReport(register, len(text), pd.DataFrame(), refused=refused, missing=missing)
    check = _Check(text, REGISTERS[register], today)
    check.run(participants, consented)
    return _report(register, check, participants if consented is None else consented)


def _report(register: str, check: "_Check", expected: Collection[str] | None) -> ValidationReport:
    accepted = check.typed[check.reason.isna()].reset_index(drop=True)
    found = set(accepted["participant_number"]) if REGISTERS[register].of_persons else set()
    coverage = len(found & set(expected)) / len(expected) if expected and REGISTERS[register].of_persons else None
    overlaps = _overlaps(accepted, REGISTERS[register])
    return ValidationReport(register, len(check.text), accepted, check.rejected(), None, (), coverage, overlaps)


def _refused(text: pd.DataFrame, register: Register) -> tuple[str | None, tuple[str, ...]]:
    if _holds_national_id(text):
        return "national_id", ()
    missing = tuple(column.name for column in register.columns if column.required and column.name not in text)
    return ("missing_columns" if missing else None), missing


def _holds_national_id(text: pd.DataFrame) -> bool:
    """Look through header and cells; only what has as many digits as a number needs is looked at closely."""
    if any(find_national_ids(str(name)) for name in text.columns):
        return True
    for name in text.columns.difference([LINE, WIDTH]):
        values = pd.Series(text[name].dropna().unique(), dtype="str")
        candidates = values[values.str.count(r"\d") >= 11]
        # A column of numbers loses its leading zeros on the way through a spreadsheet.
        shortened = "0" + values[values.str.fullmatch(r"\d{10}")]
        if any(find_national_ids(value) for value in [*candidates, *shortened]):
            return True
    return False


class _Check:
    """One delivery under judgement: `reason` and `column` of each row, the first fault that is found."""

    def __init__(self, text: pd.DataFrame, register: Register, today: date) -> None:
        self.text = text
        self.register = register
        self.today = pd.Timestamp(today)
        self.reason = pd.Series(None, index=text.index, dtype=object)
        self.column = pd.Series(None, index=text.index, dtype=object)
        self.typed = pd.DataFrame(index=text.index)

    def run(self, participants: Collection[str] | None, consented: Collection[str] | None) -> None:
        self._fault("field_count", None, ~self.text[WIDTH].astype(bool))
        for column in self.register.columns:
            if column.name in self.text:
                self.typed[column.name] = self._converted(column)
        if self.register.further:
            self._keep_further()
        if self.register.is_spells:
            self._fault("end_before_start", "end", self.typed["end"] < self.typed["start"])
        if self.register.of_persons:
            self._persons(participants, consented)
        keys = list(self.register.once) or list(self.typed.columns)
        good = self.typed[self.reason.isna()]
        self._fault("duplicate", keys[0], good.duplicated(subset=keys).reindex(self.text.index, fill_value=False))

    def rejected(self) -> tuple[RejectedRow, ...]:
        places = np.flatnonzero(self.reason.notna())
        lines, reasons, columns = (list(part) for part in (self.text[LINE], self.reason, self.column))
        return tuple(
            RejectedRow(lines[place], columns[place], reasons[place], self._value_class(int(place), columns[place]))
            for place in places
        )

    def _value_class(self, place: int, name: str | None) -> str:
        cell: Any = self.text[name].iloc[place] if name else None
        if not isinstance(cell, str):
            return "empty"
        if cell.isdigit():
            return "digits"
        return "letters" if cell.isalpha() else "mixed"

    def _fault(self, code: str, column: str | None, where: pd.Series) -> None:
        new = where.fillna(False).astype(bool) & self.reason.isna()
        self.reason[new] = code
        self.column[new] = column

    def _persons(self, participants: Collection[str] | None, consented: Collection[str] | None) -> None:
        number = self.text["participant_number"]
        if participants is not None:
            self._fault("unknown_participant", "participant_number", ~number.isin(list(participants)))
        if consented is not None:
            self._fault("no_consent", "participant_number", ~number.isin(list(consented)))

    def _converted(self, column: Column) -> pd.Series:
        text = self.text[column.name]
        if not column.may_be_empty:
            self._fault("empty", column.name, text.isna())
        if column.kind in ("date", "month"):
            return self._date(column, text)
        if column.kind in ("number", "integer"):
            return self._number(column, text)
        if column.kind == "truth":
            return self._truth(column, text)
        if column.kind == "code":
            numeric = all(code.isdigit() for code in column.codes)
            text = _without_fraction(text) if numeric else text
            self._fault("unknown_code", column.name, text.notna() & ~text.isin(list(column.codes)))
            return self._as_number_where_all_are(text) if numeric else text
        return text

    def _date(self, column: Column, text: pd.Series) -> pd.Series:
        formats = ("%Y-%m-%d", "%d.%m.%Y") if column.kind == "date" else ("%Y-%m", "%m.%Y", "%Y-%m-%d")
        parsed = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
        for pattern in formats:
            parsed = parsed.fillna(pd.to_datetime(text, format=pattern, errors="coerce").astype("datetime64[us]"))
        self._fault("not_a_date" if column.kind == "date" else "not_a_month", column.name, text.notna() & parsed.isna())
        self._fault("in_the_future", column.name, parsed > self.today)
        return parsed

    def _number(self, column: Column, text: pd.Series) -> pd.Series:
        """Numbers with a decimal comma or point; a space may stand between thousands."""
        plain = text.str.replace(r"[\s\u00a0]", "", regex=True).str.replace(",", ".", regex=False)
        parsed = pd.to_numeric(plain, errors="coerce").astype("float64")
        finite = parsed.where(np.isfinite(parsed))
        self._fault("not_a_number", column.name, text.notna() & finite.isna())
        if column.kind == "integer":
            self._fault("not_a_number", column.name, finite.notna() & (finite % 1 != 0))
        self._fault("out_of_range", column.name, (finite < column.bounds[0]) | (finite > column.bounds[1]))
        return finite

    def _truth(self, column: Column, text: pd.Series) -> pd.Series:
        lower = _without_fraction(text).str.lower()
        yes, no = lower.isin(_TRUE), lower.isin(_FALSE)
        self._fault("not_yes_or_no", column.name, text.notna() & ~yes & ~no)
        return pd.Series(np.where(yes, 1.0, np.where(no, 0.0, np.nan)), index=text.index)

    def _keep_further(self) -> None:
        """Columns that only the plan knows: numbers where every cell is one, else text."""
        for name in self.text.columns.difference([*self.register.names, LINE, WIDTH], sort=False):
            self.typed[name] = self._as_number_where_all_are(self.text[name])

    @staticmethod
    def _as_number_where_all_are(text: pd.Series) -> pd.Series:
        parsed = pd.to_numeric(text.str.replace(",", ".", regex=False), errors="coerce")
        return text if (parsed.isna() & text.notna()).any() else parsed.astype("float64")


def _without_fraction(text: pd.Series) -> pd.Series:
    """Whole numbers as programs write them once a cell of their column was empty: 1.0 is 1."""
    return text.str.replace(r"^(\d+)[.,]0$", r"\1", regex=True)


def _overlaps(accepted: pd.DataFrame, register: Register) -> int:
    """Spells that begin before an earlier one of the same person and kind has ended; jobs may, so they do not count."""
    if not register.is_spells or "full_time_hours" in accepted:
        return 0
    kinds = [column.name for column in register.columns if column.kind == "code"]
    ordered = accepted.sort_values(["participant_number", *kinds, "start"])
    latest = ordered["end"].fillna(pd.Timestamp("2200-01-01"))
    groups = [ordered[name] for name in ("participant_number", *kinds)]
    earlier = latest.groupby(groups).cummax().groupby(groups).shift()
    return int((ordered["start"] <= earlier).sum())
