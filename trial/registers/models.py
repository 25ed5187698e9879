"""Deliveries of register data: files with pseudonyms, what the check found in them, and what was decided."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from trial.audit.guards import GuardedModel
from trial.registers.states import LABELS, DeliveryState
from trial.studies.models import Trial
from trial.studies.sources import REGISTERS


class Delivery(GuardedModel):
    """One file from a register owner.

    `sha256` names the bytes received, `snapshot` the Parquet file of the rows that were accepted. A re-delivery
    supersedes the accepted one of the same register; the old snapshot stays, so that an old run can be repeated.
    `refusal` is the code of a rejection (`reasons.FILES`), `reason` what the data manager wrote. `columns` says which
    column of the file is which of the register, where they are called differently; while `awaits_columns`, the check
    waits for somebody to say it. `stage` and `rows_read` are the check's progress. `rejected_file` names the Parquet
    file of every rejected row, of which `RejectedRow` keeps the first ones for the page.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="deliveries")
    register = models.CharField(max_length=20, choices=list(REGISTERS.items()))
    source = models.CharField(max_length=200)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(
        max_length=10, choices=[(state.value, LABELS[state]) for state in DeliveryState], default=DeliveryState.RECEIVED
    )
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    columns = models.JSONField(default=dict)
    awaits_columns = models.BooleanField(default=False)
    stage = models.CharField(max_length=10, blank=True)
    rows_read = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(null=True)
    accepted_rows = models.PositiveBigIntegerField(null=True)
    rejected_rows = models.PositiveBigIntegerField(null=True)
    report = models.JSONField(default=dict)
    snapshot = models.CharField(max_length=64, blank=True)
    rejected_file = models.CharField(max_length=64, blank=True)
    destroyed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    refusal = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-received_at", "id"]
        indexes = [models.Index(fields=["trial", "register", "-received_at"], name="delivery_by_register")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in DeliveryState]), name="delivery_state_known"
            ),
            models.CheckConstraint(
                condition=Q(rows=None, accepted_rows=None, rejected_rows=None)
                | Q(rows=F("accepted_rows") + F("rejected_rows")),
                name="delivery_rows_add_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[DeliveryState.ACCEPTED.value, DeliveryState.REJECTED.value], decided_at__isnull=False
                )
                | Q(
                    state__in=[DeliveryState.RECEIVED.value, DeliveryState.CHECKED.value],
                    decided_at=None,
                    decided_by=None,
                ),
                name="delivery_decided_with_time",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.ACCEPTED.value, decided_by__isnull=False) & ~Q(snapshot="")
                | ~Q(state=DeliveryState.ACCEPTED.value),
                name="delivery_accepted_by_someone",
            ),
            models.UniqueConstraint(
                fields=["trial", "register"],
                condition=Q(state=DeliveryState.ACCEPTED.value, superseded_by=None),
                name="delivery_in_force_once",
            ),
            models.UniqueConstraint(
                fields=["trial", "register", "sha256"],
                condition=~Q(state=DeliveryState.REJECTED.value),
                name="delivery_same_file_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()} {self.received_at:%Y-%m-%d}"


class RejectedRow(GuardedModel):
    """One of the first rows of a delivery that were not accepted, and why.

    Never the value itself: it may be a national id.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="rejected")
    line = models.PositiveBigIntegerField()
    column = models.CharField(max_length=60, blank=True)
    value_class = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=40)

    class Meta:
        ordering = ["delivery", "line", "id"]
        indexes = [models.Index(fields=["delivery", "line"], name="rejected_by_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ColumnMapping(GuardedModel):
    """What a register owner calls the columns of a register, remembered from one delivery to the next."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    register = models.CharField(max_length=20, choices=list(REGISTERS.items()))
    owner = models.CharField(max_length=200)
    columns = models.JSONField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "register", "owner"], name="mapping_once_per_owner")]

    def __str__(self) -> str:
        return f"{self.owner}: {self.register}"


class Upload(GuardedModel):
    """A file that arrives piece by piece, and goes on where it stopped; `arrived` bytes lie in `UPLOAD_ROOT`.

    `edition` tells a file from a later one of the same name and size: whatever the sender says of it, such as the time
    of its last change. An upload ends as a delivery, or is thrown away: by who began it or, unfinished for
    `UPLOAD_DAYS` or until the trial's data are destroyed, by the worker.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    register = models.CharField(max_length=20, choices=list(REGISTERS.items()))
    source = models.CharField(max_length=200)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    edition = models.CharField(max_length=40, blank=True)
    arrived = models.PositiveBigIntegerField(default=0)
    arrived_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)
    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, null=True, related_name="+")
    thrown_at = models.DateTimeField(null=True)
    thrown_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(arrived__lte=F("size")), name="upload_not_beyond_its_size"),
            models.CheckConstraint(condition=Q(finished_at=None) | Q(thrown_at=None), name="upload_ends_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.arrived} / {self.size}"


class Retention(GuardedModel):
    """Until when the register data of a trial may be kept, by its permits. The day after, they are destroyed."""

    trial = models.OneToOneField(Trial, on_delete=models.PROTECT, related_name="retention")
    until = models.DateField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.trial}: {self.until}"


class Destruction(GuardedModel):
    """The proof that files were destroyed: what there was, and that it could not be found afterwards.

    `files`: one entry a file or unfinished upload, with its kind, bytes and `gone`, and what else names it without
    naming anyone: delivery, register, sha256, upload. `sha256` is the hash of `content` as it is written in the proof;
    the audit line of the destruction holds it too.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="destructions")
    destroyed_at = models.DateTimeField()
    files = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-destroyed_at", "-id"]

    def __str__(self) -> str:
        return f"{self.trial}: {self.destroyed_at:%Y-%m-%d}"


class LinkageRequest(GuardedModel):
    """A key file, number to national id, for one register owner: asked for, approved by another, handed out once.

    `recipient`: the owner's age public key; `people` and `sha256` say what was handed out, of which nothing is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    register = models.CharField(max_length=20, choices=list(REGISTERS.items()))
    owner = models.CharField(max_length=200)
    recipient = models.CharField(max_length=100)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    handed_out_at = models.DateTimeField(null=True)
    handed_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    people = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-requested_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by=F("requested_by")),
                name="linkage_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(handed_out_at=None, handed_out_by=None, people=None, sha256="")
                | Q(approved_at__isnull=False, handed_out_at__isnull=False, handed_out_by__isnull=False, people__gt=0)
                & ~Q(sha256=""),
                name="linkage_handed_out_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()} {self.requested_at:%Y-%m-%d}"
