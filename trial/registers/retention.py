"""The end of a trial's register data: on the day after their date they are destroyed, with proof."""

import hashlib
import json
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.registers import snapshots
from trial.registers.models import Delivery, Destruction, Retention
from trial.registers.states import DeliveryState
from trial.studies.models import Trial
from trial.studies.permissions import require


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
    """The trials whose date has passed and that still have files."""
    past = Retention.objects.filter(trial__in=trials, until__lt=clock.today()).values_list("trial_id", flat=True)
    kept = Delivery.objects.filter(trial__in=past, destroyed_at=None).exclude(state=DeliveryState.REJECTED)
    return [trial for trial in trials if trial.pk in set(kept.values_list("trial_id", flat=True))]


@action
def destroy_data(*, by: None, trial: Trial) -> Destruction:
    """Destroy every file of the trial's deliveries whose date has passed, and keep the proof of it.

    The rows that say what was delivered, checked and decided stay: they hold counts, never data.

    Raises:
        Refusal: `still_kept` before the day after the date.
    """
    retention = Retention.objects.select_for_update().filter(trial=trial, until__lt=clock.today()).first()
    if retention is None:
        raise Refusal("still_kept", _("Datoen for sletting er ikke passert."))
    deliveries = list(Delivery.objects.select_for_update(of=("self",)).filter(trial=trial, destroyed_at=None))
    files = [entry for delivery in deliveries for entry in _destroyed(trial, delivery)]
    moment = clock.now()
    for delivery in deliveries:
        delivery.changed(destroyed_at=moment)
    sha256 = hashlib.sha256(_content(trial, moment.isoformat(), files)).hexdigest()
    record(by=by, verb="register_data_destroyed", trial=trial.code, files=len(files), proof=sha256)
    return Destruction.objects.create(trial=trial, destroyed_at=moment, files=files, sha256=sha256)


def content_of(destruction: Destruction) -> bytes:
    """The proof as it is downloaded, and as it is hashed."""
    return _content(destruction.trial, destruction.destroyed_at.isoformat(), destruction.files)


def _content(trial: Trial, moment: str, files: list[dict[str, Any]]) -> bytes:
    proof = {"trial": trial.code, "destroyed_at": moment, "files": files}
    return json.dumps(proof, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _destroyed(trial: Trial, delivery: Delivery) -> list[dict[str, Any]]:
    """Remove what there is of a delivery, and look again: `gone` says what the second look found."""
    names = {
        "received": (snapshots.received(trial.code, delivery.sha256), delivery.sha256),
        "snapshot": (snapshots.snapshot(trial.code, delivery.snapshot), delivery.snapshot),
        "manifest": (snapshots.manifest(trial.code, delivery.snapshot), delivery.snapshot),
        "rejected": (snapshots.rejected(trial.code, delivery.rejected_file), delivery.rejected_file),
    }
    entries = []
    for kind, (name, sha256) in names.items():
        if sha256 and snapshots.exists(name):
            snapshots.forget(name)
            entry = {"delivery": str(delivery.pk), "register": delivery.register, "kind": kind, "sha256": sha256}
            entries.append(entry | {"gone": not snapshots.exists(name)})
    return entries
