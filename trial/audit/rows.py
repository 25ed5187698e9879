"""Rows read and written by statements that are made once for a model, several of them in one round trip.

The ORM composes its SQL anew for every row, which takes longer than the row itself. What lies on the way of a draw
goes through here: the models, their guards and the planes stay as they are, and the server prepares the statements.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DatabaseError, connection
from django.db.models import Model

Row = TypeVar("Row", bound=Model)
Cursor = psycopg.Cursor[tuple[Any, ...]]
Fields = Sequence[Any]  # concrete fields of a model


def ask(statement: str, *parameters: Any) -> Cursor:
    """Run a statement that the server prepares. Within `one_trip` its result arrives when it is fetched."""
    with connection.wrap_database_errors:
        connection.ensure_connection()
        cursor: Cursor = psycopg.Cursor(connection.connection)
        return cursor.execute(statement, parameters, prepare=True)


@contextmanager
def one_trip() -> Iterator[None]:
    """Send the statements within without waiting for one another's results; all have succeeded when it ends.

    Not for the ORM's UPDATE and DELETE, which want to know at once how many rows they met.
    """
    promised: list[tuple[Cursor, str]] = []
    connection.promised_rows = promised  # type: ignore[attr-defined]
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
    finally:
        connection.promised_rows = None  # type: ignore[attr-defined]
    for cursor, table in promised:
        _one_row(cursor, table)


def insert(row: Model) -> None:
    """Write a new row. A key that the database makes up stays unknown here."""
    statement, fields = _insertion(type(row))
    ask(statement, *_values(row, fields))
    row._state.adding = False


def update(row: Model, names: Iterable[str]) -> None:
    """Write the named fields of a row. Raises DatabaseError where it is not there, or may not be changed."""
    statement, fields = _change(type(row), tuple(names))
    cursor = ask(statement, *_values(row, fields), row.pk)
    promised = getattr(connection, "promised_rows", None)
    if promised is None:
        _one_row(cursor, row._meta.db_table)
    else:
        promised.append((cursor, row._meta.db_table))


class Rows(Generic[Row]):
    """Rows of a model by a statement in SQL, in which `{columns}` stands for all columns of the model's table."""

    def __init__(self, model: type[Row], statement: str) -> None:
        self.model, self.template = model, statement

    def ask(self, *parameters: Any) -> "Answer[Row]":
        return Answer(self, ask(self._statement, *parameters))

    def made(self, values: Iterable[Any]) -> Row:
        """The instance of a row of the database."""
        given = list(values)
        for place, convert in self._conversions:
            given[place] = convert(given[place], None, connection)
        row: Row = self.model.from_db("default", self._names, given)
        return row

    @cached_property
    def _statement(self) -> str:
        table = self.model._meta.db_table
        return self.template.format(columns=", ".join(f"{table}.{_quoted(field)}" for field in self._fields))

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _conversions(self) -> list[tuple[int, Callable[..., Any]]]:
        places = enumerate(self._fields)
        return [(place, convert) for place, field in places for convert in field.get_db_converters(connection)]

    @property
    def _fields(self) -> Fields:
        return self.model._meta.concrete_fields


class Answer(Generic[Row]):
    """The rows that were asked for, taken when they are needed."""

    def __init__(self, rows: Rows[Row], cursor: Cursor) -> None:
        self._rows, self._cursor = rows, cursor

    def all(self) -> list[Row]:
        with connection.wrap_database_errors:
            return [self._rows.made(values) for values in self._cursor.fetchall()]

    def first(self) -> Row | None:
        return next(iter(self.all()), None)

    def one(self) -> Row:
        """Raises the model's DoesNotExist where there is none."""
        found = self.first()
        if found is None:
            raise self._rows.model.DoesNotExist  # type: ignore[attr-defined]
        return found


@cache
def _insertion(model: type[Model]) -> tuple[str, Fields]:
    fields = [field for field in model._meta.concrete_fields if not field.db_returning]
    places = ", ".join(["%s"] * len(fields))
    columns = ", ".join(map(_quoted, fields))
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", fields  # noqa: S608 - names of our own models


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> tuple[str, Fields]:
    fields: Fields = [model._meta.get_field(name) for name in names]
    changes = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    return f"UPDATE {model._meta.db_table} SET {changes} WHERE {_quoted(model._meta.pk)} = %s", fields  # noqa: S608


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _values(row: Model, fields: Fields) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _one_row(cursor: Cursor, table: str) -> None:
    if cursor.rowcount != 1:
        raise DatabaseError(f"a change in {table} met {cursor.rowcount} rows instead of one")
