"""A delivery under judgement, in DuckDB: every row is accepted, or rejected with its line, column and reason.

The file passes through memory in pieces. What is known of it lies in tables that DuckDB moves to a folder of their own
when they need more than `MEMORY`.
"""

import errno
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from evaluation.cell_rules import Fault, cell_of, faults_of, number, value_class
from evaluation.columns import REGISTERS, Column, Register
from evaluation.errors import EvaluationError
from evaluation.formats import Text, clean_name
from evaluation.national_id import holds_identity
from evaluation.profile import coverage_of, overlaps_of, profile_of

MEMORY: Final = "1GB"
ACCEPTED: Final = "accepted.parquet"
REJECTED: Final = "rejected.parquet"
SAMPLE_ROWS: Final = 5
MOST_QUERIES: Final = 50  # for all columns together
NO_SPACE: Final = 64 << 20  # bytes: DuckDB asks for pieces of this order
TELL_EVERY: Final = 10  # batches

# Ten digits or more with at most three signs between them: every identity number, and few other things. A number with a
# long fraction, as programs write the results of a division, is none.
_MANY_DIGITS: Final = r"\p{Nd}(?:[^\p{Nd}]{0,3}\p{Nd}){9}"
_LONG_FRACTION: Final = r"[+-]?[0-9]*[.,][0-9]{6,}(?:[eE][+-]?[0-9]+)?"

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class People:
    """Whom the rows may be about: numbers of the trial, of those whose consent covers the register, and their group.

    None accepts any number. `groups` tells nothing of the arm: coverage is shown by it while arms are masked.
    """

    participants: Collection[str] | None = None
    consented: Collection[str] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> Collection[str] | None:
        return self.participants if self.consented is None else self.consented


ANYBODY: Final = People()


