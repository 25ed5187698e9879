"""Employers, enquiries and jobs, as the specialists record them."""

from dataclasses import replace
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
from trial.followup.facts import JobFacts, differences
from trial.followup.models import Employer, Enquiry, Job, Outcome
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
    known = Refusal("employer_known", _("Kontoret har allerede denne arbeidsgiveren."), field="organisation_number")
    with steps.kept_by("employer_once_at_office", known):
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
        Refusal: `not_allowed`, `not_your_participant`, `other_office`, `unknown_kind`, `match_of_nobody`, `in_future`,
            `key_taken`.
    """
    require(by, employer.trial, Permission.FOLLOW_UP, employer.office)
    refuse_national_id(note=note)
    if participant:
        participant = steps.begin_following(by, participant)
        steps.present_assignment(participant)
        steps.at_office(participant, employer)
    key = key or uuid4()
    known = Enquiry.ever.filter(pk=key, employer=employer, logged_by=by).first()
    if known:
        said = (outcome, participant.pk if participant else None, day or known.day, note.strip())
        if (known.outcome, known.participant_id, known.day, known.note) != said:
            raise steps.key_taken()
        return known
    day = day or clock.today()
    steps.one_of(Outcome, outcome, "outcome")
    if outcome == Outcome.MATCH and participant is None:
        raise Refusal("match_of_nobody", _("Velg hvem arbeidsgiveren passer for."), field="participant", status=422)
    obey(policies.decide_day(day, clock.today()), field="day")
    with steps.own_key():
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

    The same job recorded twice by the same user is one: a form was sent twice.

    Raises:
        Refusal: `not_followed`, `other_office`, `unknown_kind`, `hours_out_of_range`, `in_future`,
            `end_before_start`, `end_without_reason`, `reason_without_end`, `job_overlaps`.
    """
    participant = steps.begin_following(by, participant)
    facts = JobFacts(employer, kind, hours, permanent, found, developed, start, end, end_reason)
    sent = participant.jobs.filter(**facts.columns(), recorded_by=by).first()
    if sent:
        return sent
    facts.check(participant)
    job = Job.objects.create(**steps.whose(participant), **facts.columns(), recorded_at=clock.now(), recorded_by=by)
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
    job = Job.ever.select_for_update(of=("self",)).select_related("employer").get(pk=job.pk)
    before = JobFacts.of(job)
    after = replace(before, hours=hours, permanent=permanent, end=end, end_reason=end_reason)
    if job.retracted_at:
        steps.refuse_changed()
    if after.columns() == before.columns():
        return job  # a form sent twice, or without a change
    steps.at_version(job, version)
    after.check(participant, but=job)
    job.changed(
        tenths_of_hours=after.tenths_of_hours,
        permanent=permanent,
        end=end,
        end_reason=end_reason,
        version=job.version + 1,
    )
    record(
        by=by,
        verb="job_ended" if end else "job_changed",
        trial=participant.trial.code,
        subject=participant.number,
        reason=end_reason,
        changed=differences(before, after),
    )
    return job


def _named(name: str) -> str:
    if not name.strip():
        raise Refusal("name_missing", _("Skriv navnet på arbeidsgiveren."), field="name", status=422)
    return name.strip()
