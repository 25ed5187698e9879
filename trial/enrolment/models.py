"""People on their way into a trial and through it, known by number. Who they are stands in the identity room."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from trial.audit.guards import GuardedModel
from trial.enrolment.states import LABELS, WITHDRAWALS, ParticipantState, Withdrawal
from trial.studies.models import Office, Trial


def _by(**options: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


class Criterion(GuardedModel):
    """A question that decides whether someone may take part; `required` is the answer that lets them."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(max_length=40)
    question = models.CharField(max_length=200)
    question_en = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=True)

    class Meta:
        ordering = ["trial", "position"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "code"], name="criterion_code_once"),
            models.UniqueConstraint(fields=["trial", "position"], name="criterion_position_once"),
        ]

    def __str__(self) -> str:
        return self.question_en if get_language() == "en" and self.question_en else self.question


class ConsentForm(GuardedModel):
    """A version of what people consent to. Never changed: a new text is a new version.

    `covers`: the codes of `coverage.COVERAGE` that it asks for; `optional`: those with a tick of their own.
    `variables`: register -> list of [variable, why it is needed]; `storage_end`: when everything is deleted.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="consent_forms")
    version = models.PositiveSmallIntegerField()
    text_nb = models.TextField()
    text_en = models.TextField(blank=True)
    covers = models.JSONField(default=list)
    optional = models.JSONField(default=list)
    variables = models.JSONField(default=dict)
    storage_end = models.DateField(null=True)
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = _by()

    class Meta:
        ordering = ["trial", "-version"]
        constraints = [models.UniqueConstraint(fields=["trial", "version"], name="consent_version_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} v{self.version}"

    @property
    def text(self) -> str:
        return self.text_en if get_language() == "en" and self.text_en else self.text_nb

    @property
    def always_covers(self) -> list[str]:
        """What everyone who consents agrees to; the rest has a tick of its own."""
        return [code for code in self.covers if code not in self.optional]


class EligibilityCheck(GuardedModel):
    """The answers that opened or closed the way in; `eligible` is empty until every question has an answer.

    Its key becomes the key of the participant. Someone who may not take part stays counted here without an identity.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(default=dict)
    factors = models.JSONField(default=dict)
    eligible = models.BooleanField(null=True)
    consent_draft = models.JSONField(default=dict)
    discarded = models.BooleanField(default=False)
    shielded = models.BooleanField(default=False)
    checked_at = models.DateTimeField()
    checked_by = _by()

    class Meta:
        ordering = ["-checked_at"]
        indexes = [models.Index(fields=["trial", "office", "-checked_at"], name="check_by_office")]

    def __str__(self) -> str:
        return str(self.key)


class Participant(GuardedModel):
    """A person in a trial, as everyone but the own office sees them.

    `shielded`: at the office, only the readers named in the identity room see the row.
    """

    key = models.UUIDField(primary_key=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="participants")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="participants")
    number = models.CharField(max_length=12, unique=True)
    state = models.CharField(
        max_length=12,
        choices=[(state.value, LABELS[state]) for state in ParticipantState],
        default=ParticipantState.REGISTERED,
    )
    stratum = models.CharField(max_length=200)
    factors = models.JSONField(default=dict)
    shielded = models.BooleanField(default=False)
    registered_at = models.DateTimeField()
    registered_by = _by()
    enrolled_at = models.DateTimeField(null=True)
    enrolled_by = _by(null=True)
    withdrawal = models.CharField(
        max_length=12, blank=True, choices=[(kind.value, WITHDRAWALS[kind]) for kind in Withdrawal]
    )
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = _by(null=True)

    class Meta:
        ordering = ["-registered_at", "key"]
        indexes = [
            models.Index(fields=["trial", "office", "-registered_at", "key"], name="participant_by_office"),
            models.Index(fields=["trial", "state"], name="participant_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ParticipantState]), name="participant_state_known"
            ),
            models.CheckConstraint(
                condition=Q(enrolled_at=None, enrolled_by=None, state__in=["registered", "consented", "withdrawn"])
                | Q(enrolled_at__isnull=False) & ~Q(state__in=["registered", "consented"]),
                name="participant_enrolled_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                & ~Q(withdrawal="")
                | Q(withdrawn_at=None, withdrawn_by=None, withdrawal="") & ~Q(state="withdrawn"),
                name="participant_withdrawn_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Consent(GuardedModel):
    """A person's consent to a version of the form, given on paper or on screen at the office.

    `sha256` is what the allocation log keeps of it. The newest consent that is not withdrawn is the one in force.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="consents")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="consents")
    covers = models.JSONField(default=list)
    paper_reference = models.CharField(max_length=60, blank=True)
    on_screen = models.BooleanField(default=False)
    given_at = models.DateTimeField()
    recorded_by = _by()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = _by(null=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-given_at", "-id"]
        indexes = [models.Index(fields=["participant", "-given_at"], name="consent_by_participant")]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="consent_withdrawn_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} v{self.form_id}"


class Display(GuardedModel):
    """That someone was shown who a participant is: one line each time, none for lists. Never changed.

    `subject` is the participant's key, also while there is no number yet; `what` a code of `displays.WHAT`.
    """

    subject = models.UUIDField()
    number = models.CharField(max_length=12, blank=True)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    user = _by()
    what = models.CharField(max_length=20)
    shielded = models.BooleanField(default=False)
    time = models.DateTimeField()

    class Meta:
        ordering = ["-time", "-id"]
        indexes = [
            models.Index(fields=["trial", "office", "-time"], name="display_by_office"),
            models.Index(fields=["subject", "-time"], name="display_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


class DisplayReview(GuardedModel):
    """That the office lead has gone through the displays up to a moment, and what came of it. Never changed."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()
    remark = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField()
    reviewed_by = _by()

    class Meta:
        ordering = ["-reviewed_at", "-id"]
        indexes = [models.Index(fields=["trial", "office", "-until"], name="review_by_office")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.until:%Y-%m-%d %H:%M}"
