"""Plans of analysis, their runs, and the numbers that the runs found."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from trial.analyses.states import LABELS, UNDER_WAY, RunState
from trial.audit.guards import GuardedModel
from trial.studies.models import Trial


class Plan(GuardedModel):
    """What will be analysed, and how: canonical JSON, named by its SHA-256, locked by a second person.

    The text is kept as it was hashed; a database that reorders keys would lose the hash. Proposals stay when a later
    one is made, so that it can be seen what was changed before the lock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="plans")
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    locked_at = models.DateTimeField(null=True)
    locked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["trial", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "version"], name="plan_version_once"),
            models.UniqueConstraint(fields=["trial", "sha256"], name="plan_text_once"),
            models.UniqueConstraint(fields=["trial"], condition=Q(locked_at__isnull=False), name="plan_locked_once"),
            models.CheckConstraint(
                condition=Q(locked_at=None, locked_by=None)
                | Q(locked_at__isnull=False, locked_by__isnull=False) & ~Q(locked_by=F("proposed_by")),
                name="plan_locked_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial} {self.version}"

    @property
    def content(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


class Run(GuardedModel):
    """One calculation of a plan on named deliveries.

    `masked`: a rehearsal on shuffled arms, the only kind before the data lock. `deliveries`: register -> SHA-256 of
    its snapshot, fixed when the run is asked for. `attempt` counts the workers that took it up. `deviations`: the
    fields of the plan that are done otherwise, with the `reason`; such a run is exploratory.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="runs")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="runs")
    masked = models.BooleanField()
    seed = models.PositiveBigIntegerField()
    deliveries = models.JSONField()
    deviations = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    state = models.CharField(
        max_length=10, choices=[(state.value, LABELS[state]) for state in RunState], default=RunState.QUEUED
    )
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    progress_label = models.CharField(max_length=200, blank=True)
    manifest = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-requested_at", "id"]
        indexes = [
            models.Index(fields=["trial", "-requested_at"], name="run_by_trial"),
            models.Index(fields=["state"], condition=Q(state__in=UNDER_WAY), name="run_under_way"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in RunState]), name="run_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=UNDER_WAY, finished=None) | ~Q(state__in=UNDER_WAY) & Q(finished__isnull=False),
                name="run_finished_with_time",
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.CANCELLED.value, cancelled_at__isnull=False, cancelled_by__isnull=False)
                | ~Q(state=RunState.CANCELLED.value) & Q(cancelled_at=None, cancelled_by=None),
                name="run_cancelled_by_someone",
            ),
            models.CheckConstraint(condition=Q(deviations={}) | ~Q(reason=""), name="run_deviates_with_reason"),
            models.CheckConstraint(
                condition=~Q(state=RunState.FAILED.value) | ~Q(error_code=""), name="run_failed_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY


class ResultKind(models.TextChoices):
    TABLE = "table", _("Tabell")
    FIGURE = "figure", _("Figur")


class Finding(GuardedModel):
    """One table or figure.

    `columns`: keys in order. `rows`: one list per row in that order. `title`: language -> text. `spec`: the Vega-Lite
    specification of a figure, whose data are the rows. `notes`: what must stand under it (method, covariance, n).
    """

    name = models.SlugField(max_length=80)
    kind = models.CharField(max_length=6, choices=ResultKind.choices)
    position = models.PositiveSmallIntegerField()
    title = models.JSONField()
    columns = models.JSONField()
    rows = models.JSONField()
    spec = models.JSONField(null=True)
    notes = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Result(Finding):
    """A finding of a run, before anyone has checked it. Append-only: a run that is done never changes its numbers."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="results")

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="result_name_once"),
            models.UniqueConstraint(fields=["run", "position"], name="result_position_once"),
        ]
