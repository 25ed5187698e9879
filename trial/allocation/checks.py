"""The start-up check of this room: every sealed seed opens with the key at hand."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from trial.allocation.models import SealedSeed
from trial.allocation.rotation import unopened


def sealed_seeds(databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """E020: the wrong SEED_KEY; draws would fail one by one. Asks only where a database may be asked, and has it."""
    if not databases or not _has_seeds():
        return []
    lost = unopened()
    if not lost:
        return []
    hint = "Set SEED_KEY to the key that sealed them, or OLD_SEED_KEY and run allocation_rotate_key."
    return [Error(f"{len(lost)} sealed seeds do not open with SEED_KEY.", hint=hint, id="navtrial.E020")]


def _has_seeds() -> bool:
    """Whether the table stands; a database out of reach is for the readiness probe to tell."""
    try:
        return SealedSeed._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False
