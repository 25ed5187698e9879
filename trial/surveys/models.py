"""Questionnaires: what is asked, when, whom it was opened for, the links that lead there, and what was answered.

Every row about a person carries the trial and the office, which row-level security asks for. Nothing here knows a
name, an address or a link in clear.
"""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from trial.audit import clock
from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.studies.models import Office, Trial
from trial.surveys.instruments import Item, read
from trial.surveys.states import LABELS, InvitationState
from trial.surveys.windows import Window, window


def _by(**options: Any) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


class Instrument(GuardedModel):
    """Questions that belong together. `items`: what `instruments.read` reads; fixed once a wave has asked them."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="instruments")
    code = models.SlugField(max_length=40)
    title_nb = models.CharField(max_length=100)
    title_en = models.CharField(max_length=100, blank=True)
    items = models.JSONField(default=list)
    changed_at = models.DateTimeField()
    changed_by = _by()

    class Meta:
        ordering = ["trial", "pk"]
        constraints = [models.UniqueConstraint(fields=["trial", "code"], name="instrument_code_once")]

    def __str__(self) -> str:
        return self.title_en if get_language() == "en" and self.title_en else self.title_nb

    @cached_property
    def questions(self) -> tuple[Item, ...]:
        return read(self.items)


class Wave(GuardedModel):
    """One of the times T1 to T4 at which people are asked. `instruments`: their codes, in the order asked.

    The window opens `opens_before` days before the person has been in the trial for `months`, and closes
    `closes_after` days after; `reminders`: days after the opening on which whoever has not answered hears again.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="waves")
    code = models.CharField(max_length=2, validators=[RegexValidator(r"^T[1-4]$")])
    months = models.PositiveSmallIntegerField()
    opens_before = models.PositiveSmallIntegerField(default=0)
    closes_after = models.PositiveSmallIntegerField()
    reminders = models.JSONField(default=list)
    instruments = models.JSONField(default=list)

    class Meta:
        ordering = ["trial", "code"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "code"], name="wave_code_once"),
            models.UniqueConstraint(fields=["trial", "months"], name="wave_months_once"),
            models.CheckConstraint(condition=Q(code__in=["T1", "T2", "T3", "T4"]), name="wave_code_known"),
        ]

    def __str__(self) -> str:
        return self.code

    def window_for(self, enrolled_at: Any) -> Window:
        """The window for someone enrolled at a moment."""
        return window(
            clock.on_date(enrolled_at),
            months=self.months,
            opens_before=self.opens_before,
            closes_after=self.closes_after,
        )


class Entry(models.TextChoices):
    """Where an answer comes from: given by the person, or typed from paper (first, second, and what was agreed on)."""

    OWN = "own", _("Svart selv")
    FIRST = "first", _("Første innskriving")
    SECOND = "second", _("Andre innskriving")
    AGREED = "agreed", _("Skrevet inn fra papir")


FINAL = (Entry.OWN, Entry.AGREED)


class Invitation(GuardedModel):
    """A wave that is open for a person. `final_entry`: whose answers count, once there are any.

    `asked`: how often a message was sent, the last one on `asked_on`.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="invitations")
    wave = models.ForeignKey(Wave, on_delete=models.PROTECT, related_name="invitations")
    state = models.CharField(
        max_length=10,
        choices=[(state.value, LABELS[state]) for state in InvitationState],
        default=InvitationState.OPENED,
    )
    opens = models.DateField()
    closes = models.DateField()
    asked = models.PositiveSmallIntegerField(default=0)
    asked_on = models.DateField(null=True)
    begun_at = models.DateTimeField(null=True)
    typed_at = models.DateTimeField(null=True)
    typed_by = _by(null=True)
    answered_at = models.DateTimeField(null=True)
    final_entry = models.CharField(max_length=6, blank=True, choices=Entry.choices)

    class Meta:
        ordering = ["closes", "key"]
        indexes = [models.Index(fields=["trial", "state", "closes"], name="invitation_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["participant", "wave"], name="invitation_once"),
            models.CheckConstraint(condition=Q(closes__gte=F("opens")), name="invitation_closes_after_opening"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in InvitationState]), name="invitation_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="answered", answered_at__isnull=False, final_entry__in=["own", "agreed"])
                | Q(answered_at=None, final_entry="") & ~Q(state="answered"),
                name="invitation_answered_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave_id} {self.key}"

    @property
    def window(self) -> Window:
        return Window(self.opens, self.closes)


class Channel(models.TextChoices):
    """How a link reaches the person."""

    EMAIL = "email", _("E-post")
    SMS = "sms", _("SMS")
    PAPER = "paper", _("Brev")


class Link(GuardedModel):
    """A personal way in to one questionnaire. Only the hash is kept: nobody can read the link out of the database."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="links")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = _by(null=True)

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.channel} {self.made_at:%Y-%m-%d}"


class Answer(GuardedModel):
    """One answer to one question; `value` is a number or a code as text, or free text; empty: not answered."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="answers")
    entry = models.CharField(max_length=6, choices=Entry.choices)
    instrument = models.SlugField(max_length=40)
    item = models.SlugField(max_length=40)
    value = models.CharField(max_length=1000, blank=True)
    saved_at = models.DateTimeField()
    saved_by = _by(null=True)

    class Meta:
        ordering = ["invitation", "entry", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["invitation", "entry", "instrument", "item"], name="answer_once"),
            models.CheckConstraint(
                condition=Q(entry="own", saved_by=None) | ~Q(entry="own") & Q(saved_by__isnull=False),
                name="answer_typed_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument}.{self.item}"


class BaselineScore(GuardedModel):
    """A person's score on an instrument at the start: the mean of the answers that are numbers.

    The database keeps it itself (migration `0004_baseline_scores`) when the answers are final. No plane reads the rows:
    `surveys_baseline()` gives out sums over people.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    instrument = models.SlugField(max_length=40, db_index=False)
    score = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["participant", "instrument"], name="baseline_scored_once")]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.instrument}"


class Miss(GuardedModel):
    """How often a code that opens nothing was tried from an address (its keyed hash) within a quarter of an hour."""

    address = models.CharField(max_length=64)
    quarter = models.PositiveIntegerField()
    number = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "quarter"], name="miss_once")]

    def __str__(self) -> str:
        return f"{self.quarter}: {self.number}"
