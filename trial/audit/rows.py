"""Rows read and written by statements that are made once, several of them in one round trip.

The ORM composes its SQL anew for every row, which takes longer than the row itself. What lies on the way of a draw
goes through here: the models, their guards and the planes stay as they are, and the server prepares the statements.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Generic, TypeVar

import psycopg
from django.contrib.postgres.fields import RangeField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, JSONField, Model

Row = TypeVar("Row", bound=Model)
Cursor = psycopg.Cursor[tuple[Any, ...]]
Fields = tuple[Any, ...]  # concrete fields of a model

MOST_TOGETHER = 18  # writes in one statement


def ask(statement: str, *parameters: Any) -> Cursor:
    """Run a statement that the server prepares. Within `one_trip` its result arrives when it is fetched."""
    return _asked(database_here(), statement, parameters)


@contextmanager
def one_trip() -> Iterator[None]:
    """Send what is asked within without waiting for one another's answers; all are there when it ends."""
    database = database_here()
    with database.wrap_database_errors:
        database.ensure_connection()
        with database.connection.pipeline():
            yield


@contextmanager
def written_together(*, then: Callable[[], None] | None = None) -> Iterator[None]:
    """Write the rows that are added and changed within in one trip at its end, in one statement or a few.

    Rows of one statement are written in no particular order and do not see one another; a row changed twice begins
    another. `then`: what is asked for in the same trip, such as the commit, which no error lets come to pass.
    """
    database, gathered = database_here(), _Gathered()
    database.gathered = gathered  # type: ignore[attr-defined]
    try:
        yield
    finally:
        database.gathered = None  # type: ignore[attr-defined]
    with one_trip():
        for writes in gathered.statements:
            _write_all(database, writes)
        if then:
            then()


def apart() -> None:
    """What is written after this goes into another statement: one that has been made before costs the server less."""
    gathered: _Gathered | None = getattr(database_here(), "gathered", None)
    if gathered:
        gathered.begin()


def insert(row: Model) -> None:
    """Write a new row. A key that the database makes up stays unknown here."""
    statement, fields = _insertion(type(row))
    database = database_here()
    _write(database, _Write(statement, _values(row, fields, database)))
    row._state.adding = False


def update(row: Model, names: Iterable[str]) -> None:
    """Write the named fields of a row. Raises DatabaseError where it is not there, or may not be changed."""
    statement, fields = _change(type(row), tuple(names))
    database = database_here()
    values = [*_values(row, fields, database), row.pk]
    _write(database, _Write(statement, values, changes=(row._meta.db_table, row.pk)))


class Columns(Generic[Row]):
    """Columns of a model's table, all or only those named, and the instance that a row of them makes.

    What is left out is read when it is asked for, as where the ORM defers it.
    """

    def __init__(self, model: type[Row], only: str = "") -> None:
        self.model, self._only = model, only.split()

    def __str__(self) -> str:
        return ", ".join(f"{self.model._meta.db_table}.{_quoted(field)}" for field in self.fields)

    def made(self, values: Iterable[Any]) -> Row:
        given = list(values)
        for place, convert in self._conversions:
            if given[place] is not None:
                given[place] = convert(given[place], None, None)
        row: Row = self.model.from_db("default", self._names, given)
        return row

    @cached_property
    def fields(self) -> Fields:
        named = self._only
        return tuple(field for field in self.model._meta.concrete_fields if not named or field.attname in named)

    @cached_property
    def key_place(self) -> int:
        return next(place for place, field in enumerate(self.fields) if field.primary_key)

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self.fields]

    @cached_property
    def _conversions(self) -> list[tuple[int, Callable[..., Any]]]:
        places = enumerate(self.fields)
        return [(place, convert) for place, field in places for convert in field.get_db_converters(database_here())]


class Rows(Generic[Row]):
    """Rows of a model by a statement in SQL, in which `{columns}` stands for all columns of the model's table."""

    def __init__(self, model: type[Row], template: str, only: str = "") -> None:
        self.model, self.template, self.columns = model, template, Columns(model, only)

    def ask(self, *parameters: Any) -> "Answer[Row]":
        database = database_here()
        return Answer(self, database, _asked(database, self._statement, parameters))

    @cached_property
    def _statement(self) -> str:
        return self.template.format(columns=self.columns)


class Answer(Generic[Row]):
    """The rows that were asked for, taken when they are needed."""

    def __init__(self, rows: Rows[Row], database: BaseDatabaseWrapper, cursor: Cursor) -> None:
        self._rows, self._database, self._cursor = rows, database, cursor

    def all(self) -> list[Row]:
        with self._database.wrap_database_errors:
            return [self._rows.columns.made(values) for values in self._cursor.fetchall()]

    def first(self) -> Row | None:
        return next(iter(self.all()), None)

    def one(self) -> Row:
        """Raises the model's DoesNotExist where there is none."""
        found = self.first()
        if found is None:
            raise self._rows.model.DoesNotExist  # type: ignore[attr-defined]
        return found


