"""Plans, runs and their results, reached only by those who may see them; and the people of an analysis."""

from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.analyses.models import Finding, Plan, Run
from trial.studies.models import Trial
from trial.studies.queries import trial_for

Found = TypeVar("Found", bound=Finding)
PEOPLE = ("participant_number", "office", "arm", "start_date")


def plans_of(user: User, code: str) -> tuple[Trial, QuerySet[Plan]]:
    """A trial and its plans, the newest version first."""
    trial = trial_for(user, code, needing=Permission.SEE_PLAN)
    return trial, trial.plans.select_related("proposed_by", "locked_by")


def plan_for(user: User, code: str, version: int) -> Plan:
    """One version of a trial's plan."""
    found = plans_of(user, code)[1].select_related("trial").filter(version=version).first()
    if found is None:
        raise not_found(_("Fant ikke analyseplanen."))
    return found


def runs_of(user: User, code: str) -> tuple[Trial, QuerySet[Run]]:
    """A trial and its runs, newest first, for those who may see numbers before their release."""
    trial = trial_for(user, code, needing=Permission.SEE_UNRELEASED)
    return trial, trial.runs.select_related("plan", "requested_by", "cancelled_by")


def run_for(user: User, code: str, key: UUID) -> Run:
    """One run of a trial."""
    found = runs_of(user, code)[1].select_related("trial").filter(pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke kjøringen."))
    return found


def release_asked(run: Run) -> bool:
    """Whether a release of the run waits or was made; after a refusal it can be asked for again."""
    return bool(run.releases.exclude(state="refused").exists())


def finding_of(findings: QuerySet[Found], name: str) -> Found:
    """The finding with a name, of a run or of a release."""
    found = findings.filter(name=name).first()
    if found is None:
        raise not_found(_("Fant ikke tabellen eller figuren."))
    return found


def people_of(trial: Trial) -> list[tuple[str, str, str, str]]:
    """One row per allocated participant, in the order `PEOPLE`; the arms are masked until the data lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(PEOPLE)} FROM allocation_research "  # noqa: S608 - names from this file
            "WHERE trial_id = %s ORDER BY participant_number",
            [trial.pk],
        )
        return list(cursor.fetchall())
