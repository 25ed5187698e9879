"""What job specialists and their supervisors do. Each verb locks the participant first, decides purely, then writes."""

from datetime import date
from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy as _

from evaluation.codes import measures
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.actions import mark_completed, mark_following
from trial.enrolment.listeners import on_withdrawal
from trial.enrolment.models import Participant
from trial.enrolment.states import ParticipantState
from trial.followup import policies, steps
from trial.followup.models import (
    Assignment,
    Contact,
    ContactKind,
    Counterpart,
    Deviation,
    DeviationKind,
    EmploymentSpecialist,
    Measure,
    StageSpell,
)
from trial.followup.permissions import require_follow_up
from trial.followup.policies import Verdict
from trial.followup.queries import load_of
from trial.followup.sentences import obey
from trial.followup.states import UNDER_FOLLOW_UP, Stage, next_stage
from trial.studies.models import Membership, Office
from trial.studies.permissions import require


@action
def appoint_specialist(
    *, by: User, user: User, office: Office, position_share: int, valid_from: date | None = None
) -> EmploymentSpecialist:
    """Give a job specialist a position at an office, as a share (percent) of a full one, from `valid_from` (today).

    Raises:
        Refusal: `not_allowed`, `share_out_of_range`, `not_a_specialist`, `already_appointed`.
    """
    steps.may_staff(by, office)
    steps.possible_share(position_share)
    if not Membership.objects.filter(user=user, office=office, role=Role.SPECIALIST, valid_to=None).exists():
        raise Refusal("not_a_specialist", _("Gi personen rollen som jobbspesialist ved kontoret først."), field="user")
    if EmploymentSpecialist.objects.filter(user=user, office=office, valid_to=None).exists():
        raise Refusal("already_appointed", _("Personen er allerede jobbspesialist ved kontoret."), field="user")
    specialist = EmploymentSpecialist.objects.create(
        user=user,
        trial=office.trial,
        office=office,
        position_share=position_share,
        valid_from=valid_from or clock.today(),
    )
    record(by=by, verb="specialist_appointed", trial=office.trial.code, subject=str(user.pk), share=position_share)
    return specialist


@action
def change_position(
    *, by: User, specialist: EmploymentSpecialist, position_share: int, valid_to: date | None = None
) -> EmploymentSpecialist:
    """Change the share of a position, or end it; nobody leaves while people are still with them."""
    steps.may_staff(by, specialist.office)
    steps.possible_share(position_share)
    specialist = steps.locked_specialist(specialist)
    if valid_to and valid_to < specialist.valid_from:
        obey(Verdict.END_BEFORE_START, field="valid_to")
    if valid_to and load_of(specialist).people:
        raise Refusal("has_people", _("Overfør deltakerne til en annen før stillingen avsluttes."), field="valid_to")
    specialist.changed(position_share=position_share, valid_to=valid_to)
    record(
        by=by,
        verb="position_changed",
        trial=specialist.trial.code,
        subject=str(specialist.user_id),
        share=position_share,
        ends=valid_to.isoformat() if valid_to else "",
    )
    return specialist


@action
def assign(*, by: User, participant: Participant, specialist: EmploymentSpecialist, reason: str = "") -> Assignment:
    """Give an intervention participant to a job specialist of the office, from today.

    `reason`: why the capacity is exceeded; kept only when it is.

    Raises:
        Refusal: `not_allowed`, or the code of the verdict, e.g. `control_not_assignable` or `over_capacity`.
    """
    participant = _begin_assigning(by, participant, reason=reason)
    present = steps.open_assignment(participant)
    verdict = steps.judged(participant, specialist, reason, is_assigned=present is not None)
    if participant.state == ParticipantState.ALLOCATED:
        participant = mark_following(by=by, participant=participant)
    if not participant.stages.filter(end=None).exists():
        steps.enter_stage(by, participant, Stage.CONTACT)
    return _given(by, participant, specialist, verb="assigned", reason=_why(verdict, reason))


