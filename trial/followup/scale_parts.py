"""What the makers of a large trial share: who is in it, and rows written many at a time.

PostgreSQL refuses COPY into a table with row-level security, so the rows come by COPY into a table of the moment and
from there in one statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import numpy as np
from django.db import connection

from trial.access.models import User
from trial.followup.models import EmploymentSpecialist
from trial.studies.models import Office, Trial


@dataclass(frozen=True)
class Amount:
    """How much of everything; two of three participants are drawn to follow-up."""

    offices: int
    specialists: int
    participants: int
    contacts: int


@dataclass(frozen=True)
class Person:
    """One synthetic participant; `specialist` is the place of the specialist, None for the control group."""

    key: UUID
    office: Office
    drawn: date
    specialist: int | None


@dataclass(frozen=True)
class Staff:
    """Those who run the trial: its lead, one coordinator, a supervisor per office, the specialists in order."""

    lead: User
    coordinator: User
    supervisors: list[User]
    specialists: list[EmploymentSpecialist]


@dataclass(frozen=True)
class World:
    """The trial as it has been written so far, and the chance by which the rest is drawn."""

    trial: Trial
    offices: list[Office]
    staff: Staff
    people: list[Person]
    today: date
    rng: np.random.Generator

    @property
    def now(self) -> datetime:
        return at(self.today)

    @property
    def followed(self) -> list[Person]:
        return [person for person in self.people if person.specialist is not None]

    def chance(self, part: float) -> bool:
        """True in `part` of the times."""
        return bool(self.rng.random() < part)

    def days(self, most: int) -> timedelta:
        return timedelta(days=int(self.rng.integers(0, most)))

    def key(self) -> UUID:
        return UUID(bytes=self.rng.bytes(16), version=4)

    def post(self, person: Person) -> EmploymentSpecialist:
        assert person.specialist is not None  # noqa: S101 - asked of those who are followed only
        return self.staff.specialists[person.specialist]


def insert(table: str, columns: str, rows: Iterable[tuple]) -> None:
    names = ", ".join(f'"{name}"' for name in columns.split())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE scale_rows AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608
        with cursor.copy(f"COPY scale_rows ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM scale_rows")  # noqa: S608
        cursor.execute("DROP TABLE scale_rows")


def at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def gather() -> None:
    """Check what waits to be checked, and gather statistics, as the server does by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ANALYZE")
