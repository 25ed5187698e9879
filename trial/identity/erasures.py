"""The register of erasures: outside the database, so that a restored backup can be made to forget again.

A file of lines in JSON, only ever added to: whose key was destroyed (the participant's key, no name), when and by whom.
It belongs on storage that is not restored together with the database. After a restore, `manage.py erasures replay`
carries out every erasure that the backup does not know.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from trial.identity.models import IdentityRecord


@dataclass(frozen=True)
class Erasure:
    """One line of the register. `by`: key of the user who carried it out."""

    subject: UUID
    trial: str
    erased_at: datetime
    by: int | None

    def line(self) -> str:
        said = {"subject": str(self.subject), "trial": self.trial, "erased_at": self.erased_at.isoformat()}
        return json.dumps(said | {"by": self.by}) + "\n"

    @classmethod
    def read(cls, line: str) -> "Erasure":
        said = json.loads(line)
        return cls(UUID(said["subject"]), said["trial"], datetime.fromisoformat(said["erased_at"]), said["by"])


def note_after_commit(erasure: Erasure) -> None:
    """Note an erasure once it is committed. What a crash in between leaves out, `note_missing` finds."""
    transaction.on_commit(partial(note, [erasure]), robust=True)


def note(erasures: Iterable[Erasure]) -> None:
    """Add erasures to the register; they are on the disk when this returns."""
    with _opened() as file:
        file.writelines(erasure.line() for erasure in erasures)
        file.flush()
        os.fsync(file.fileno())


def noted() -> list[Erasure]:
    """Every erasure of the register, oldest first. A last line that a crash cut short counts as none."""
    path = Path(settings.ERASURE_REGISTER)
    if not path.exists():
        return []
    whole, _end, _rest = path.read_text(encoding="ascii").rpartition("\n")
    return [Erasure.read(line) for line in whole.splitlines()]


def note_missing() -> int:
    """Note the erasures that the database knows and the register does not; how many."""
    known = {erasure.subject for erasure in noted()}
    erased = IdentityRecord.objects.filter(key_destroyed_at__isnull=False).exclude(subject__in=known)
    rows = erased.values_list("subject", "trial_code", "key_destroyed_at", "key_destroyed_by")
    missing = [Erasure(key, trial, erased_at, by) for key, trial, erased_at, by in rows if erased_at]
    note(missing)
    return len(missing)


def undone() -> list[Erasure]:
    """The noted erasures whose person the database still, or again, can read."""
    readable = set(IdentityRecord.objects.filter(wrapped_key__isnull=False).values_list("subject", flat=True))
    return [erasure for erasure in noted() if erasure.subject in readable]


@contextmanager
def _opened() -> Iterator[IO[str]]:
    """The register at its end, for this process alone; a line that a crash cut short is ended first."""
    path = Path(settings.ERASURE_REGISTER)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _drop_half_line(file)
        yield file


def _drop_half_line(file: IO[str]) -> None:
    text = file.read()
    if text and not text.endswith("\n"):
        file.truncate(text.rfind("\n") + 1)
