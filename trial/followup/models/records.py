"""What is done for people: measures, contacts, and departures from the protocol."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.enrolment.models import Participant
from trial.followup import policies
from trial.followup.models.parts import LAST_DAY_INCLUDED, by, days, ends_after_start, never_at_once
from trial.followup.models.retractions import STANDS, Retractable, in_place_of, retracted_by_someone


class Measure(Retractable):
    """A participant's time in a labour market measure, both days included; no end: still going on."""

    author = "recorded_by"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="measures")
    code = models.CharField(max_length=60)
    group = models.CharField(max_length=20)
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    provider = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = by()
    ended_at = models.DateTimeField(null=True)
    ended_by = by(null=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    replaces = in_place_of()

    class Meta:
        ordering = ["participant", "-start", "pk"]
        indexes = [
            models.Index(fields=["trial", "start", "end"], name="measure_by_time"),
            models.Index(fields=["trial", "-start", "-id"], name="measure_newest"),
        ]
        constraints = [
            ends_after_start("measure_ends_after_start"),
            never_at_once(
                "measure_same_code_once", days("start", "end", LAST_DAY_INCLUDED), "participant", "code", only=STANDS
            ),
            retracted_by_someone("measure_retracted_by_someone"),
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


class Contact(Retractable):
    """One contact in the follow-up of a participant. `key` comes from the form: sent twice, it counts once."""

    author = "logged_by"

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=12, choices=ContactKind.choices)
    counterpart = models.CharField(max_length=12, choices=Counterpart.choices, default=Counterpart.PARTICIPANT)
    employer = models.ForeignKey(
        "followup.Employer", on_delete=models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    day = models.DateField()
    minutes = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=1000, blank=True)
    logged_at = models.DateTimeField()
    logged_by = by()
    replaces = in_place_of()

    class Meta:
        ordering = ["-day", "-logged_at"]
        indexes = [
            models.Index(fields=["participant", "-day"], name="contact_by_participant"),
            models.Index(fields=["trial", "day"], name="contact_by_day"),
            models.Index(fields=["office", "-logged_at", "key"], name="contact_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=policies.LONGEST_CONTACT), name="contact_minutes_possible"
            ),
            retracted_by_someone("contact_retracted_by_someone"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day:%Y-%m-%d}"


class DeviationKind(models.TextChoices):
    """What departed from the protocol."""

    CONTROL_FOLLOWED = "control_followed", _("Kontrollperson har fått oppfølging av jobbspesialist")
    NOT_ASSIGNED = "not_assigned", _("Ikke tildelt jobbspesialist i tide")
    NOT_CONTACTED = "not_contacted", _("Ikke kontaktet i tide")
    MEASURE_NOT_ALLOWED = "measure_not_allowed", _("Tiltak som protokollen ikke åpner for")
    OTHER = "other", _("Annet avvik fra protokollen")


class Deviation(Retractable):
    """A departure from the protocol. The person keeps the arm and stays in the analysis.

    What a rule found (`found`) waits for someone to say why; what someone recorded comes with its reason.
    `fact` says what the rule found, so that the same fact is found once.
    """

    author = "recorded_by"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="deviations")
    kind = models.CharField(max_length=20, choices=DeviationKind.choices)
    found = models.BooleanField(default=False)
    fact = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    day = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = by(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = by(null=True)

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [
            models.Index(fields=["trial", "kind"], name="deviation_by_kind"),
            models.Index(fields=["trial", "office", "-day", "-id"], name="deviation_newest"),
            models.Index(fields=["trial", "office"], condition=Q(resolved_at=None), name="deviation_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason="", resolved_at=None, resolved_by=None)
                | ~Q(reason="") & Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="deviation_resolved_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(found=True) | Q(recorded_by__isnull=False, fact="") & ~Q(reason=""),
                name="deviation_found_or_told",
            ),
            models.UniqueConstraint(
                fields=["participant", "kind", "fact"], condition=Q(found=True) & STANDS, name="deviation_found_once"
            ),
            retracted_by_someone("deviation_retracted_by_someone"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day:%Y-%m-%d}"
