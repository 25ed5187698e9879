"""Which PostgreSQL role the code at hand speaks as, and whose rows it may see.

Tables with people have row-level security that is forced, also on their owner. What they let through is decided by
three settings that live exactly as long as one transaction (`SET LOCAL`), so a pooled connection cannot carry one
user's rows to the next. Without a plane there are no rows: a forgotten check shows nothing instead of everything.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.db.transaction import atomic

from trial.audit.rows import ask, database_here

View = TypeVar("View", bound=Callable[..., Any])


class DatabaseRole(StrEnum):
    """The roles that migrations make; their grants are the planes of data."""

    OFFICE = "office"
    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    DRAW = "draw"
    RESPONDENT = "respondent"  # whoever holds a personal link to a questionnaire
    LINKAGE = "linkage"  # the making of one approved key file: numbers and national ids, no names
    OWNER = "none"  # what SET ROLE calls "back to the one who signed in": migrations and maintenance


@dataclass(frozen=True)
class Plane:
    """A database role with the user, the offices and the trials whose rows it is limited to (keys of `studies`).

    `link`: the SHA-256 of the personal link that a respondent holds, which is all that opens rows to that role.
    """

    role: DatabaseRole
    user_id: int | None = None
    offices: tuple[int, ...] = ()
    trials: tuple[int, ...] = ()
    link: str = ""

    @property
    def settings(self) -> dict[str, str]:
        return {
            "role": self.role.value,
            "app.user": str(self.user_id or ""),
            "app.offices": ",".join(map(str, self.offices)),
            "app.trials": ",".join(map(str, self.trials)),
            "app.link": self.link,
            "app.maintenance": "",
        }


@dataclass(frozen=True)
class _Maintenance(Plane):
    @property
    def settings(self) -> dict[str, str]:
        return super().settings | {"app.maintenance": "on"}


NOBODY = Plane(DatabaseRole.OWNER)
SETTINGS = "SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in NOBODY.settings)
_current: ContextVar[Plane] = ContextVar("plane", default=NOBODY)


def current() -> Plane:
    """The plane of the code that asks."""
    return _current.get()


@contextmanager
def acting_in(plane: Plane) -> Iterator[None]:
    """Name the plane for every `transaction()` opened within; touches no database."""
    token = _current.set(plane)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction in the plane at hand. A rollback takes the settings back by itself; a commit ends them."""
    database = database_here()
    nested = database.in_atomic_block
    before = _applied()
    try:
        with atomic():
            _apply(current())
            yield
            if nested and not database.needs_rollback:
                _apply(before)
    finally:
        database.applied_plane = before  # type: ignore[attr-defined]


@contextmanager
def entered(plane: Plane) -> Iterator[None]:
    """`acting_in` and `transaction` in one: the usual way in."""
    with acting_in(plane), transaction():
        yield


@contextmanager
def maintenance() -> Iterator[None]:
    """See every row as the owner of the tables: commands, set-up and checks; never a request."""
    with entered(_Maintenance(DatabaseRole.OWNER)):
        yield


def own_transactions(view: View) -> View:
    """Mark a view that opens its own transactions: the draw commits twice in one request."""
    view.own_transactions = True  # type: ignore[attr-defined]
    return view


def _applied() -> Plane:
    database = database_here()
    plane: Plane = getattr(database, "applied_plane", NOBODY) if database.in_atomic_block else NOBODY
    return plane


def _apply(plane: Plane) -> None:
    ask(SETTINGS, *plane.settings.values())
    database_here().applied_plane = plane  # type: ignore[attr-defined]