@action
def transfer(
    *, by: User, participant: Participant, to: EmploymentSpecialist, hand_over: str, reason: str = ""
) -> Assignment:
    """Move a participant to another specialist from today, with a note on what the next one should know.

    Raises:
        Refusal: `not_assigned`, `same_specialist`, or the code of the verdict as for `assign`.
    """
    participant = _begin_assigning(by, participant, reason=reason, hand_over=hand_over)
    present = steps.present_assignment(participant)
    if present.specialist_id == to.pk:
        raise Refusal("same_specialist", _("Deltakeren er allerede hos denne jobbspesialisten."), field="specialist")
    verdict = steps.judged(participant, to, reason, is_assigned=False)
    steps.ended(by, present)
    return _given(by, participant, to, verb="transferred", reason=_why(verdict, reason), hand_over=hand_over)


@action
def end_assignment(*, by: User, participant: Participant, reason: str) -> Assignment:
    """Take a participant from the specialist; the person is on the waiting list again."""
    participant = _begin_assigning(by, participant, reason=reason)
    ended = steps.ended(by, steps.present_assignment(participant), reason)
    record(by=by, verb="assignment_ended", trial=participant.trial.code, subject=participant.number)
    return ended


@action
def complete(*, by: User, participant: Participant) -> Participant:
    """End the follow-up of a participant: the period of the trial is over for this person."""
    participant = _begin_assigning(by, participant)
    steps.close_follow_up(by, participant)
    return mark_completed(by=by, participant=participant)


@action
def record_measure(
    *, by: User, participant: Participant, code: str, start: date, end: date | None = None, provider: str = ""
) -> Measure:
    """Record a labour market measure by its Arena code, both days included; no `end`: still going on.

    Raises:
        Refusal: `not_followed`, `unknown_code`, `code_not_valid`, `in_future`, `end_before_start`, `measure_overlaps`.
    """
    participant = _begin_following(by, participant, provider=provider)
    obey(policies.decide_spell(start=start, end=end, today=clock.today()))
    obey(policies.decide_code(measures().get(code), start))
    obey(policies.decide_overlap((start, end), participant.measures.filter(code=code).values_list("start", "end")))
    measure = Measure.objects.create(
        **steps.whose(participant),
        code=code,
        start=start,
        end=end,
        provider=provider.strip(),
        recorded_at=clock.now(),
        recorded_by=by,
    )
    record(by=by, verb="measure_recorded", trial=participant.trial.code, subject=participant.number, code=code)
    return measure


@action
def end_measure(*, by: User, measure: Measure, end: date) -> Measure:
    """Set the last day of a measure that is going on, or of one whose planned end lies ahead.

    Raises:
        Refusal: `measure_ended` when someone has ended it already; `end_before_start`, `in_future`.
    """
    participant = _begin_following(by, measure.participant)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    if measure.ended_at is not None:
        raise Refusal("measure_ended", _("Tiltaket er allerede avsluttet. Last siden på nytt."), field="end")
    obey(policies.decide_day(end, clock.today()), field="end")
    obey(policies.decide_spell(start=measure.start, end=end, today=clock.today()))
    measure.changed(end=end, ended_at=clock.now(), ended_by=by)
    record(by=by, verb="measure_ended", trial=participant.trial.code, subject=participant.number, code=measure.code)
    return measure


