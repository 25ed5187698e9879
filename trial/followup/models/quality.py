"""How follow-up is meant to be done in a trial, and how well it is: rules, principles, fidelity reviews."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.followup.models.parts import by
from trial.followup.scales import SCALES, Principle
from trial.studies.models import Office, Trial

SUPERVISOR_CAPACITY = 10  # people that a method supervisor in full position may follow beside the team (KLAR, Nav)


class Template(models.TextChoices):
    """The method's template for one person's follow-up."""

    SE = "se", _("Supported Employment: fem faser")
    IPS = "ips", _("Individuell jobbstøtte (IPS): fem faser og åtte prinsipper")


class Guidelines(GuardedModel):
    """A trial's rules for follow-up beside the capacity of a full position, which the trial itself has.

    `weights`: stage -> hundredths of a person that someone in the stage counts in a caseload; empty: all count one.
    `barred`: arm code -> Arena codes that the protocol does not allow for the arm.
    """

    trial = models.OneToOneField(Trial, on_delete=models.PROTECT, primary_key=True, related_name="guidelines")
    template = models.CharField(max_length=3, choices=Template.choices, default=Template.SE)
    supervisor_capacity = models.PositiveSmallIntegerField(
        default=SUPERVISOR_CAPACITY, validators=[MinValueValidator(0), MaxValueValidator(50)]
    )
    weights = models.JSONField(default=dict, blank=True)
    barred = models.JSONField(default=dict, blank=True)
    days_to_assign = models.PositiveSmallIntegerField(default=7, validators=[MinValueValidator(1)])
    days_to_contact = models.PositiveSmallIntegerField(default=30, validators=[MinValueValidator(1)])
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)
    changed_by = by(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(days_to_assign__gte=1, days_to_contact__gte=1), name="guidelines_days_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.template}"


class PrincipleMark(GuardedModel):
    """One of IPS's eight principles is attended to for a person; taken back by `cancelled`."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="principles")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    principle = models.CharField(max_length=20, choices=[(each.value, each.label) for each in Principle])
    note = models.CharField(max_length=300, blank=True)
    marked_at = models.DateTimeField()
    marked_by = by()
    cancelled = models.BooleanField(default=False)

    class Meta:
        ordering = ["participant", "marked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "principle"], condition=Q(cancelled=False), name="principle_marked_once"
            )
        ]

    def __str__(self) -> str:
        return self.principle


class FidelityReview(GuardedModel):
    """An office scored against a fidelity scale on a day. `scores`: item -> 1 to 5; `total` is their sum."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="fidelity_reviews")
    scale = models.CharField(max_length=6, choices=[(scale.code, scale.name) for scale in SCALES.values()])
    day = models.DateField()
    scores = models.JSONField()
    total = models.PositiveSmallIntegerField()
    reviewers = models.CharField(max_length=200)
    remarks = models.CharField(max_length=1000, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = by()

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["trial", "scale", "-day"], name="review_by_scale")]
        constraints = [
            models.UniqueConstraint(fields=["office", "scale", "day"], name="review_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.scale} {self.day:%Y-%m-%d}"
