"""Files that arrive piece by piece.

An upload may stop anywhere: the next piece begins where the last one that arrived whole has ended. Nothing is a
delivery before every byte is there, and what never gets there is thrown away.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal, not_found
from trial.audit import clock
from trial.audit.actions import action, record
from trial.registers import pieces
from trial.registers.actions import receive, refuse_unwanted
from trial.registers.models import Delivery, Upload
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.queries import trial_for

PIECE_BYTES = 8 << 20
MOST_PIECE_BYTES = 64 << 20


@action
def begin_upload(
    *, by: User, trial: Trial, register: str, source: str, file_name: str, size: int, edition: str = ""
) -> Upload:
    """Announce a file, or find the upload of the same file that stopped on its way.

    Raises:
        Refusal: as `actions.receive`, before a byte has been sent.
    """
    require(by, trial, Permission.DELIVER)
    refuse_unwanted(trial, register, size)
    refuse_national_id(source=source, file=file_name, edition=edition)
    name = Path(file_name).name[-200:]
    same = {"register": register, "source": source, "file_name": name, "size": size, "edition": edition}
    stopped = unfinished(trial).select_for_update(of=("self",)).filter(**same, begun_by=by).first()
    if stopped:
        # The disk is asked: pieces that are lost, with a disk or before a restored database, are sent again.
        return stopped.changed(arrived=min(stopped.arrived, pieces.held(stopped.pk)))
    upload = Upload.objects.create(trial=trial, **same, begun_at=clock.now(), begun_by=by)
    record(by=by, verb="upload_begun", trial=trial.code, subject=str(upload.pk), register=register, size=size)
    return upload


def unfinished(trial: Trial) -> QuerySet[Upload]:
    """The uploads of a trial that have begun, and have neither become a delivery nor been thrown away."""
    return Upload.objects.filter(trial=trial, finished_at=None, thrown_at=None).order_by("begun_at", "pk")


def own_unfinished(user: User, trial: Trial) -> list[Upload]:
    """Those that the user has begun, and may go on with."""
    return list(unfinished(trial).filter(begun_by=user))


def upload_for(user: User, code: str, key: UUID) -> Upload:
    """One's own upload.

    Raises:
        Refusal: `not_found`, also for the upload of somebody else and for one that was thrown away.
    """
    trial = trial_for(user, code, needing=Permission.DELIVER)
    found = Upload.objects.select_related("trial").filter(trial=trial, pk=key, begun_by=user, thrown_at=None).first()
    if found is None:
        raise not_found(_("Fant ikke opplastingen."))
    return found


@action
def add_piece(*, by: User, upload: Upload, offset: int, piece: bytes) -> Upload:
    """Write the next piece. Its bytes are on disk before the row says so; a piece that comes twice is refused.

    Raises:
        Refusal: `wrong_offset` when it does not begin where the last one ended, `piece_too_large`, `thrown_away`.
    """
    locked = _locked(upload)
    require(by, locked.trial, Permission.DELIVER)
    if offset != locked.arrived or locked.finished_at:
        raise Refusal("wrong_offset", _("Opplastingen fortsetter et annet sted i filen."))
    if len(piece) > MOST_PIECE_BYTES or offset + len(piece) > locked.size:
        raise Refusal("piece_too_large", _("Delen er større enn det som mangler av filen."), status=422)
    pieces.add(locked.pk, offset, piece)
    return locked.changed(arrived=offset + len(piece), arrived_at=clock.now())


@action
def finish_upload(*, by: User, upload: Upload) -> Delivery:
    """Make a delivery of a file that has arrived whole. Asked again, it answers with the same delivery.

    Raises:
        Refusal: `not_arrived` while bytes are missing, `thrown_away`, and as `actions.receive`.
    """
    locked = _locked(upload)
    if locked.delivery is not None:
        return locked.delivery
    if locked.arrived < locked.size or pieces.held(locked.pk) < locked.size:
        raise Refusal("not_arrived", _("Hele filen har ikke kommet fram. Velg den igjen, så sendes resten."))
    delivery = receive(
        by=by, trial=locked.trial, register=locked.register, source=locked.source, file=_Arrived(locked)
    )  # fmt: skip
    locked.changed(finished_at=clock.now(), delivery=delivery)
    transaction.on_commit(partial(pieces.forget, locked.pk))
    return delivery


@action
def throw_upload(*, by: User, upload: Upload) -> Upload:
    """Throw away what has arrived of a file.

    Raises:
        Refusal: `not_allowed`, `thrown_away`, `already_delivered`.
    """
    locked = _locked(upload)
    require(by, locked.trial, Permission.DELIVER)
    if locked.finished_at:
        raise Refusal("already_delivered", _("Filen er levert. Avvis leveransen i stedet."))
    return _throw(locked, by, "by_hand")


@action
def throw_stale_uploads(*, by: None, trial: Trial) -> int:
    """Throw away what nobody has gone on with for `UPLOAD_DAYS` days, and return how many uploads that were."""
    limit = clock.now() - timedelta(days=settings.UPLOAD_DAYS)
    moved = unfinished(trial).annotate(moved_at=Coalesce("arrived_at", "begun_at"))
    stale = list(moved.select_for_update(of=("self",), skip_locked=True).filter(moved_at__lt=limit))
    for upload in stale:
        _throw(upload, by, "too_old")
    return len(stale)


def _throw(upload: Upload, by: User | None, why: str) -> Upload:
    upload.changed(thrown_at=clock.now(), thrown_by=by)
    record(by=by, verb="upload_thrown_away", trial=upload.trial.code, subject=str(upload.pk),
           register=upload.register, bytes=upload.arrived, why=why)  # fmt: skip
    transaction.on_commit(partial(pieces.forget, upload.pk))
    return upload


def _locked(upload: Upload) -> Upload:
    found = Upload.objects.select_for_update(of=("self",)).select_related("trial", "delivery").get(pk=upload.pk)
    if found.thrown_at:
        raise Refusal("thrown_away", _("Opplastingen er kastet. Velg filen på nytt."), status=404)
    return found


class _Arrived(File):
    """A file whose bytes lie in pieces."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(None, name=upload.file_name)
        self.key = upload.pk

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return pieces.read(self.key)
