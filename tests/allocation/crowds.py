"""A crowd that may be enrolled: copies of the rows of one person who lived through the real actions.

What is tested with a crowd begins at the draw. The gate asks each copy the same as the first, who passed it by
deeds, and a thousand of them cost less than ten that are lived through.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from tests.allocation.trials import DrawCast
from trial.access.planes import maintenance
from trial.enrolment.numbers import new_number

KEY = "md5(another.number)::uuid"
COPIES = {  # table -> what is another's in each copy
    "enrolment_eligibilitycheck": {"key": KEY},
    "enrolment_participant": {"key": KEY, "number": "another.number"},
    "enrolment_consent": {"participant_id": KEY},
}


def crowd_of(made: DrawCast, count: int, **of: Any) -> list[str]:
    """The numbers of `count` people at one office who have consented. `of`: as for `DrawCast.people`."""
    first, numbers = made.people(1, **of)[0], set[str]()
    while len(numbers) < count:
        numbers.add(new_number(first.number[:3]))
        numbers.discard(first.number)
    with maintenance(), connection.cursor() as cursor:
        for table, changes in COPIES.items():
            cursor.execute(_copying(cursor, table, changes), {"first": first.pk, "numbers": sorted(numbers)})
    return sorted(numbers)


def _copying(cursor: Any, table: str, changes: Mapping[str, str]) -> str:
    """Column by column; a key that the database makes up is left to it."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'", [table]
    )
    columns = [name for (name,) in cursor.fetchall()]
    values = ", ".join(changes.get(name, f"own.{name}") for name in columns)
    owner = "participant_id" if "participant_id" in changes else "key"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "  # noqa: S608 - names of our own tables
        f"FROM enrolment_participant known JOIN {table} own ON own.{owner} = known.key, "
        "unnest(%(numbers)s::text[]) another (number) WHERE known.key = %(first)s"
    )
