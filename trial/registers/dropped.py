"""Files that the secure room's own transfer has put in the trial's drop folder."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from evaluation.formats import SUFFIXES
from trial.access.models import User
from trial.access.refusals import Refusal, not_found
from trial.audit.actions import action
from trial.registers.actions import receive
from trial.registers.models import Delivery
from trial.studies.models import Trial

SETTLED_SECONDS = 15  # a file that was written to so lately may still be on its way


@dataclass(frozen=True)
class Dropped:
    """A file that lies in the trial's drop folder."""

    name: str
    size: int
    changed_at: datetime


def dropped_files(trial: Trial) -> list[Dropped]:
    """What waits in the trial's drop folder, oldest first; empty where the site has none."""
    found = [Dropped(path.name, path.stat().st_size, _changed(path)) for path in _waiting(trial)]
    return sorted(found, key=lambda file: file.changed_at)


@action
def receive_dropped(*, by: User, trial: Trial, name: str, register: str, source: str) -> Delivery:
    """Take in a file of the drop folder; it leaves the folder once the delivery is there.

    Raises:
        Refusal: `not_found` when it is not there any more, `still_arriving`, and as `actions.receive`.
    """
    path = next((path for path in _waiting(trial) if path.name == name), None)
    if path is None:
        raise not_found(_("Filen ligger ikke i mappen lenger."))
    before = path.stat()
    if time.time() - before.st_mtime < SETTLED_SECONDS:
        raise _still_arriving()
    with path.open("rb") as file:
        delivery = receive(by=by, trial=trial, register=register, source=source, file=File(file, name=path.name))
    if (path.stat().st_mtime, path.stat().st_size) != (before.st_mtime, before.st_size):
        raise _still_arriving()
    transaction.on_commit(partial(path.unlink, missing_ok=True))
    return delivery


def _still_arriving() -> Refusal:
    """Half a file may well be read as a whole one with fewer rows."""
    return Refusal(
        "still_arriving", _("Filen er nettopp endret. Vent til overføringen er ferdig, og prøv igjen."), field="name"
    )


def lying(trial: Trial) -> list[Path]:
    """Every file and link in the trial's drop folder and below it, of whatever kind."""
    folder = _folder(trial)
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()) if folder else []


def _waiting(trial: Trial) -> Iterator[Path]:
    """Plain files with a known ending; a link could lead out of the folder."""
    folder = _folder(trial)
    for path in folder.iterdir() if folder else ():
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
            yield path


def _folder(trial: Trial) -> Path | None:
    folder = Path(settings.DROP_ROOT) / trial.code
    return folder if settings.DROP_ROOT and folder.is_dir() and not folder.is_symlink() else None


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