class Joined:
    """One row over several tables, each of which appears in the statement as `{its_name}`, for its columns."""

    def __init__(self, parts: Sequence[type[Model] | Columns[Any]], template: str) -> None:
        self.template = template
        self.parts = [part if isinstance(part, Columns) else Columns(part) for part in parts]

    def ask(self, *parameters: Any) -> "JoinedAnswer":
        database = database_here()
        return JoinedAnswer(self, database, _asked(database, self._statement, parameters))

    @cached_property
    def _statement(self) -> str:
        return self.template.format(**{part.model._meta.db_table: part for part in self.parts})


class JoinedAnswer:
    """The row that was asked for, taken when it is needed."""

    def __init__(self, joined: Joined, database: BaseDatabaseWrapper, cursor: Cursor) -> None:
        self._joined, self._database, self._cursor = joined, database, cursor

    def take(self) -> list[Any]:
        """An instance of each model, None where an outer join found no row; all None where there is nothing at all."""
        with self._database.wrap_database_errors:
            values = self._cursor.fetchone()
        rest, found = iter(values or ()), []
        for part in self._joined.parts:
            mine = [next(rest, None) for _ in part.fields]
            found.append(None if mine[part.key_place] is None else part.made(mine))
        return found


@dataclass(frozen=True)
class _Write:
    """A statement with its values; for a change also its table and key, where exactly one row must be met."""

    statement: str
    values: list[Any]
    changes: tuple[str, Any] | None = None


class _Gathered:
    """Writes that wait for their trip, by the statement that they go into."""

    def __init__(self) -> None:
        self.statements: list[list[_Write]] = []

    def add(self, write: _Write) -> None:
        newest = self.statements[-1] if self.statements else []
        twice = write.changes and write.changes in [each.changes for each in newest]
        if twice or not newest or len(newest) == MOST_TOGETHER:
            self.begin()
        self.statements[-1].append(write)

    def begin(self) -> None:
        if not self.statements or self.statements[-1]:
            self.statements.append([])


def _write(database: BaseDatabaseWrapper, write: _Write) -> None:
    gathered: _Gathered | None = getattr(database, "gathered", None)
    if gathered is None:
        _write_all(database, [write])
    else:
        gathered.add(write)


def _write_all(database: BaseDatabaseWrapper, writes: Sequence[_Write]) -> None:
    if not writes:
        return
    statement = _together(tuple((write.statement, write.changes and write.changes[0]) for write in writes))
    _asked(database, statement, tuple(value for write in writes for value in write.values))


def _asked(database: BaseDatabaseWrapper, statement: str, parameters: tuple[Any, ...]) -> Cursor:
    with database.wrap_database_errors:
        if database.connection is None:
            database.ensure_connection()
        cursor: Cursor = psycopg.Cursor(database.connection)
        return cursor.execute(statement, parameters, prepare=True)


@lru_cache(maxsize=256)
def _together(writes: tuple[tuple[str, str | None], ...]) -> str:
    """One statement for all; an error of the database's own where a change has not met exactly one row."""
    parts, checks = [], []
    for place, (statement, table) in enumerate(writes):
        parts.append(f"w{place} AS ({statement}{' RETURNING 1' if table else ''})")
        checks += [_met_one(f"(SELECT count(*) FROM w{place})", table)] if table else []  # noqa: S608 - a number
    return f"WITH {', '.join(parts)} SELECT {', '.join(checks)}"


def _met_one(counted: str, table: str) -> str:
    """A sentence is no number: the server refuses to read it as one, says it, and does not get to the commit."""
    return f"CASE {counted} WHEN 1 THEN 1 ELSE ('a change in {table} met ' || {counted} || ' rows')::integer END"


@cache
def _insertion(model: type[Model]) -> tuple[str, Fields]:
    fields: Fields = tuple(field for field in model._meta.concrete_fields if not field.db_returning)
    columns, places = ", ".join(map(_quoted, fields)), ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", fields  # noqa: S608 - our own names


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> tuple[str, Fields]:
    fields: Fields = tuple(model._meta.get_field(name) for name in names)
    changes = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    return f"UPDATE {model._meta.db_table} SET {changes} WHERE {_quoted(model._meta.pk)} = %s", fields  # noqa: S608


def _quoted(field: Any) -> str:
    return database_here().ops.quote_name(field.column)


def _values(row: Model, fields: Fields, database: BaseDatabaseWrapper) -> list[Any]:
    """The values as the driver takes them. Most are taken as they are; what Django wraps, its fields wrap here too."""
    values = [getattr(row, field.attname) for field in fields]
    for place in _wrapped(fields):
        values[place] = fields[place].get_db_prep_save(values[place], database)
    return values


@cache
def _wrapped(fields: Fields) -> list[int]:
    return [place for place, field in enumerate(fields) if isinstance(field, (JSONField, BinaryField, RangeField))]


def database_here() -> BaseDatabaseWrapper:
    """The thread's connection itself: the proxy that Django exports looks it up again for each attribute."""
    return connections[DEFAULT_DB_ALIAS]
