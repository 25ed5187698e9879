"""Rows that were written by mistake: they stay where they are, marked with who took them back and why.

What was typed wrong is not written over. A right row takes the wrong one's place (`replaces`), and the wrong one is
read no more but for the history, the person's own extract and whoever looks in the tables.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.audit.guards import GuardedModel, GuardedQuerySet
from trial.followup.models.parts import by
from trial.studies.models import Office, Trial

STANDS = Q(retracted_at=None)


class Retraction(models.TextChoices):
    """Why a row does not stand any more."""

    MISTYPED = "mistyped", _("Skrevet feil")
    NEW_FACTS = "new_facts", _("Nye opplysninger")
    NEVER_HAPPENED = "never_happened", _("Har ikke funnet sted")
    OTHER_PERSON = "other_person", _("Gjelder en annen deltaker")
    TWICE = "twice", _("Registrert to ganger")
    GROUNDLESS = "groundless", _("Det regelen fant, er rettet")


CORRECTIONS = (Retraction.MISTYPED, Retraction.NEW_FACTS)
TAKING_BACK = (Retraction.NEVER_HAPPENED, Retraction.OTHER_PERSON, Retraction.TWICE, Retraction.MISTYPED)


class Standing(models.Manager[Any]):
    """The rows that have not been taken back: what nearly every reader wants."""

    def get_queryset(self) -> GuardedQuerySet:
        return GuardedQuerySet(self.model, using=self._db).filter(STANDS)


class Retractable(GuardedModel):
    """A row that can be taken back. `objects` are those that stand, `ever` all that were ever written."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    retracted_at = models.DateTimeField(null=True)
    retracted_by = by(null=True)
    retraction = models.CharField(max_length=16, choices=Retraction.choices, blank=True, default="", db_default="")

    participant: Any  # a column of each table, under a name of its own at the participant
    author: ClassVar[str]  # the field that says who wrote the row

    objects = Standing()  # type: ignore[misc, assignment] # a guarded model's manager, of fewer rows
    ever = models.Manager.from_queryset(GuardedQuerySet)()

    class Meta:
        abstract = True
        base_manager_name = "ever"
        default_manager_name = "objects"

    @property
    def written_by(self) -> Any:
        """The key of who wrote the row; None where a rule did."""
        return getattr(self, f"{self.author}_id")


def in_place_of() -> models.OneToOneField:
    """The row whose place a row took when it was corrected."""
    return models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replacement")


def retracted_by_someone(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(retracted_at=None, retracted_by=None, retraction="")
        | Q(retracted_at__isnull=False, retracted_by__isnull=False) & ~Q(retraction=""),
        name=name,
    )