@action
def log_contact(
    *,
    by: User,
    participant: Participant,
    kind: str,
    minutes: int,
    day: date | None = None,
    counterpart: str = Counterpart.PARTICIPANT,
    note: str = "",
    key: UUID | None = None,
) -> Contact:
    """Log one contact on `day` (today). The same `key` logged twice by the same user is one contact.

    Raises:
        Refusal: `not_assigned`, `unknown_kind`, `in_future`, `minutes_out_of_range`, `national_id_in_text`.
    """
    participant = _begin_following(by, participant, note=note)
    key, day = key or uuid4(), day or clock.today()
    known = Contact.objects.filter(pk=key, participant=participant, logged_by=by).first()
    if known:
        return known
    steps.present_assignment(participant)
    _one_of(ContactKind, kind, "kind")
    _one_of(Counterpart, counterpart, "counterpart")
    obey(policies.decide_day(day, clock.today()), field="day")
    obey(policies.decide_minutes(minutes))
    contact = Contact.objects.create(
        **steps.whose(participant),
        key=key,
        kind=kind,
        counterpart=counterpart,
        day=day,
        minutes=minutes,
        note=note.strip(),
        logged_at=clock.now(),
        logged_by=by,
    )
    record(by=by, verb="contact_logged", trial=participant.trial.code, subject=participant.number, kind=str(kind))
    return contact


@action
def move_stage(*, by: User, participant: Participant, stage: str) -> StageSpell:
    """Move a participant to another stage of supported employment, from today.

    Raises:
        Refusal: `not_assigned`, `unknown_stage`, `wrong_stage`.
    """
    participant = _begin_following(by, participant)
    steps.present_assignment(participant)
    wanted = next_stage(participant.stages.get(end=None).stage, stage)
    spell = steps.enter_stage(by, participant, wanted)
    record(by=by, verb="stage_moved", trial=participant.trial.code, subject=participant.number, stage=wanted.value)
    return spell


@action
def record_deviation(
    *, by: User, participant: Participant, kind: str, reason: str, day: date | None = None
) -> Deviation:
    """Record that something departed from the protocol on `day` (today). Nothing else changes by it.

    Raises:
        Refusal: `not_allowed`, `unknown_kind`, `reason_missing`, `in_future`, `national_id_in_text`.
    """
    require(by, participant.trial, Permission.RECORD_DEVIATION, participant.office)
    refuse_national_id(reason=reason)
    _one_of(DeviationKind, kind, "kind")
    _reason_given(reason)
    day = day or clock.today()
    obey(policies.decide_day(day, clock.today()), field="day")
    deviation = Deviation.objects.create(
        **steps.whose(participant),
        kind=kind,
        reason=reason.strip(),
        day=day,
        recorded_at=clock.now(),
        recorded_by=by,
    )
    record(by=by, verb="deviation_recorded", trial=participant.trial.code, subject=participant.number, kind=str(kind))
    return deviation


@on_withdrawal
def end_at_withdrawal(by: User, participant: Participant) -> None:
    """Whoever withdraws from the trial is no longer with a job specialist."""
    steps.close_follow_up(by, participant)


def _begin_assigning(by: User, participant: Participant, **texts: str) -> Participant:
    require(by, participant.trial, Permission.ASSIGN, participant.office)
    refuse_national_id(**texts)
    return steps.locked(participant)


def _begin_following(by: User, participant: Participant, **texts: str) -> Participant:
    require_follow_up(by, participant)
    refuse_national_id(**texts)
    participant = steps.locked(participant)
    obey(Verdict.ACCEPTED if participant.state in UNDER_FOLLOW_UP else Verdict.NOT_FOLLOWED)
    return participant


def _given(by: User, participant: Participant, to: EmploymentSpecialist, *, verb: str, **texts: str) -> Assignment:
    assignment = steps.new_assignment(by, participant, to, **texts)
    record(
        by=by,
        verb=verb,
        trial=participant.trial.code,
        subject=participant.number,
        specialist=to.user_id,
        over_capacity=bool(assignment.overload_reason),
    )
    return assignment


def _why(verdict: Verdict, reason: str) -> str:
    return reason.strip() if verdict == Verdict.ACCEPTED_OVER_CAPACITY else ""


def _one_of(choices: type[ContactKind | Counterpart | DeviationKind], value: str, field: str) -> None:
    if value not in choices.values:
        raise Refusal("unknown_kind", _("Velg en av verdiene i listen."), field=field, status=422)


def _reason_given(reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", _("Skriv en begrunnelse."), field="reason", status=422)
