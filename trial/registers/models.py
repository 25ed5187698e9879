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
    `refusal` is the code of a rejection (`reasons.FILES`), `reason` what the data manager wrote.
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
    rows = models.PositiveBigIntegerField(null=True)
    accepted_rows = models.PositiveBigIntegerField(null=True)
    rejected_rows = models.PositiveBigIntegerField(null=True)
    report = models.JSONField(default=dict)
    snapshot = models.CharField(max_length=64, blank=True)
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
    """A row of a delivery that was not accepted, and why. Never the value itself: it may be a national id."""

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
