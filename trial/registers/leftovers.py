"""What a process that was killed has left behind: found by its age and by what no row needs, and deleted.

A request may end between the writing of a file and the row that names it, a commit between the row and the deletion of
its file, a check in the middle of unpacking. Each leaves rows of people on a disk that nobody looks at any more.
"""

import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from trial.audit.actions import action, record
from trial.registers import snapshots
from trial.registers.models import Delivery, Upload
from trial.registers.states import DeliveryState
from trial.registers.storage import UNFINISHED, WORK, storage
from trial.studies.models import Trial

OLD = timedelta(days=2)  # no request, check or run is under way as long


@action
def forget_unneeded(*, by: None, trial: Trial) -> int:
    """Delete the stored files that no delivery of the trial needs; returns how many.

    Such as a file that was refused because the same had been delivered before, after it had been stored.
    """
    limit = datetime.now(tz=UTC) - OLD  # what a disk or bucket says of a file is the real time
    needed = set(_needed(trial))
    unneeded = [kept for kept in snapshots.kept(trial.code) if kept.changed_at < limit and kept.name not in needed]
    for kept in unneeded:
        snapshots.forget(kept.name)
    _tell(by, trial.code, "unneeded", len(unneeded), sum(kept.size for kept in unneeded))
    return len(unneeded)


@action
def forget_abandoned(*, by: None, trials: Iterable[Trial]) -> int:
    """Delete what killed processes have left in the work folder, the storage and the folder of uploads.

    Args:
        trials: all of them: pieces of an upload that is none of theirs are nobody's.
    """
    old = time.time() - OLD.total_seconds()
    going_on = Upload.objects.filter(trial__in=trials, finished_at=None, thrown_at=None)
    live = {str(key) for key in going_on.values_list("pk", flat=True)}
    folders = [path for path in _folders(settings.WORK_ROOT) if path.name.startswith(WORK)]
    folders += [path for path in _folders(settings.UPLOAD_ROOT) if _is_key(path.name) and path.name not in live]
    abandoned = [path for path in folders if path.stat().st_mtime < old]
    for path in abandoned:
        shutil.rmtree(path, ignore_errors=True)
    halves = [kept for kept in storage().listed(UNFINISHED) if kept.changed_at.timestamp() < old]
    for kept in halves:
        storage().remove(kept.name)
    found = len(abandoned) + len(halves)
    _tell(by, "", "abandoned", found, sum(kept.size for kept in halves))
    return found


def _needed(trial: Trial) -> Iterator[str]:
    """The names of the files that the trial's deliveries still need."""
    undecided = (DeliveryState.RECEIVED, DeliveryState.CHECKED)
    for delivery in Delivery.objects.filter(trial=trial, destroyed_at=None):
        if delivery.state in undecided:
            yield snapshots.received(trial.code, delivery.sha256)
        if delivery.state != DeliveryState.REJECTED:
            yield snapshots.snapshot(trial.code, delivery.snapshot)
            yield snapshots.manifest(trial.code, delivery.snapshot)
        yield snapshots.rejected(trial.code, delivery.rejected_file)


def _tell(by: None, trial: str, why: str, files: int, size: int) -> None:
    if files:
        record(by=by, verb="leftovers_deleted", trial=trial, files=files, bytes=size, why=why)


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()] if root.is_dir() else []


def _is_key(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
