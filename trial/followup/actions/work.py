"""Employers, enquiries and jobs, as the specialists record them."""

from datetime import date
from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.models import Participant
from trial.followup import policies, steps
from trial.followup.models import Employer, Enquiry, Job, JobEnd, JobFound, JobKind, Outcome
from trial.followup.organisation_numbers import plain
from trial.followup.sentences import obey
from trial.studies.models import Office
from trial.studies.permissions import require


@action
def add_employer(
    *, by: User, office: Office, organisation_number: str, name: str, industry: str = "", place: str = ""
) -> Employer:
    """Add an employer to those whom the office knows.

    Raises:
        Refusal: `not_allowed`, `organisation_number_malformed`, `organisation_number_wrong_digit`, `employer_known`.
    """
    require(by, office.trial, Permission.FOLLOW_UP, office)
    refuse_national_id(name=name, industry=industry, place=place)
    number = plain(organisation_number)
    obey(policies.decide_organisation_number(number))
    if Employer.objects.filter(office=office, organisation_number=number).exists():
        raise Refusal("employer_known", _("Kontoret har allerede denne arbeidsgiveren."), field="organisation_number")
    employer = Employer.objects.create(
        trial=office.trial,
        office=office,
        organisation_number=number,
        name=_named(name),
        industry=industry.strip(),
        place=place.strip(),
        recorded_at=clock.now(),
        recorded_by=by,
    )
    record(by=by, verb="employer_added", trial=office.trial.code, subject=number)
    return employer


@action
def change_employer(
    *, by: User, employer: Employer, name: str, industry: str = "", place: str = "", version: int | None = None
) -> Employer:
    """Correct what is written about an employer; the organisation number stays.

    Raises:
        Refusal: `not_allowed`, `changed_meanwhile`, `name_missing`.
    """
    require(by, employer.trial, Permission.FOLLOW_UP, employer.office)
    refuse_national_id(name=name, industry=industry, place=place)
    rows = Employer.objects.select_for_update(of=("self",)).select_related("trial", "office")
    employer = rows.get(pk=employer.pk)
    steps.at_version(employer, version)
    employer.changed(name=_named(name), industry=industry.strip(), place=place.strip(), version=employer.version + 1)
    record(by=by, verb="employer_changed", trial=employer.trial.code, subject=employer.organisation_number)
    return employer


@action
def log_enquiry(
    *,
    by: User,
    employer: Employer,
    outcome: str,
    participant: Participant | None = None,
    day: date | None = None,
    note: str = "",
    key: UUID | None = None,
) -> Enquiry:
    """Log that an employer was asked on `day` (today), for someone or in general. The same `key` counts once.

    Raises:
        Refusal: `not_allowed`, `not_your_participant`, `other_office`, `unknown_kind`, `match_of_nobody`, `in_future`.
    """
    require(by, employer.trial, Permission.FOLLOW_UP, employer.office)
    refuse_national_id(note=note)
    if participant:
        participant = steps.begin_following(by, participant)
        steps.present_assignment(participant)
        steps.at_office(participant, employer)
    key, day = key or uuid4(), day or clock.today()
    known = Enquiry.objects.filter(pk=key, employer=employer, logged_by=by).first()
    if known:
        return known
    steps.one_of(Outcome, outcome, "outcome")
    if outcome == Outcome.MATCH and participant is None:
        raise Refusal("match_of_nobody", _("Velg hvem arbeidsgiveren passer for."), field="participant", status=422)
    obey(policies.decide_day(day, clock.today()), field="day")
    enquiry = Enquiry.objects.create(
        trial=employer.trial,
        office=employer.office,
        employer=employer,
        participant=participant,
        key=key,
        outcome=outcome,
        day=day,
        note=note.strip(),
        logged_at=clock.now(),
        logged_by=by,
    )
    subject = participant.number if participant else ""
    record(by=by, verb="enquiry_logged", trial=employer.trial.code, subject=subject, outcome=str(outcome))
    return enquiry


@action
def record_job(
    *,
    by: User,
    participant: Participant,
    employer: Employer,
    kind: str,
    hours: float,
    permanent: bool,
    found: str,
    start: date,
    developed: bool = False,
    end: date | None = None,
    end_reason: str = "",
) -> Job:
    """Record a participant's job at an employer of the office; `hours` a week, to a tenth. No `end`: still going on.

    Raises:
        Refusal: `not_followed`, `other_office`, `unknown_kind`, `hours_out_of_range`, `in_future`,
            `end_before_start`, `end_without_reason`, `reason_without_end`, `job_overlaps`.
    """
    participant = steps.begin_following(by, participant)
    steps.at_office(participant, employer)
    for choices, value, field in ((JobKind, kind, "kind"), (JobFound, found, "found")):
        steps.one_of(choices, value, field)
    _possible(hours, start, end, end_reason)
    _keeps_clear(participant, employer, (start, end))
    job = Job.objects.create(
        **steps.whose(participant),
        employer=employer,
        kind=kind,
        tenths_of_hours=round(hours * 10),
        permanent=permanent,
        found=found,
        developed=developed,
        start=start,
        end=end,
        end_reason=end_reason,
        recorded_at=clock.now(),
        recorded_by=by,
    )
    record(by=by, verb="job_recorded", trial=participant.trial.code, subject=participant.number, kind=str(kind))
    return job


@action
def change_job(
    *,
    by: User,
    job: Job,
    hours: float,
    permanent: bool,
    end: date | None = None,
    end_reason: str = "",
    version: int | None = None,
) -> Job:
    """Change the hours or the terms of a job, or end it for a reason.

    Raises:
        Refusal: `changed_meanwhile`; otherwise as `record_job`.
    """
    participant = steps.begin_following(by, job.participant)
    job = Job.objects.select_for_update(of=("self",)).select_related("employer").get(pk=job.pk)
    steps.at_version(job, version)
    _possible(hours, job.start, end, end_reason)
    _keeps_clear(participant, job.employer, (job.start, end), but=job)
    job.changed(
        tenths_of_hours=round(hours * 10),
        permanent=permanent,
        end=end,
        end_reason=end_reason,
        version=job.version + 1,
    )
    verb = "job_ended" if end else "job_changed"
    record(by=by, verb=verb, trial=participant.trial.code, subject=participant.number, reason=end_reason)
    return job


def _possible(hours: float, start: date, end: date | None, reason: str) -> None:
    if reason:
        steps.one_of(JobEnd, reason, "end_reason")
    verdict = policies.decide_job(hours=hours, start=start, end=end, reason=reason, today=clock.today())
    obey(verdict, field="end" if verdict == policies.Verdict.IN_FUTURE and end else None)


def _keeps_clear(participant: Participant, employer: Employer, spell: policies.Spell, but: Job | None = None) -> None:
    """A person has one job at an employer at a time; jobs at several employers may go on together."""
    others = participant.jobs.filter(employer=employer)
    if but:
        others = others.exclude(pk=but.pk)
    if policies.decide_overlap(spell, others.values_list("start", "end")).is_refusal:
        raise Refusal(
            "job_overlaps", _("Deltakeren har allerede en jobb hos arbeidsgiveren i perioden."), field="start"
        )


def _named(name: str) -> str:
    if not name.strip():
        raise Refusal("name_missing", _("Skriv navnet på arbeidsgiveren."), field="name", status=422)
    return name.strip()
