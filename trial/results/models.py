"""Results that two persons let out, as they were let out: after the disclosure rules, apart from the run's own."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from trial.analyses.models import Finding, Run
from trial.audit.guards import GuardedModel
from trial.results.states import LABELS, ReleaseState
from trial.studies.models import Trial


class Release(GuardedModel):
    """An analyst's request to let a run's results out, and what the output checker, another person, decided.

    It carries the manifest of its run, because most readers of a release cannot see runs.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="releases")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="releases")
    rule = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)
    manifest = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=[(state.value, LABELS[state]) for state in ReleaseState], default=ReleaseState.REQUESTED
    )
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-requested_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReleaseState]), name="release_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=ReleaseState.REQUESTED.value, decided_at=None, decided_by=None)
                | ~Q(state=ReleaseState.REQUESTED.value)
                & Q(decided_at__isnull=False, decided_by__isnull=False)
                & ~Q(decided_by=F("requested_by")),
                name="release_decided_by_another",
            ),
            models.UniqueConstraint(
                fields=["run"], condition=~Q(state=ReleaseState.REFUSED.value), name="release_of_a_run_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial} {self.requested_at:%Y-%m-%d}"


class ReleasedResult(Finding):
    """A finding as it was let out. Append-only."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="results")

    class Meta:
        ordering = ["release", "position"]
        constraints = [models.UniqueConstraint(fields=["release", "name"], name="released_result_once")]
