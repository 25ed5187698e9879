"""Judge a register delivery before anything else: every row is accepted, or rejected with its line and a reason."""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import pyarrow.parquet as pq

from evaluation.errors import EvaluationError
from evaluation.formats import USUAL_LIMITS, Limits, read, text_of
from evaluation.judging import ACCEPTED, ANYBODY, REJECTED, Judgement, People, Progress, judge

ROW_REASONS: Final = MappingProxyType(
    {
        "field_count": "the row has more or fewer fields than the header",
        "empty": "the column must not be empty",
        "formula": "a formula, which a register never sends",
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
        "unreadable": "not what its ending says, or damaged",
        "unknown_encoding": "in an encoding that is not read here: save it as UTF-8",
        "several_sheets": "several sheets of the workbook hold the register: put the rows in one of them",
        "unpacks_too_far": "unpacks to more than its size allows",
        "too_much_memory": "needs more memory than a check may have",
        "too_slow": "takes more time than a check may have",
        "too_demanding": "needs more memory or time than a check may have",
        "reader_crashed": "a library broke down on it: it is damaged, or made to do harm",
        "missing_columns": "columns are missing",
        "national_id": "holds a national identity number",
    }
)


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
    person and kind has ended: allowed, and worth a look. `missing` names the columns that the file lacks, `profile`
    (`profile.profile_of`) is what a later delivery is held against.
    """

    register: str
    rows: int
    accepted: pd.DataFrame = field(repr=False)
    rejected: tuple[RejectedRow, ...] = field(repr=False, default=())
    refused: str | None = None
    missing: tuple[str, ...] = ()
    coverage: float | None = None
    overlaps: int = 0
    blank_lines: int = 0
    profile: Mapping[str, Any] = field(repr=False, default_factory=dict)

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
            "blank_lines": self.blank_lines,
            "profile": dict(self.profile),
        }


def validate(
    register: str,
    source: Path | str | pd.DataFrame,
    *,
    name: str = "",
    participants: Collection[str] | None = None,
    consented: Collection[str] | None = None,
    columns: Mapping[str, str] | None = None,
    today: date,
    progress: Progress | None = None,
) -> ValidationReport:
    """Judge the file (or frame) `source` as a delivery of `register`.

    Args:
        register: a key of `columns.REGISTERS`.
        source: the file; `name` is the name it was sent under, where that differs.
        participants: the numbers of the trial; None accepts any.
        consented: the numbers whose consent covers this register; None means all of them.
        columns: column of the file -> column of the register, where they are called differently.
        today: no date may lie after it.
        progress: called as progress(label, rows) while it goes on; labels are read, check and write.

    Returns:
        ValidationReport, with all rows in memory; `validate_file` leaves them on disk.

    Raises:
        EvaluationError: `unknown_register`.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = validate_file(
            register,
            source,
            folder=Path(folder),
            name=name,
            people=People(participants, consented),
            columns=columns,
            today=today,
            progress=progress,
        )
        if found.refused:
            return ValidationReport(register, found.rows, pd.DataFrame(), refused=found.refused, missing=found.missing)
        return ValidationReport(
            register=register,
            rows=found.rows,
            accepted=pd.read_parquet(Path(folder, ACCEPTED)),
            rejected=_rejected(Path(folder, REJECTED)),
            coverage=found.coverage,
            overlaps=found.overlaps,
            blank_lines=found.blank_lines,
            profile=found.profile,
        )


def validate_file(
    register: str,
    source: Path | str | pd.DataFrame,
    *,
    folder: Path,
    name: str = "",
    people: People = ANYBODY,
    columns: Mapping[str, str] | None = None,
    today: date,
    limits: Limits = USUAL_LIMITS,
    progress: Progress | None = None,
) -> Judgement:
    """Judge a delivery of any size: accepted and rejected rows go to `folder`, memory stays bounded.

    A file that cannot be used at all is a Judgement too, with `refused`.

    Raises:
        EvaluationError: `unknown_register`.
    """
    try:
        if isinstance(source, pd.DataFrame):
            text = text_of(source)
        else:
            text = read(Path(source), name, scratch=folder / "scratch", limits=limits)
        return judge(
            register,
            text,
            folder=folder,
            columns=columns,
            people=people,
            today=today,
            progress=progress or (lambda _label, _rows: None),
        )
    except EvaluationError as error:
        if error.code not in FILE_REASONS:
            raise
        return Judgement(register, refused=error.code)


def _rejected(path: Path) -> tuple[RejectedRow, ...]:
    table = pq.read_table(path).to_pydict()
    rows = zip(table["line"], table["column"], table["reason"], table["value_class"], strict=True)
    return tuple(RejectedRow(line, column or None, code, kind) for line, column, code, kind in rows)
