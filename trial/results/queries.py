"""Releases, reached only by those who may see them: what was let out, and for few, what waits."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.analyses.models import Run
from trial.analyses.states import RunState
from trial.results.models import Release
from trial.results.states import ReleaseState
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for


def releases_of(user: User, code: str) -> tuple[Trial, QuerySet[Release]]:
    """A trial and its releases, newest first: the released ones, for checkers and analysts also those that wait."""
    trial = trial_for(user, code, needing=Permission.SEE_RESULTS)
    releases = trial.releases.select_related("requested_by", "decided_by")
    if can(user, trial, Permission.SEE_UNRELEASED):
        return trial, releases
    return trial, releases.filter(state=ReleaseState.RELEASED)


def release_for(user: User, code: str, key: UUID) -> Release:
    """One release that the user may see."""
    found = releases_of(user, code)[1].select_related("trial").filter(pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke resultatene."))
    return found


def releasable(user: User, trial: Trial) -> list[Run]:
    """The true runs that are done and whose release nobody has asked for, for those who may ask."""
    if not can(user, trial, Permission.RUN_ANALYSIS):
        return []
    asked = Release.objects.filter(trial=trial).exclude(state=ReleaseState.REFUSED).values("run")
    done = Run.objects.filter(trial=trial, state=RunState.DONE, masked=False)
    return list(done.exclude(pk__in=asked).select_related("plan", "requested_by"))


def waiting(trials: list[Trial]) -> QuerySet[Release]:
    """The releases that wait for an output checker in some trials."""
    return Release.objects.filter(trial__in=trials, state=ReleaseState.REQUESTED).select_related("trial")
