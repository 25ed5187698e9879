"""Job specialists and whom they follow: positions, absence, assignments, stages.

Every row carries the trial and the office, which row-level security asks for. Nothing here knows a name.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.followup.models.parts import (
    LAST_DAY_EXCLUDED,
    LAST_DAY_INCLUDED,
    by,
    days,
    ends_after_start,
    never_at_once,
)
from trial.followup.states import LABELS, Stage
from trial.studies.models import Office, Trial


class PositionKind(models.TextChoices):
    """What the position is; the capacity of a full one differs."""

    SPECIALIST = "specialist", _("Jobbspesialist")
    SUPERVISOR = "supervisor", _("Metodeveileder")


class EmploymentSpecialist(GuardedModel):
    """A job specialist's position at one office of a trial, from the first to the last day of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="specialist_posts")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="specialists")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="specialists")
    kind = models.CharField(max_length=10, choices=PositionKind.choices, default=PositionKind.SPECIALIST)
    team = models.CharField(max_length=60, blank=True)
    supervisor = by(null=True, blank=True)
    position_share = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(100)])
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["office", "user__display_name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(position_share__gte=1, position_share__lte=100), name="specialist_share_in_percent"
            ),
            ends_after_start("specialist_leaves_after_start", "valid_from", "valid_to"),
            never_at_once(
                "specialist_once_at_office", days("valid_from", "valid_to", LAST_DAY_INCLUDED), "user", "office"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Absence(GuardedModel):
    """Days on which a specialist is away, both included. Why is nobody's business here: it may be health."""

    specialist = models.ForeignKey(EmploymentSpecialist, on_delete=models.PROTECT, related_name="absences")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField()
    cancelled = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    recorded_by = by()

    class Meta:
        ordering = ["-start", "pk"]
        constraints = [
            ends_after_start("absence_ends_after_start"),
            never_at_once(
                "absence_once", days("start", "end", LAST_DAY_INCLUDED), "specialist", only=Q(cancelled=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} {self.end:%Y-%m-%d}"


class Assignment(GuardedModel):
    """A participant with a job specialist. The day it ends belongs to the next specialist, so that a transfer
    leaves no day without one and none with two."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="assignments")
    specialist = models.ForeignKey(EmploymentSpecialist, on_delete=models.PROTECT, related_name="assignments")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    overload_reason = models.CharField(max_length=300, blank=True)
    hand_over = models.CharField(max_length=500, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    assigned_at = models.DateTimeField()
    assigned_by = by()
    ended_at = models.DateTimeField(null=True)
    ended_by = by(null=True)

    class Meta:
        ordering = ["participant", "start", "pk"]
        indexes = [
            models.Index(fields=["specialist"], condition=Q(end=None), name="assignment_open"),
            models.Index(fields=["trial", "office"], condition=Q(end=None), name="assignment_open_by_office"),
        ]
        constraints = [
            ends_after_start("assignment_ends_after_start"),
            never_at_once("assignment_one_at_a_time", days("start", "end", LAST_DAY_EXCLUDED), "participant"),
            models.UniqueConstraint(fields=["participant"], condition=Q(end=None), name="assignment_open_once"),
            models.CheckConstraint(
                condition=Q(end=None, ended_at=None, ended_by=None)
                | Q(end__isnull=False, ended_at__isnull=False, ended_by__isnull=False),
                name="assignment_ended_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.start:%Y-%m-%d}"


class StageSpell(GuardedModel):
    """A participant's time in a stage of supported employment; the open one is where the person is now."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="stages")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, choices=[(stage.value, LABELS[stage]) for stage in Stage])
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    moved_at = models.DateTimeField()
    moved_by = by()

    class Meta:
        ordering = ["participant", "start", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=[stage.value for stage in Stage]), name="stage_known"),
            ends_after_start("stage_ends_after_start"),
            models.UniqueConstraint(fields=["participant"], condition=Q(end=None), name="stage_open_once"),
            never_at_once("stage_one_at_a_time", days("start", "end", LAST_DAY_EXCLUDED), "participant"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.start:%Y-%m-%d}"
