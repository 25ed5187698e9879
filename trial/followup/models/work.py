"""Employers, what specialists ask of them, and the jobs that come of it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.followup import policies
from trial.followup.models.parts import by, ends_after_start
from trial.followup.models.retractions import Retractable, in_place_of, retracted_by_someone
from trial.studies.models import Office, Trial


class Employer(GuardedModel):
    """An employer whom an office knows, by the organisation number of the Brønnøysund register."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="employers")
    organisation_number = models.CharField(max_length=9)
    name = models.CharField(max_length=120)
    industry = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)
    recorded_at = models.DateTimeField()
    recorded_by = by()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["office", "organisation_number"], name="employer_once_at_office"),
            models.CheckConstraint(
                condition=Q(organisation_number__regex=r"^\d{9}$"), name="employer_number_has_nine_digits"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    """What came of an enquiry."""

    ASKED = "asked", _("Forespurt")
    INTERESTED = "interested", _("Interessert")
    INTERVIEW = "interview", _("Intervju eller besøk avtalt")
    MATCH = "match", _("Jobbmatch")
    DECLINED = "declined", _("Takket nei")


class Enquiry(Retractable):
    """An employer was asked, for someone or in general. `key` comes from the form: sent twice, it counts once."""

    author = "logged_by"

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="enquiries")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="enquiries"
    )
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.ASKED)
    day = models.DateField()
    note = models.CharField(max_length=500, blank=True)
    logged_at = models.DateTimeField()
    logged_by = by()

    class Meta:
        ordering = ["-day", "-logged_at"]
        indexes = [
            models.Index(fields=["participant", "day"], name="enquiry_by_participant"),
            models.Index(fields=["office", "-day", "-logged_at"], name="enquiry_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.MATCH) | Q(participant__isnull=False), name="enquiry_match_is_someones"
            ),
            retracted_by_someone("enquiry_retracted_by_someone"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.day:%Y-%m-%d}"


class JobKind(models.TextChoices):
    """What kind of work it is; the first two are paid by the employer."""

    ORDINARY = "ordinary", _("Ordinært lønnet arbeid")
    SUBSIDISED = "subsidised", _("Arbeid med lønnstilskudd")
    PRACTICE = "practice", _("Arbeidspraksis")


class JobFound(models.TextChoices):
    """How the job was found."""

    SPECIALIST = "specialist", _("Jobbspesialisten tok kontakt med arbeidsgiveren")
    PARTICIPANT = "participant", _("Deltakeren fant den selv")
    NETWORK = "network", _("Gjennom familie, venner eller nettverk")
    ADVERTISED = "advertised", _("Utlyst stilling")
    EMPLOYER = "employer", _("Arbeidsgiveren tok kontakt")
    EARLIER = "earlier", _("Tidligere arbeidsgiver")


class JobEnd(models.TextChoices):
    """Why a job ended."""

    TEMPORARY = "temporary", _("Avtalt periode var over")
    OTHER_JOB = "other_job", _("Begynte i en annen jobb")
    EDUCATION = "education", _("Begynte på utdanning")
    OWN_WISH = "own_wish", _("Sluttet etter eget ønske")
    DISMISSED = "dismissed", _("Sagt opp av arbeidsgiveren")
    CLOSED = "closed", _("Nedbemanning eller nedleggelse")
    UNABLE = "unable", _("Kunne ikke fortsette i arbeidet")
    OTHER = "other", _("Annet")


class Job(Retractable):
    """A participant's work at an employer, both days included; no end: still going on. Hours in tenths a week."""

    author = "recorded_by"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="jobs")
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="jobs")
    kind = models.CharField(max_length=12, choices=JobKind.choices)
    tenths_of_hours = models.PositiveSmallIntegerField()
    permanent = models.BooleanField()
    found = models.CharField(max_length=12, choices=JobFound.choices)
    developed = models.BooleanField(default=False)
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=JobEnd.choices, blank=True)
    version = models.PositiveIntegerField(default=1)
    recorded_at = models.DateTimeField()
    recorded_by = by()
    replaces = in_place_of()

    class Meta:
        ordering = ["participant", "-start", "pk"]
        indexes = [models.Index(fields=["office", "-start", "-id"], name="job_newest")]
        constraints = [
            ends_after_start("job_ends_after_start"),
            models.CheckConstraint(
                condition=Q(tenths_of_hours__gte=1, tenths_of_hours__lte=policies.MOST_HOURS_A_WEEK * 10),
                name="job_hours_possible",
            ),
            models.CheckConstraint(
                condition=Q(end=None, end_reason="") | Q(end__isnull=False) & ~Q(end_reason=""),
                name="job_ended_for_a_reason",
            ),
            retracted_by_someone("job_retracted_by_someone"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.start:%Y-%m-%d}"

    @property
    def hours(self) -> float:
        """Hours a week."""
        return self.tenths_of_hours / 10
