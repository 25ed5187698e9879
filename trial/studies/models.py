"""Trials: what is compared, where, and who takes part in running it."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from trial.access.roles import ROLES, Role
from trial.audit.guards import GuardedModel
from trial.studies.states import LABELS, TrialState


class Mode(models.TextChoices):
    """Who holds the researcher's seed (the draw's modes)."""

    ATTENDED = "attended", _("Forsker trekker")
    UNATTENDED = "unattended", _("Trekkes straks")


class Unit(models.TextChoices):
    """What a draw is for: each person, or an office whose people all get its arm."""

    PERSON = "person", _("Hver deltaker")
    CLUSTER = "cluster", _("Hvert kontor, og alle deltakerne der følger kontoret")


class LegalBasis(models.TextChoices):
    """On what the processing of personal data rests; the participant's consent to take part is asked either way."""

    CONSENT = "consent", _("Samtykke (personvernforordningen artikkel 6 nr. 1 a og 9 nr. 2 a)")
    PUBLIC_INTEREST = (
        "public_interest",
        _("Allmennhetens interesse (artikkel 6 nr. 1 e og 9 nr. 2 j, personopplysningsloven §§ 8 og 9)"),
    )


OFFICE = "office"  # the stratifier that is no factor of the participant


def by_office() -> list[str]:
    """A draw of its own in each office: what most trials want."""
    return [OFFICE]


class Trial(GuardedModel):
    """A randomised trial, or a comparison without a draw (`method` empty).

    `factors`: factor -> its levels. `strata_by`: what gives a draw of its own, `OFFICE` and names of factors in their
    order; empty for one draw in all. `unit`: see `Unit`. `controller` to `approvals`: what everyone whose data are used
    has to be told (personvernforordningen, article 13), and what a register owner asks; `approvals`: of Sikt, REK, PVK.
    """

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    purpose = models.TextField(blank=True)
    state = models.CharField(
        max_length=20,
        choices=[(state.value, LABELS[state]) for state in TrialState],
        default=TrialState.DRAFTING,
    )
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.ATTENDED)
    unit = models.CharField(max_length=10, choices=Unit.choices, default=Unit.PERSON)
    method = models.JSONField(default=dict, blank=True)
    factors = models.JSONField(default=dict, blank=True)
    strata_by = models.JSONField(default=by_office, blank=True)
    register_sources = models.JSONField(default=list, blank=True)
    analysis_plan_sha256 = models.CharField(max_length=64, blank=True)
    planned_size = models.PositiveIntegerField(default=0)
    planned_start = models.DateField(null=True, blank=True)
    planned_end = models.DateField(null=True, blank=True)
    controller = models.CharField(max_length=200, blank=True)
    project_leader = models.CharField(max_length=200, blank=True)
    questions_to = models.CharField(max_length=200, blank=True)
    privacy_officer = models.CharField(max_length=200, blank=True)
    legal_basis = models.CharField(max_length=20, blank=True, choices=LegalBasis.choices)
    approvals = models.CharField(max_length=300, blank=True)
    capacity_per_position = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(1), MaxValueValidator(150)]
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TrialState]), name="trial_state_known"
            ),
            models.CheckConstraint(
                condition=Q(planned_start=None) | Q(planned_end=None) | Q(planned_end__gt=F("planned_start")),
                name="trial_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Arm(GuardedModel):
    """A group that people are drawn to, in the order of the protocol."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="arms")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100, blank=True)
    ratio = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    position = models.PositiveSmallIntegerField()
    is_control = models.BooleanField(default=False)

    class Meta:
        ordering = ["trial", "position"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "code"], name="arm_code_once"),
            models.UniqueConstraint(fields=["trial", "position"], name="arm_position_once"),
            models.CheckConstraint(condition=Q(ratio__gte=1), name="arm_ratio_positive"),
        ]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name


class NavOffice(GuardedModel):
    """A Nav office by its unit number, whatever trials it takes part in."""

    number = models.CharField(max_length=4, unique=True, validators=[RegexValidator(r"^\d{4}$")])
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.name


class Office(GuardedModel):
    """An office's part in one trial: its stratum, its number prefix, how many it expects, and whether it recruits."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="offices")
    nav_office = models.ForeignKey(NavOffice, on_delete=models.PROTECT, related_name="+")
    stratum = models.CharField(max_length=60)
    prefix = models.CharField(max_length=3, validators=[RegexValidator(r"^[A-ZÆØÅ]{3}$")])
    recruits = models.BooleanField(default=True)
    planned_size = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["trial", "nav_office__name"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "nav_office"], name="office_once_per_trial"),
            models.UniqueConstraint(fields=["trial", "prefix"], name="office_prefix_once_per_trial"),
        ]

    def __str__(self) -> str:
        return self.nav_office.name


class Membership(GuardedModel):
    """A person's role in a trial between two dates; `office` for the roles that are held at one office.

    `group`: the identity provider's group that it came with, empty where the trial lead gave it to the person.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="memberships")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, ROLES[role].label) for role in Role])
    group = models.CharField(max_length=100, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["trial", "role", "user"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="membership_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["user", "trial", "office", "role"],
                condition=Q(valid_to=None),
                nulls_distinct=False,
                name="membership_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.trial}"


class GroupRole(GuardedModel):
    """What everyone in a group of the identity provider may do in a trial; `group` in small letters."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="group_roles")
    group = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=[(role.value, ROLES[role].label) for role in Role])
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["trial", "group", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "group", "role", "office"], nulls_distinct=False, name="group_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.role} {self.trial}"
