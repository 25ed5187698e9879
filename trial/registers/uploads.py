"""Files that arrive piece by piece, and files that the secure room's own transfer has put in a folder.

An upload may stop anywhere: the next piece begins where the last one that arrived whole has ended. Nothing is a
delivery before every byte is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from evaluation.formats import SUFFIXES
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal, not_found
from trial.audit import clock
from trial.audit.actions import action, record
from trial.registers.actions import receive, refuse_unwanted
from trial.registers.models import Delivery, Upload
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.queries import trial_for

PIECE_BYTES = 8 << 20
MOST_PIECE_BYTES = 64 << 20


@action
def begin_upload(*, by: User, trial: Trial, register: str, source: str, file_name: str, size: int) -> Upload:
    """Announce a file, or find the upload of the same file that stopped on its way.

    Raises:
        Refusal: as `actions.receive`, before a byte has been sent.
    """
    require(by, trial, Permission.DELIVER)
    refuse_unwanted(trial, register, size)
    refuse_national_id(source=source, file=file_name)
    name = Path(file_name).name[-200:]
    same = {"trial": trial, "register": register, "source": source, "file_name": name, "size": size}
    stopped = Upload.objects.filter(**same, begun_by=by, finished_at=None).first()
    if stopped:
        return stopped
    upload = Upload.objects.create(**same, begun_at=clock.now(), begun_by=by)
    record(by=by, verb="upload_begun", trial=trial.code, subject=str(upload.pk), register=register, size=size)
    return upload


def upload_for(user: User, code: str, key: UUID) -> Upload:
    """One's own upload.

    Raises:
        Refusal: `not_found`, also for the upload of somebody else.
    """
    trial = trial_for(user, code, needing=Permission.DELIVER)
    found = Upload.objects.select_related("trial").filter(trial=trial, pk=key, begun_by=user).first()
    if found is None:
        raise not_found(_("Fant ikke opplastingen."))
    return found


@action
def add_piece(*, by: User, upload: Upload, offset: int, piece: bytes) -> Upload:
    """Write the next piece. Its bytes are on disk before the row says so; a piece that comes twice is refused.

    Raises:
        Refusal: `wrong_offset` when it does not begin where the last one ended, `piece_too_large`.
    """
    locked = Upload.objects.select_for_update(of=("self",)).select_related("trial").get(pk=upload.pk)
    require(by, locked.trial, Permission.DELIVER)
    if offset != locked.arrived or locked.finished_at:
        raise Refusal("wrong_offset", _("Opplastingen fortsetter et annet sted i filen."))
    if len(piece) > MOST_PIECE_BYTES or offset + len(piece) > locked.size:
        raise Refusal("piece_too_large", _("Delen er større enn det som mangler av filen."), status=422)
    place = place_of(locked)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with place.open("r+b" if place.exists() else "wb") as file:
        file.truncate(offset)  # what a request that broke off has left behind
        file.seek(offset)
        file.write(piece)
        file.flush()
    return locked.changed(arrived=offset + len(piece))


@action
def finish_upload(*, by: User, upload: Upload) -> Delivery:
    """Make a delivery of a file that has arrived whole.

    Raises:
        Refusal: `not_arrived` while bytes are missing, and as `actions.receive`.
    """
    locked = Upload.objects.select_for_update(of=("self",)).select_related("trial").get(pk=upload.pk)
    if locked.arrived < locked.size or locked.finished_at:
        raise Refusal("not_arrived", _("Hele filen har ikke kommet fram."))
    place = place_of(locked)
    with place.open("rb") as file:
        named = File(file, name=locked.file_name)
        delivery = receive(
            by=by, trial=locked.trial, register=locked.register, source=locked.source, file=named
        )  # fmt: skip
    locked.changed(finished_at=clock.now())
    transaction.on_commit(partial(place.unlink, missing_ok=True))
    return delivery


def place_of(upload: Upload) -> Path:
    """Where the bytes that have arrived lie."""
    return settings.UPLOAD_ROOT / str(upload.pk)


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
        Refusal: `not_found` when it is not there any more, and as `actions.receive`.
    """
    path = next((path for path in _waiting(trial) if path.name == name), None)
    if path is None:
        raise not_found(_("Filen ligger ikke i mappen lenger."))
    with path.open("rb") as file:
        delivery = receive(by=by, trial=trial, register=register, source=source, file=File(file, name=path.name))
    transaction.on_commit(partial(path.unlink, missing_ok=True))
    return delivery


def _waiting(trial: Trial) -> Iterator[Path]:
    """Plain files with a known ending; a link could lead out of the folder."""
    if not settings.DROP_ROOT:
        return
    folder = Path(settings.DROP_ROOT) / trial.code
    if folder.is_dir():
        for path in folder.iterdir():
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                yield path


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
