"""What was written wrong: a right row takes its place, or it is taken back. The wrong one stays, with who and why."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from trial.access.models import User
from trial.audit import clock
from trial.audit.actions import action, record
from trial.followup import steps
from trial.followup.actions.deviations import drop_groundless, note_measure
from trial.followup.facts import ContactFacts, Facts, JobFacts, MeasureFacts, differences
from trial.followup.models import (
    CORRECTIONS,
    TAKING_BACK,
    Contact,
    Counterpart,
    Employer,
    Job,
    Measure,
    Retractable,
    Retraction,
)
from trial.followup.permissions import require_correction
from trial.followup.policies import Verdict
from trial.followup.sentences import obey
from trial.followup.states import NOT_WITHDRAWN


@action
def correct_contact(
    *,
    by: User,
    contact: Contact,
    kind: str,
    minutes: int,
    day: date,
    counterpart: str = Counterpart.PARTICIPANT,
    employer: Employer | None = None,
    note: str = "",
    key: UUID | None = None,
    reason: str = Retraction.MISTYPED,
) -> Contact:
    """Put what a contact should have said in its place. `key`: of the new row; sent twice, it is one correction.

    Raises:
        Refusal: `not_your_participant`, `not_followed`, `changed_meanwhile` where someone was faster, `key_taken`;
            otherwise as `log_contact`.
    """
    facts = ContactFacts(kind, counterpart, employer, day, minutes, note.strip())
    return _corrected(by, contact, facts, reason, key=key or uuid4(), logged_at=clock.now(), logged_by=by)


@action
def correct_measure(
    *,
    by: User,
    measure: Measure,
    code: str,
    start: date,
    end: date | None = None,
    provider: str = "",
    version: int | None = None,
    reason: str = Retraction.MISTYPED,
) -> Measure:
    """Put what a measure should have said in its place: the code, the days or the provider.

    What the rules found because of a wrong code falls away, and what they find because of the right one is recorded.

    Raises:
        Refusal: as `correct_contact`; otherwise as `record_measure`.
    """
    facts = MeasureFacts(code, start, end, provider.strip())
    right: Measure = _corrected(by, measure, facts, reason, version, recorded_at=clock.now(), recorded_by=by)
    wrong = right.replaces
    if wrong and wrong.ended_at and wrong.end == right.end and right.ended_at is None:
        right.changed(ended_at=wrong.ended_at, ended_by=wrong.ended_by)
    if right.pk != measure.pk:
        note_measure(right.participant, right, in_place_of=wrong)
    return right


@action
def correct_job(
    *,
    by: User,
    job: Job,
    employer: Employer,
    kind: str,
    hours: float,
    permanent: bool,
    found: str,
    start: date,
    developed: bool = False,
    end: date | None = None,
    end_reason: str = "",
    version: int | None = None,
    reason: str = Retraction.MISTYPED,
) -> Job:
    """Put what a job should have said in its place. New hours or terms, and the end, are `change_job`'s.

    Raises:
        Refusal: as `correct_contact`; otherwise as `record_job`.
    """
    facts = JobFacts(employer, kind, hours, permanent, found, developed, start, end, end_reason)
    right: Job = _corrected(by, job, facts, reason, version, recorded_at=clock.now(), recorded_by=by)
    return right


@action
def take_back(*, by: User, row: Retractable, reason: str) -> Any:
    """Take back a contact, a measure, a job or an enquiry that should not have been written.

    Raises:
        Refusal: `not_your_participant`, `not_followed`, `unknown_kind`, `changed_meanwhile` where it does not stand.
    """
    participant, present = _begin(by, row)
    if present.retracted_at:
        if (present.retracted_by_id, present.retraction) != (by.pk, reason):
            steps.refuse_changed()
        return present  # a form sent twice
    steps.retract(by, present, reason, TAKING_BACK)
    record(by=by, verb=f"{_name(present)}_taken_back", trial=present.trial.code, **_whose(present), reason=str(reason))
    if participant:
        drop_groundless(by, participant)
    return present


def _corrected(by: User, row: Any, facts: Facts, reason: str, version: int | None = None, **signed: Any) -> Any:
    """The row that takes the place of `row`; the row itself where nothing differs."""
    participant, present = _begin(by, row)
    if present.retracted_at:
        return _sent_before(by, present, facts)
    before = type(facts).of(present)
    if facts.columns() == before.columns():
        return present
    steps.at_version(present, version)
    facts.check(participant, but=present)
    steps.retract(by, present, reason, CORRECTIONS)
    with steps.own_key():
        right = type(present).objects.create(**steps.whose(participant), **facts.columns(), replaces=present, **signed)
    record(
        by=by,
        verb=f"{_name(present)}_corrected",
        trial=participant.trial.code,
        **_whose(present),
        reason=str(reason),
        changed=differences(before, facts),
    )
    drop_groundless(by, participant)
    return right


def _begin(by: User, row: Any) -> tuple[Any, Any]:
    """The person, held until the action ends, and the row as it is now; both in the user's reach."""
    require_correction(by, row)
    participant = steps.locked(row.participant) if row.participant else None
    if participant:
        obey(Verdict.ACCEPTED if participant.state in NOT_WITHDRAWN else Verdict.NOT_FOLLOWED)
    return participant, type(row).ever.select_for_update(of=("self",)).select_related("trial").get(pk=row.pk)


def _sent_before(by: User, row: Any, facts: Facts) -> Any:
    """What took the row's place, where the same user wrote the same just now; else someone was faster."""
    right = type(row).objects.filter(replaces=row).first()
    if right is None or right.written_by != by.pk or type(facts).of(right).columns() != facts.columns():
        steps.refuse_changed()
    return right


def _name(row: Retractable) -> str:
    return str(row._meta.model_name)


def _whose(row: Any) -> dict[str, str]:
    return {"subject": row.participant.number if row.participant else ""}
