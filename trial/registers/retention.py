"""The end of a trial's register data: on the day after their date they are destroyed, with proof."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import structlog
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.registers import pieces, snapshots
from trial.registers.dropped import lying
from trial.registers.models import Delivery, Destruction, Retention, Upload
from trial.registers.states import DeliveryState
from trial.registers.uploads import unfinished
from trial.studies.models import Trial
from trial.studies.permissions import require

TRY_AGAIN = timedelta(days=1)  # what could not be deleted is proved so once a day, not twice a minute
Proved = dict[str, Any]

log = structlog.get_logger(__name__)


@action
def keep_until(*, by: User, trial: Trial, until: date) -> Retention:
    """Say until when the trial's permits let its register data be kept; a later decision replaces an earlier one.

    Raises:
        Refusal: `not_allowed`, `in_the_past`.
    """
    require(by, trial, Permission.DECIDE_DELIVERY)
    if until <= clock.today():
        raise Refusal("in_the_past", _("Velg en dag som ikke har vært."), field="until", status=422)
    decided = {"until": until, "decided_at": clock.now(), "decided_by": by}
    retention, _made = Retention.objects.update_or_create(trial=trial, defaults=decided)
    record(by=by, verb="retention_decided", trial=trial.code, until=until.isoformat())
    return retention


def due(trials: list[Trial]) -> list[Trial]:
    """The trials whose date has passed and that still have files, uploads under way or something in the folder."""
    past = set(
        Retention.objects.filter(trial__in=trials, until__lt=clock.today()).values_list("trial_id", flat=True)
    )  # fmt: skip
    return [trial for trial in trials if trial.pk in past and _has_data(trial)]


def _has_data(trial: Trial) -> bool:
    # Of a delivery that the check refused there is no file; of one that was turned down, that of the rejected rows.
    something = ~Q(state=DeliveryState.REJECTED) | ~Q(rejected_file="")
    if Delivery.objects.filter(something, trial=trial, destroyed_at=None).exists() or unfinished(trial).exists():
        return True
    lately = trial.destructions.filter(destroyed_at__gt=clock.now() - TRY_AGAIN)
    return bool(lying(trial)) and not lately.exists()


@action
def destroy_data(*, by: None, trial: Trial) -> Destruction:
    """Destroy every file of registers that there is of a trial whose date has passed, and keep the proof of it.

    That is whatever stands in the storage under the trial's name, the pieces of uploads under way and all that lies in
    the drop folder. The rows that say what was delivered, checked and decided stay: they hold counts, never data.

    Raises:
        Refusal: `still_kept` before the day after the date.
    """
    retention = Retention.objects.select_for_update().filter(trial=trial, until__lt=clock.today()).first()
    if retention is None:
        raise Refusal("still_kept", _("Datoen for sletting er ikke passert."))
    deliveries = list(Delivery.objects.select_for_update(of=("self",)).filter(trial=trial, destroyed_at=None))
    uploads = list(unfinished(trial).select_for_update(of=("self",)))
    files = [*_stored(trial, deliveries), *map(_arrived, uploads), *map(_dropped, lying(trial))]
    moment = clock.now()
    for delivery in deliveries:
        delivery.changed(destroyed_at=moment)
    for upload in uploads:
        upload.changed(thrown_at=moment)
    sha256 = hashlib.sha256(_content(trial, moment.isoformat(), files)).hexdigest()
    record(by=by, verb="register_data_destroyed", trial=trial.code, files=len(files), proof=sha256)
    return Destruction.objects.create(trial=trial, destroyed_at=moment, files=files, sha256=sha256)


def content_of(destruction: Destruction) -> bytes:
    """The proof as it is downloaded, and as it is hashed."""
    return _content(destruction.trial, destruction.destroyed_at.isoformat(), destruction.files)


def _content(trial: Trial, moment: str, files: list[Proved]) -> bytes:
    proof = {"trial": trial.code, "destroyed_at": moment, "files": files}
    return json.dumps(proof, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _stored(trial: Trial, deliveries: list[Delivery]) -> Iterator[Proved]:
    """Remove each stored file, and look again: `gone` says what the second look found."""
    owners = {name: delivery for delivery in deliveries for name in _names(trial, delivery)}
    for kept in snapshots.kept(trial.code):
        snapshots.forget(kept.name)
        owner = owners.get(kept.name)
        known = {"delivery": str(owner.pk), "register": owner.register} if owner else {}
        entry = {"kind": _kind(kept.name), "sha256": PurePosixPath(kept.name).stem, "bytes": kept.size}
        yield known | entry | {"gone": not snapshots.exists(kept.name)}


def _names(trial: Trial, delivery: Delivery) -> Iterator[str]:
    yield snapshots.received(trial.code, delivery.sha256)
    yield snapshots.snapshot(trial.code, delivery.snapshot)
    yield snapshots.manifest(trial.code, delivery.snapshot)
    yield snapshots.rejected(trial.code, delivery.rejected_file)


def _kind(name: str) -> str:
    path = PurePosixPath(name)
    if path.parent.name in ("received", "rejected"):
        return path.parent.name
    return "manifest" if path.suffix == ".json" else "snapshot"


def _arrived(upload: Upload) -> Proved:
    """Remove the pieces of an upload under way. Pieces that this machine does not see are not said to be gone."""
    seen = pieces.place(upload.pk).exists() or not upload.arrived
    pieces.forget(upload.pk)
    entry = {"kind": "upload", "upload": str(upload.pk), "register": upload.register, "bytes": upload.arrived}
    return entry | {"gone": seen and not pieces.place(upload.pk).exists()}


def _dropped(path: Path) -> Proved:
    """Remove something of the drop folder. It is named by its hash alone: a file's name may be a person's."""
    entry: Proved = {"kind": "dropped"}
    try:
        if not path.is_symlink():
            entry |= {"bytes": path.stat().st_size, "sha256": snapshots.hash_of(path)}
        path.unlink()
    except OSError as error:  # the folder may belong to another system
        log.warning("not_deleted", error=type(error).__name__)
    return entry | {"gone": not (path.is_symlink() or path.exists())}
