"""Job specialists, whom they follow, and what is done for people: measures, contacts, stages, deviations.

Every row carries the trial and the office, which row-level security asks for. Nothing here knows a name.
"""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.followup import policies
from trial.followup.states import LABELS, Stage
from trial.studies.models import Office, Trial

LAST_DAY_INCLUDED = "[]"
LAST_DAY_EXCLUDED = "[)"


def _by(**options: Any) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


def _days(start: str, end: str, bounds: str) -> Func:
    return Func(F(start), F(end), Value(bounds), function="DATERANGE", output_field=DateRangeField())


def _never_at_once(name: str, days: Func, *same: str) -> ExclusionConstraint:
    """Refuse two rows that are equal in the fields `same` and share a day, however they are written."""
    equal = [(field, RangeOperators.EQUAL) for field in same]
    return ExclusionConstraint(name=name, expressions=[(days, RangeOperators.OVERLAPS), *equal])


def _ends_after_start(name: str, start: str = "start", end: str = "end") -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{end: None}) | Q(**{f"{end}__gte": F(start)}), name=name)


class EmploymentSpecialist(GuardedModel):
    """A job specialist's position at one office of a trial, from the first to the last day of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="specialist_posts")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="specialists")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="specialists")
    position_share = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(100)])
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["office", "user__display_name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(position_share__gte=1, position_share__lte=100), name="specialist_share_in_percent"
            ),
            _ends_after_start("specialist_leaves_after_start", "valid_from", "valid_to"),
            _never_at_once(
                "specialist_once_at_office", _days("valid_from", "valid_to", LAST_DAY_INCLUDED), "user", "office"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def capacity(self) -> int:
        """How many people the position has room for by the trial's setting."""
        return policies.capacity(self.position_share, self.trial.capacity_per_position)


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
    assigned_by = _by()
    ended_at = models.DateTimeField(null=True)
    ended_by = _by(null=True)

    class Meta:
        ordering = ["participant", "start", "pk"]
        indexes = [
            models.Index(fields=["specialist"], condition=Q(end=None), name="assignment_open"),
            models.Index(fields=["trial", "office"], condition=Q(end=None), name="assignment_open_by_office"),
        ]
        constraints = [
            _ends_after_start("assignment_ends_after_start"),
            _never_at_once("assignment_one_at_a_time", _days("start", "end", LAST_DAY_EXCLUDED), "participant"),
            models.UniqueConstraint(fields=["participant"], condition=Q(end=None), name="assignment_open_once"),
            models.CheckConstraint(
                condition=Q(end=None, ended_at=None, ended_by=None)
                | Q(end__isnull=False, ended_at__isnull=False, ended_by__isnull=False),
                name="assignment_ended_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.start:%Y-%m-%d}"


class Measure(GuardedModel):
    """A participant's time in a labour market measure, both days included; no end: still going on."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="measures")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    provider = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = _by()
    ended_at = models.DateTimeField(null=True)
    ended_by = _by(null=True)

    class Meta:
        ordering = ["participant", "-start", "pk"]
        indexes = [models.Index(fields=["trial", "start", "end"], name="measure_by_time")]
        constraints = [
            _ends_after_start("measure_ends_after_start"),
            _never_at_once("measure_same_code_once", _days("start", "end", LAST_DAY_INCLUDED), "participant", "code"),
            models.CheckConstraint(condition=~Q(code=""), name="measure_has_code"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(end__isnull=False, ended_by__isnull=False),
                name="measure_ended_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.start:%Y-%m-%d}"

    @property
    def name(self) -> str:
        """Nav's name of the measure; the code itself where the list no longer has it."""
        known = measures().get(self.code)
        return known.name if known else self.code


class ContactKind(models.TextChoices):
    """How someone was met."""

    MEETING = "meeting", _("Møte")
    PHONE = "phone", _("Telefon")
    MESSAGE = "message", _("Melding")
    WORKPLACE = "workplace", _("På arbeidsplassen")
    THREE_WAY = "three_way", _("Trekantsamtale")


class Counterpart(models.TextChoices):
    """Who was met."""

    PARTICIPANT = "participant", _("Deltakeren")
    EMPLOYER = "employer", _("Arbeidsgiver")
    BOTH = "both", _("Deltakeren og arbeidsgiver")
    HEALTH = "health", _("Helsetjenesten")
    CASEWORKER = "caseworker", _("Veilederen")
    OTHER = "other", _("Andre")


class Contact(GuardedModel):
    """One contact in the follow-up of a participant. `key` comes from the form: sent twice, it counts once."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="contacts")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=ContactKind.choices)
    counterpart = models.CharField(max_length=12, choices=Counterpart.choices, default=Counterpart.PARTICIPANT)
    day = models.DateField()
    minutes = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=1000, blank=True)
    logged_at = models.DateTimeField()
    logged_by = _by()

    class Meta:
        ordering = ["-day", "-logged_at"]
        indexes = [
            models.Index(fields=["participant", "-day"], name="contact_by_participant"),
            models.Index(fields=["trial", "day"], name="contact_by_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=policies.LONGEST_CONTACT), name="contact_minutes_possible"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day:%Y-%m-%d}"


class StageSpell(GuardedModel):
    """A participant's time in a stage of supported employment; the open one is where the person is now."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="stages")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, choices=[(stage.value, LABELS[stage]) for stage in Stage])
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    moved_at = models.DateTimeField()
    moved_by = _by()

    class Meta:
        ordering = ["participant", "start", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=[stage.value for stage in Stage]), name="stage_known"),
            _ends_after_start("stage_ends_after_start"),
            models.UniqueConstraint(fields=["participant"], condition=Q(end=None), name="stage_open_once"),
            _never_at_once("stage_one_at_a_time", _days("start", "end", LAST_DAY_EXCLUDED), "participant"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.start:%Y-%m-%d}"


class DeviationKind(models.TextChoices):
    """What departed from the protocol."""

    CONTROL_FOLLOWED = "control_followed", _("Kontrollperson har fått oppfølging av jobbspesialist")
    NOT_ASSIGNED = "not_assigned", _("Ikke tildelt jobbspesialist i tide")
    NOT_CONTACTED = "not_contacted", _("Ikke kontaktet i tide")
    MEASURE_NOT_ALLOWED = "measure_not_allowed", _("Tiltak som protokollen ikke åpner for")
    OTHER = "other", _("Annet avvik fra protokollen")


class Deviation(GuardedModel):
    """A departure from the protocol, with its reason. The person keeps the arm and stays in the analysis."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="deviations")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=DeviationKind.choices)
    reason = models.CharField(max_length=500)
    day = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = _by()

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["trial", "kind"], name="deviation_by_kind")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="deviation_has_reason")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day:%Y-%m-%d}"