@dataclass(frozen=True)
class Judgement:
    """What was found. `rows` = `accepted` + `rejected`, unless the whole file is `refused`; blank lines are no rows.

    The accepted rows lie in the folder as `accepted.parquet`, the others as `rejected.parquet` (line, column,
    value_class, reason). `header` and `sample` show what the file looks like where its columns are not known.
    """

    register: str
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    blank_lines: int = 0
    refused: str | None = None
    missing: tuple[str, ...] = ()
    coverage: float | None = None
    overlaps: int = 0
    columns: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    coverage_by_group: tuple[Mapping[str, Any], ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    sample: tuple[tuple[str | None, ...], ...] = ()


def judge(
    register: str,
    text: Text,
    *,
    folder: Path,
    columns: Mapping[str, str] | None = None,
    people: People = ANYBODY,
    today: date,
    progress: Progress = lambda _label, _rows: None,
    memory: str = MEMORY,
) -> Judgement:
    """Judge an opened file as a delivery of `register`, and write the accepted and the rejected rows to `folder`.

    Args:
        columns: column of the file -> column of the register, where they are called differently; others keep theirs.
        today: no date may lie after it.
        progress: called as progress(label, rows) while it goes on; labels are read, check and write.

    Raises:
        EvaluationError: `unknown_register`, `too_much_memory`, and what the reading of the file raises.
        OSError: the disk is full, which tells nothing of the file.
    """
    if register not in REGISTERS:
        raise EvaluationError("unknown_register", f"no register is called {register}; known: {', '.join(REGISTERS)}")
    with duckdb.connect(config={"memory_limit": memory, "threads": 2, "temp_directory": str(folder)}) as connection:
        connection.execute("SET enable_progress_bar = false")  # standard output may be somebody's protocol
        court = _Court(connection, folder, register, text, dict(columns or {}), today)
        try:
            return court.judgement(people, progress)
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise EvaluationError("too_much_memory", "the check needs more memory than it may have") from error


class _Court:
    """One delivery. In SQL the file's columns are c0, c1, ... and their values v0, v1, ...; a name is never code.

    A row is known by its place among the rows that were read: several may stand on one line, as the periods of one job.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        register: str,
        text: Text,
        columns: dict[str, str],
        today: date,
    ) -> None:
        self.connection = connection
        self.folder = folder
        self.code = register
        self.register: Register = REGISTERS[register]
        self.text = text
        called = {clean_name(name): wanted for name, wanted in columns.items()}
        self.places = {called.get(name, name): f"c{place}" for place, name in enumerate(text.names)}
        self.today = today.isoformat()

    def judgement(self, people: People, progress: Progress) -> Judgement:
        self._stage(progress)
        rows, blank = self._counted()
        known = Judgement(self.code, rows, blank_lines=blank, facts=self.text.facts, header=self.text.names)
        if self._holds_national_id():
            return _refused(known, "national_id", header=())
        missing = tuple(c.name for c in self.register.columns if c.required and c.name not in self.places)
        if missing:
            return _refused(known, "missing_columns", missing=missing, sample=self._sample())
        progress("check", rows)
        self._judge(people)
        progress("write", rows)
        return self._written(known, people)

    # --- the file as it came

    def _stage(self, progress: Progress) -> None:
        """Every cell as text in a table, with its line; rows without any value are counted, and are no rows."""
        names = [f"c{place}" for place in range(len(self.text.names))]
        schema = pa.schema([*((name, pa.string()) for name in names), ("line", pa.int64()), ("fits", pa.bool_())])
        failed: list[Exception] = []
        reader = pa.RecordBatchReader.from_batches(schema, self._told(schema, progress, failed))
        self.connection.register("incoming", reader)
        try:
            self.connection.execute("CREATE TABLE staged AS SELECT * FROM incoming")
        except duckdb.Error as error:
            if failed:
                raise failed[0] from error
            if isinstance(error, duckdb.IOException) and shutil.disk_usage(self.folder).free < NO_SPACE:
                raise OSError(errno.ENOSPC, "the disk is full") from error
            code = "too_much_memory" if isinstance(error, duckdb.OutOfMemoryException) else "unreadable"
            raise EvaluationError(code, "the file could not be read") from error
        self.connection.unregister("incoming")

    def _told(self, schema: pa.Schema, progress: Progress, failed: list[Exception]) -> Iterator[pa.RecordBatch]:
        """The batches under the names of SQL. A refusal is kept: Arrow passes no more of it on than its text."""
        done = 0
        try:
            for turn, batch in enumerate(self.text.batches):
                done += batch.num_rows
                if turn % TELL_EVERY == 0:
                    progress("read", done)
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except (EvaluationError, OSError) as error:
            failed.append(error)
            raise

    def _counted(self) -> tuple[int, int]:
        anything = " OR ".join(f"c{place} IS NOT NULL" for place in range(len(self.text.names)))
        self.connection.execute(
            f"CREATE VIEW rows_of_file AS SELECT *, rowid AS place FROM staged WHERE NOT fits OR {anything}"
        )
        return self._number("SELECT count(*) FROM rows_of_file"), self._number(
            f"SELECT count(*) FROM staged WHERE fits AND NOT ({anything})"
        )

    def _holds_national_id(self) -> bool:
        """Look through header and cells; only what has as many digits as a number needs is looked at closely."""
        if any(holds_identity(name) for name in self.text.names):
            return True
        for cells in self._in_groups():
            found = self.connection.execute(
                f"SELECT DISTINCT cell FROM (SELECT {cells} AS cell FROM staged)"
                " WHERE length(cell) >= 10 AND cell NOT LIKE '____-__-__'"
                f" AND regexp_matches(cell, '{_MANY_DIGITS}') AND NOT regexp_full_match(cell, '{_LONG_FRACTION}')"
            )
            while chunk := found.fetchmany(10_000):
                if any(holds_identity(value) for (value,) in chunk):
                    return True
        return False

    def _in_groups(self) -> Iterator[str]:
        """The cells of one column after the other; of a wide file several at once, as each query takes its time."""
        cells = [f"c{place}" for place in range(len(self.text.names))]
        at_once = 1 + len(cells) // MOST_QUERIES
        for begin in range(0, len(cells), at_once):
            group = cells[begin : begin + at_once]
            yield group[0] if at_once == 1 else f"unnest([{', '.join(group)}])"

    def _sample(self) -> tuple[tuple[str | None, ...], ...]:
        cells = ", ".join(f"c{place}" for place in range(len(self.text.names)))
        return tuple(
            self.connection.execute(f"SELECT {cells} FROM rows_of_file ORDER BY place LIMIT {SAMPLE_ROWS}").fetchall()
        )

    # --- the judgement

    def _judge(self, people: People) -> None:
        """The table `judged`: place, fault (its number in `self.faults`, from 1), and the typed columns."""
        numeric = self._numeric  # a query
        self.cells = [cell_of(c, self.places[c.name], numeric=c.name in numeric) for c in self._columns]
        self.faults = list(self._faults(people))
        self._numbers("participants", people.participants)
        self._numbers("consented", people.consented)
        values = ", ".join(f"{cell.value} AS v{place}" for place, cell in enumerate(self.cells))
        cases = " ".join(f"WHEN {fault.condition} THEN {place}" for place, fault in enumerate(self.faults, 1))
        kept = ", ".join(f"v{place}" for place in range(len(self.cells)))
        self.connection.execute(
            f"CREATE TABLE judged AS SELECT place, CASE {cases} END AS fault, {kept}"
            f" FROM (SELECT *, {values} FROM rows_of_file)"
        )
        self._duplicates()

    @property
    def _columns(self) -> list[Column]:
        """Those of the register that the file has, and those that only the plan knows."""
        named = [column for column in self.register.columns if column.name in self.places]
        further = [name for name in self.places if self.register.further and name not in self.register.names]
        return [*named, *(Column(name, required=False, may_be_empty=True) for name in further)]

    @property
    def _numeric(self) -> set[str]:
        """Columns of the plan in which every cell that is not empty holds a number."""
        names = [column.name for column in self._columns if column.name not in self.register.names]
        if not names:
            return set()
        wrong = ", ".join(f"count({self.places[n]}) - count({number(self.places[n])})" for n in names)
        counts = self.connection.execute(f"SELECT {wrong} FROM rows_of_file").fetchone() or ()
        return {name for name, count in zip(names, counts, strict=True) if not count}

    def _faults(self, people: People) -> Iterator[Fault]:
        yield Fault("field_count", None, "NOT fits")
        places = {cell.column.name: f"v{place}" for place, cell in enumerate(self.cells)}
        for place, cell in enumerate(self.cells):
            yield from faults_of(cell, f"v{place}", self.today)
        if self.register.is_spells:
            yield Fault("end_before_start", "end", f"{places['end']} < {places['start']}")
        if self.register.of_persons:
            number_of = self.places["participant_number"]
            for code, table, given in (
                ("unknown_participant", "participants", people.participants),
                ("no_consent", "consented", people.consented),
            ):
                if given is not None:
                    yield Fault(code, "participant_number", f"{number_of} NOT IN (SELECT number FROM {table})")

    def _numbers(self, table: str, numbers: Collection[str] | None) -> None:
        given = pa.table({"number": pa.array(sorted(numbers or ()), pa.string())})
        self.connection.register("given", given)
        self.connection.execute(f"CREATE TABLE {table} AS SELECT number FROM given")
        self.connection.unregister("given")

    def _duplicates(self) -> None:
        """Rows that say again what an earlier one has said. Rows are compared where their hashes are equal."""
        names = self.register.once or tuple(cell.column.name for cell in self.cells)
        keys = ", ".join(f"v{place}" for place, cell in enumerate(self.cells) if cell.column.name in names)
        self.connection.execute(
            f"CREATE TABLE twice AS SELECT hash({keys}) AS h FROM judged WHERE fault IS NULL"
            " GROUP BY h HAVING count(*) > 1"
        )
        self.connection.execute(
            "CREATE TABLE duplicates AS SELECT place FROM (SELECT place,"
            f" row_number() OVER (PARTITION BY {keys} ORDER BY place) AS turn FROM judged"
            f" WHERE fault IS NULL AND hash({keys}) IN (SELECT h FROM twice)) WHERE turn > 1"
        )
        self.faults.append(Fault("duplicate", names[0], ""))

    # --- what is kept

    def _written(self, known: Judgement, people: People) -> Judgement:
        named = ", ".join(f"v{place} AS {_quoted(cell.column.name)}" for place, cell in enumerate(self.cells))
        self.connection.execute(
            f"CREATE VIEW accepted AS SELECT {named} FROM judged"
            " WHERE fault IS NULL AND place NOT IN (SELECT place FROM duplicates)"
        )
        self._copy("SELECT * FROM accepted", ACCEPTED)
        self._copy(self._rejected_rows(), REJECTED)
        # From here on the file that was written is asked, so that what is told is what is kept.
        accepted = f"read_parquet('{self.folder / ACCEPTED}')"
        rejected = f"read_parquet('{self.folder / REJECTED}')"
        reasons = dict(
            self.connection.execute(f"SELECT reason, count(*) FROM {rejected} GROUP BY 1 ORDER BY 1").fetchall()
        )
        coverage, by_group = coverage_of(self.connection, accepted, self.register, people.expected, people.groups)
        return Judgement(
            register=known.register,
            rows=known.rows,
            accepted=self._number(f"SELECT count(*) FROM {accepted}"),
            rejected=sum(reasons.values()),
            blank_lines=known.blank_lines,
            coverage=coverage,
            overlaps=overlaps_of(self.connection, accepted, self.register),
            columns=tuple(cell.column.name for cell in self.cells),
            reasons=reasons,
            coverage_by_group=by_group,
            profile=profile_of(self.connection, accepted, self.register, people.groups),
            facts=known.facts,
            header=known.header,
        )

    def _rejected_rows(self) -> str:
        texts = {cell.column.name: cell.text for cell in self.cells}
        found = "SELECT place, fault FROM judged WHERE fault IS NOT NULL"
        found += f" UNION ALL SELECT place, {len(self.faults)} FROM duplicates"
        columns = [f"WHEN {place} THEN '{fault.column or ''}'" for place, fault in enumerate(self.faults, 1)]
        classes = [
            f"WHEN {place} THEN {value_class(texts[fault.column]) if fault.column else repr('empty')}"
            for place, fault in enumerate(self.faults, 1)
        ]
        reasons = [f"WHEN {place} THEN '{fault.code}'" for place, fault in enumerate(self.faults, 1)]
        return (
            f'SELECT line, CASE fault {" ".join(columns)} END AS "column",'
            f" CASE fault {' '.join(classes)} END AS value_class, CASE fault {' '.join(reasons)} END AS reason"
            f" FROM ({found}) JOIN staged ON staged.rowid = place ORDER BY line, place"
        )

    def _copy(self, query: str, name: str) -> None:
        self.connection.execute(f"COPY ({query}) TO '{self.folder / name}' (FORMAT parquet, COMPRESSION zstd)")

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0


def _refused(known: Judgement, code: str, **more: Any) -> Judgement:
    return Judgement(**(known.__dict__ | {"refused": code} | more))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
