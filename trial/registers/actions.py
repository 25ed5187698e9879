"""Deliveries come in, are checked, and are accepted or rejected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from evaluation.profile import drift_between
from trial.access import planes
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.audit.queue import after_commit
from trial.registers import snapshots
from trial.registers.models import Delivery, RejectedRow
from trial.registers.queries import in_force, registers_of, remembered_columns, retention_of
from trial.registers.states import DeliveryState, next_state
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.studies.states import TrialState

CHECK_TASK = "trial.registers.tasks.check"
MOST_ATTEMPTS = 3
ROWS_AT_ONCE = 5000
TAKES_DELIVERIES = (TrialState.RECRUITING, TrialState.CLOSED)


@dataclass(frozen=True)
class Checked:
    """What the check found: counts, the report, the snapshot of the accepted rows and the file of the others.

    `rejected`: the first rejected rows, each a mapping with line, column, value_class and reason.
    """

    rows: int
    accepted: int
    report: Mapping[str, Any]
    rejected: Sequence[Mapping[str, Any]] = field(repr=False)
    snapshot: str
    rejected_file: str


@action
def receive(*, by: User, trial: Trial, register: str, source: str, file: File) -> Delivery:
    """Take in a file as it comes, keep it by its SHA-256 and queue its check. `source`: who sent it, or a note.

    Raises:
        Refusal: `not_allowed`, `data_locked`, `past_retention`, `unknown_register`, `file_too_large`, `file_empty`,
            `delivered_before`.
    """
    require(by, trial, Permission.DELIVER)
    refuse_unwanted(trial, register, 0)
    refuse_national_id(source=source, file=file.name or "")
    stored = _stored(trial, file.chunks())
    _not_before(trial, register, stored)
    delivery = Delivery.objects.create(
        trial=trial,
        register=register,
        source=source,
        file_name=PurePath(file.name or "").name[-200:],
        size=stored.size,
        sha256=stored.sha256,
        columns=remembered_columns(trial, register, source),
        received_at=clock.now(),
        received_by=by,
    )
    record(by=by, verb="delivery_received", trial=trial.code, subject=str(delivery.pk), register=register,
           sha256=stored.sha256)  # fmt: skip
    after_commit(CHECK_TASK, str(delivery.pk), trial.pk)
    return delivery


def refuse_unwanted(trial: Trial, register: str, size: int) -> None:
    """Refuse what the trial does not take in now: another register, or a file of more bytes than the site allows.

    Raises:
        Refusal: `not_begun`, `data_locked`, `past_retention`, `unknown_register`, `file_too_large`.
    """
    _takes_deliveries(trial)
    if register not in registers_of(trial):
        raise Refusal("unknown_register", _("Velg hvilket register filen kommer fra."), field="register", status=422)
    if size > settings.UPLOAD_LIMIT_BYTES:
        raise _too_large()


def _too_large() -> Refusal:
    limit = {"limit": filesizeformat(settings.UPLOAD_LIMIT_BYTES)}
    return Refusal("file_too_large", _("Filen er for stor. Grensen er %(limit)s.") % limit, field="file", status=422)


def _stored(trial: Trial, chunks: Iterable[bytes]) -> snapshots.Stored:
    try:
        stored = snapshots.receive(trial.code, chunks)
    except snapshots.TooLargeError:
        raise _too_large() from None
    if not stored.size:
        raise Refusal("file_empty", _("Filen er tom."), field="file", status=422)
    return stored


def _not_before(trial: Trial, register: str, stored: snapshots.Stored) -> None:
    same = Delivery.objects.filter(trial=trial, register=register, sha256=stored.sha256)
    if same.exclude(state=DeliveryState.REJECTED).exists():
        raise Refusal("delivered_before", _("Denne filen er allerede levert."), field="file")


@action
def begin_check(*, by: None, delivery: Delivery) -> Delivery | None:
    """Count one more attempt at the check. None when there is nothing to check now."""
    locked = locked_delivery(delivery)
    if locked.state != DeliveryState.RECEIVED or locked.awaits_columns or locked.destroyed_at:
        return None
    if locked.attempts >= MOST_ATTEMPTS:
        turn_down(locked, by, "not_checkable")
        return None
    return locked.changed(attempts=locked.attempts + 1)


@action
def finish_check(*, by: None, delivery: Delivery, checked: Checked) -> Delivery:
    """Keep what the check found, once: a second finding of the same delivery changes nothing."""
    locked = locked_delivery(delivery)
    if locked.state != DeliveryState.RECEIVED:
        return locked
    locked.changed(
        state=next_state(locked.state, DeliveryState.CHECKED),
        rows=checked.rows,
        accepted_rows=checked.accepted,
        rejected_rows=checked.rows - checked.accepted,
        report=dict(checked.report) | {"drift": _drift(locked, checked.report)},
        snapshot=checked.snapshot,
        rejected_file=checked.rejected_file,
        stage="",
    )
    RejectedRow.objects.bulk_create(
        (RejectedRow(trial=locked.trial, delivery=locked, **row) for row in checked.rejected), batch_size=ROWS_AT_ONCE
    )
    record(by=by, verb="delivery_checked", trial=locked.trial.code, subject=str(locked.pk), rows=checked.rows,
           accepted=checked.accepted)  # fmt: skip
    return locked


def _drift(delivery: Delivery, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What has changed since the delivery in force of the same register."""
    before = in_force(delivery.trial).get(delivery.register)
    if before is None:
        return []
    return [asdict(found) for found in drift_between(before.report.get("profile", {}), report["profile"])]


