"""Employers, enquiries and jobs: lists of an office, and what each specialist did week by week."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf, TruncWeek
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.models import CaseSummary, Employer, Enquiry, Job, Outcome
from trial.studies.models import Office, Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of

WEEKS_SHOWN = 8


def employers_at(office: Office) -> QuerySet[Employer]:
    """The employers whom an office knows, by name."""
    return Employer.objects.filter(office=office)


def employers_of(user: User, trial: Trial, search: str = "") -> QuerySet[Employer]:
    """The employers of the offices where the user follows people up, with what has been asked and come of it.

    `search`: part of the name, or of the organisation number.
    """
    offices = offices_of(user, trial, needing=Permission.FOLLOW_UP)
    rows = Employer.objects.filter(trial=trial, office__in=offices)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(organisation_number__startswith="".join(search.split())))
    return rows


@dataclass(frozen=True)
class Told:
    """What has been asked of an employer, when last, and what came of it."""

    enquiries: int
    matches: int
    last: date | None
    jobs: int


def told_of(employers: Iterable[Employer]) -> dict[int, Told]:
    """Employer key -> what has been asked and come of it; two queries for a page of employers."""
    keys = [each.pk for each in employers]
    asked = (
        Enquiry.objects.filter(employer__in=keys)
        .order_by()
        .values_list("employer")
        .annotate(enquiries=Count("pk"), matches=Count("pk", filter=Q(outcome=Outcome.MATCH)), last=Max("day"))
    )
    jobs = Counter(dict(Job.objects.filter(employer__in=keys).order_by().values_list("employer").annotate(Count("pk"))))
    found = {key: Told(enquiries, matches, last, jobs[key]) for key, enquiries, matches, last in asked}
    return {key: found.get(key, Told(0, 0, None, jobs[key])) for key in keys}


def employer_for(user: User, trial: Trial, key: int) -> Employer:
    """An employer of an office where the user follows people up; others get `not_found`."""
    employer = Employer.objects.select_related("trial", "office__nav_office").filter(trial=trial, pk=key).first()
    if employer is None or not can(user, trial, Permission.FOLLOW_UP, employer.office):
        raise not_found(_("Fant ikke arbeidsgiveren."))
    return employer


def job_for(user: User, trial: Trial, key: int) -> Job:
    """A job of a participant whom the user may follow up; others get `not_found`."""
    rows = Job.objects.select_related("participant__trial", "participant__office", "employer")
    job = rows.filter(trial=trial, pk=key).first()
    if job is None or not can(user, trial, Permission.FOLLOW_UP, job.office):
        raise not_found(_("Fant ikke jobben."))
    return job


def own_people(user: User, trial: Trial) -> list[Participant]:
    """The people whom a user follows now, by number."""
    cases = CaseSummary.objects.filter(trial=trial, specialist__user=user).select_related("participant__office")
    return sorted((case.participant for case in cases), key=lambda person: person.number)


@dataclass(frozen=True)
class Week:
    """What one specialist did in a week that begins on `monday`."""

    monday: date
    specialist: str
    enquiries: int
    employers: int
    matches: int


def weeks_of(user: User, trial: Trial) -> list[Week]:
    """Enquiries, different employers and job matches by week and specialist, newest first; the own offices' only.

    One query beside the offices.
    """
    offices = offices_of(user, trial, needing=Permission.FOLLOW_UP)
    today = clock.today()
    since = today - timedelta(days=today.weekday(), weeks=WEEKS_SHOWN - 1)
    rows = (
        Enquiry.objects.filter(trial=trial, office__in=offices, day__gte=since)
        .order_by()
        .annotate(monday=TruncWeek("day"))
        .values_list(
            "monday", "logged_by", Coalesce(NullIf("logged_by__display_name", Value("")), "logged_by__username")
        )
        .annotate(
            enquiries=Count("pk"),
            employers=Count("employer", distinct=True),
            matches=Count("pk", filter=Q(outcome=Outcome.MATCH)),
        )
    )
    weeks = [Week(monday, name, *counts) for monday, _logged_by, name, *counts in rows]
    return sorted(weeks, key=lambda week: (-week.monday.toordinal(), week.specialist))