@action
def report_progress(*, by: None, delivery: Delivery, stage: str, rows: int) -> None:
    """Say how far the check has come, for whoever watches its page."""
    delivery.changed(stage=stage, rows_read=rows)


@action
def refuse_file(*, by: None, delivery: Delivery, code: str, missing: Sequence[str] = ()) -> Delivery:
    """Reject a whole file that the check refused (`reasons.FILES`): its bytes go, so that a national id is not kept.

    `missing`: names of the columns it lacks.
    """
    locked = locked_delivery(delivery)
    if locked.state != DeliveryState.RECEIVED:
        return locked
    return turn_down(locked.changed(report={"missing": list(missing)}), by, code)


@action
def accept(*, by: User, delivery: Delivery) -> Delivery:
    """Make the accepted rows the data of their register; the delivery in force until now is superseded.

    A file without any row says that the register knows nothing of anybody; one whose rows are all refused says nothing.

    Raises:
        Refusal: `not_allowed`, `data_locked`, `past_retention`, `destroyed`, `wrong_delivery_state`,
            `nothing_accepted`.
    """
    require(by, delivery.trial, Permission.DECIDE_DELIVERY)
    Trial.objects.select_for_update().get(pk=delivery.trial_id)
    locked = locked_delivery(delivery)
    _takes_deliveries(locked.trial)
    require_files(locked)
    state = next_state(locked.state, DeliveryState.ACCEPTED)
    if locked.rows and not locked.accepted_rows:
        raise Refusal("nothing_accepted", _("Ingen rader i filen kan brukes. Avvis leveransen og be om en ny."))
    superseded = in_force(locked.trial).get(locked.register)
    if superseded:
        superseded.changed(superseded_by=locked)
    locked.changed(state=state, decided_at=clock.now(), decided_by=by)
    record(by=by, verb="delivery_accepted", trial=locked.trial.code, subject=str(locked.pk), register=locked.register,
           snapshot=locked.snapshot)  # fmt: skip
    transaction.on_commit(partial(_forget_files, locked))
    return locked


@action
def reject(*, by: User, delivery: Delivery, reason: str) -> Delivery:
    """Turn a checked delivery down, with a reason for the register owner. Its files go, its report stays.

    Raises:
        Refusal: `not_allowed`, `reason_needed`, `wrong_delivery_state`.
    """
    require(by, delivery.trial, Permission.DECIDE_DELIVERY)
    if not reason.strip():
        raise Refusal("reason_needed", _("Skriv hvorfor leveransen avvises."), field="reason", status=422)
    refuse_national_id(reason=reason)
    return turn_down(locked_delivery(delivery), by, "by_hand", reason.strip())


def turn_down(delivery: Delivery, by: User | None, code: str, reason: str = "") -> Delivery:
    """Within an action: end a locked delivery as rejected. `code`: of `reasons.FILES`."""
    delivery.changed(
        state=next_state(delivery.state, DeliveryState.REJECTED),
        decided_at=clock.now(),
        decided_by=by,
        refusal=code,
        reason=reason,
    )
    record(by=by, verb="delivery_rejected", trial=delivery.trial.code, subject=str(delivery.pk), code=code)
    transaction.on_commit(partial(_forget_files, delivery))
    return delivery


def _forget_files(delivery: Delivery) -> None:
    """Delete what a decided delivery leaves behind, unless another one of the trial needs the same bytes.

    The received file holds rows of people whose consent does not cover it: it goes also when the delivery is accepted.
    """
    code = delivery.trial.code
    with planes.transaction():
        others = Delivery.objects.filter(trial=delivery.trial).exclude(pk=delivery.pk)
        undecided = others.filter(sha256=delivery.sha256, state__in=(DeliveryState.RECEIVED, DeliveryState.CHECKED))
        if not undecided.exists():
            snapshots.forget(snapshots.received(code, delivery.sha256))
        needed = others.filter(snapshot=delivery.snapshot).exclude(state=DeliveryState.REJECTED)
        if delivery.snapshot and delivery.state == DeliveryState.REJECTED and not needed.exists():
            snapshots.forget(snapshots.snapshot(code, delivery.snapshot))
            snapshots.forget(snapshots.manifest(code, delivery.snapshot))


def locked_delivery(delivery: Delivery) -> Delivery:
    """Within an action: the delivery as it stands, for nobody else to change before the end."""
    return Delivery.objects.select_for_update(of=("self",)).select_related("trial").get(pk=delivery.pk)


def require_files(delivery: Delivery) -> None:
    """Refuse what needs a delivery's files when they are gone.

    Raises:
        Refusal: `destroyed`.
    """
    if delivery.destroyed_at:
        raise Refusal("destroyed", _("Filene fra denne leveransen er slettet."))


def _takes_deliveries(trial: Trial) -> None:
    if trial.state in TAKES_DELIVERIES:
        _refuse_past_retention(trial)
        return
    if trial.state in (TrialState.DRAFTING, TrialState.LOCKED):
        raise Refusal("not_begun", _("Forsøket har ikke begynt å rekruttere. Det kan ikke ta imot leveranser ennå."))
    raise Refusal("data_locked", _("Data er låst. Forsøket tar ikke imot flere leveranser."))


def _refuse_past_retention(trial: Trial) -> None:
    """What comes after the date would be destroyed within the minute."""
    retention = retention_of(trial)
    if retention and retention.until < clock.today():
        told = {"day": date_format(retention.until, "SHORT_DATE_FORMAT")}
        raise Refusal(
            "past_retention", _("Registerdata for forsøket skulle slettes etter %(day)s. Endre datoen først.") % told
        )
