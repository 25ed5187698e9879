"""What supervisors do with positions and caseloads. Each verb locks first, decides purely, then writes."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

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
from trial.followup import steps
from trial.followup.models import Absence, Assignment, EmploymentSpecialist, PositionKind
from trial.followup.policies import Verdict
from trial.followup.queries import in_force, load_of
from trial.followup.sentences import obey
from trial.followup.states import Stage
from trial.studies.models import Membership, Office
from trial.studies.permissions import require

POSITIONS = {Role.SPECIALIST.value: PositionKind.SPECIALIST, Role.SUPERVISOR.value: PositionKind.SUPERVISOR}


@action
def appoint_specialist(
    *,
    by: User,
    user: User,
    office: Office,
    position_share: int,
    valid_from: date | None = None,
    team: str = "",
    supervisor: User | None = None,
) -> EmploymentSpecialist:
    """Give someone a position at an office, as a share (percent) of a full one, from `valid_from` (today).

    A job specialist's role makes it a specialist's position, a method supervisor's role a supervisor's with less room.

    Raises:
        Refusal: `not_allowed`, `share_out_of_range`, `not_a_specialist`, `not_a_supervisor`, `already_appointed`.
    """
    steps.may_staff(by, office)
    steps.possible_share(position_share)
    refuse_national_id(team=team)
    kind = _position_kind(user, office)
    _supervises(supervisor, office)
    begins = valid_from or clock.today()
    _in_one_position(user, office, begins, None)
    with steps.kept_by("specialist_once_at_office", _in_position_already()):
        specialist = EmploymentSpecialist.objects.create(
            user=user,
            trial=office.trial,
            office=office,
            kind=kind,
            team=team.strip(),
            supervisor=supervisor,
            position_share=position_share,
            valid_from=begins,
        )
    record(by=by, verb="specialist_appointed", trial=office.trial.code, subject=str(user.pk), share=position_share)
    return specialist


@action
def change_position(
    *,
    by: User,
    specialist: EmploymentSpecialist,
    position_share: int,
    valid_from: date | None = None,
    valid_to: date | None = None,
    team: str | None = None,
    supervisor: User | None = None,
    version: int | None = None,
) -> EmploymentSpecialist:
    """Change the share of a position, its days, its team or supervisor; nobody leaves with people still with them.

    `valid_from` None leaves the first day, `team` None team and supervisor as they are. `version`: what the one who
    changes it has read.

    Raises:
        Refusal: `not_allowed`, `share_out_of_range`, `changed_meanwhile`, `end_before_start`, `had_people`,
            `has_people`, `already_appointed` where it would last into another position, `not_a_supervisor`.
    """
    steps.may_staff(by, specialist.office)
    steps.possible_share(position_share)
    specialist = steps.locked_specialist(specialist)
    steps.at_version(specialist, version)
    begins = valid_from or specialist.valid_from
    if valid_to and valid_to < begins:
        obey(Verdict.END_BEFORE_START, field="valid_to")
    if begins > specialist.valid_from and specialist.assignments.filter(start__lt=begins).exists():
        raise Refusal("had_people", _("Jobbspesialisten har hatt deltakere før denne dagen."), field="valid_from")
    if valid_to and load_of(specialist).people:
        raise Refusal("has_people", _("Overfør deltakerne til en annen før stillingen avsluttes."), field="valid_to")
    _in_one_position(specialist.user, specialist.office, begins, valid_to, but=specialist)
    changes: dict[str, object] = {"position_share": position_share, "valid_from": begins, "valid_to": valid_to}
    if team is not None:
        refuse_national_id(team=team)
        _supervises(supervisor, specialist.office)
        changes |= {"team": team.strip(), "supervisor": supervisor}
    specialist.changed(**changes, version=specialist.version + 1)
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
def record_absence(*, by: User, specialist: EmploymentSpecialist, start: date, end: date) -> Absence:
    """Record that a specialist is away from `start` to `end`, both included; the reason is not asked for.

    Nobody new is given to someone who is away; the people stay, and the board says until when. The same absence
    recorded twice by the same user is one.

    Raises:
        Refusal: `not_allowed`, `end_before_start`, `absence_overlaps`.
    """
    _may_record_absence(by, specialist)
    specialist = steps.locked_specialist(specialist)
    if end < start:
        obey(Verdict.END_BEFORE_START)
    sent = specialist.absences.filter(cancelled=False, start=start, end=end, recorded_by=by).first()
    if sent:
        return sent
    if specialist.absences.filter(cancelled=False, start__lte=end, end__gte=start).exists():
        raise Refusal("absence_overlaps", _("Fraværet er allerede registrert for noen av dagene."), field="start")
    absence = Absence.objects.create(
        specialist=specialist,
        trial=specialist.trial,
        office=specialist.office,
        start=start,
        end=end,
        recorded_at=clock.now(),
        recorded_by=by,
    )
    record(by=by, verb="absence_recorded", trial=specialist.trial.code, subject=str(specialist.user_id))
    return absence


@action
def cancel_absence(*, by: User, absence: Absence) -> Absence:
    """Take an absence back: it was recorded by mistake, or the specialist is here after all."""
    _may_record_absence(by, absence.specialist)
    steps.locked_specialist(absence.specialist)
    absence.changed(cancelled=True)
    record(by=by, verb="absence_cancelled", trial=absence.trial.code, subject=str(absence.specialist.user_id))
    return absence


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
    *, by: User, participant: Participant, specialist: EmploymentSpecialist, hand_over: str, reason: str = ""
) -> Assignment:
    """Move a participant to another specialist from today, with a note on what the next one should know.

    Raises:
        Refusal: `not_assigned`, `same_specialist`, or the code of the verdict as for `assign`.
    """
    participant = _begin_assigning(by, participant, reason=reason, hand_over=hand_over)
    present = steps.present_assignment(participant)
    if present.specialist_id == specialist.pk:
        raise Refusal("same_specialist", _("Deltakeren er allerede hos denne jobbspesialisten."), field="specialist")
    verdict = steps.judged(participant, specialist, reason, is_assigned=False)
    steps.ended(by, present)
    return _given(by, participant, specialist, verb="transferred", reason=_why(verdict, reason), hand_over=hand_over)


@action
def end_assignment(*, by: User, participant: Participant, reason: str) -> Assignment:
    """Take a participant from the specialist; the person is on the waiting list again."""
    participant = _begin_assigning(by, participant, reason=reason)
    ended = steps.ended(by, steps.present_assignment(participant), reason)
    record(by=by, verb="assignment_ended", trial=participant.trial.code, subject=participant.number)
    return ended


@action
def complete(*, by: User, participant: Participant) -> Participant:
    """End the follow-up of a participant: the period of the trial is over for this person. Done twice, it is once."""
    participant = _begin_assigning(by, participant)
    if participant.state == ParticipantState.COMPLETED:
        return participant
    steps.close_follow_up(by, participant)
    return mark_completed(by=by, participant=participant)


@on_withdrawal
def end_at_withdrawal(by: User, participant: Participant) -> None:
    """Whoever withdraws from the trial is no longer with a job specialist."""
    steps.close_follow_up(by, participant)


def _may_record_absence(by: User, specialist: EmploymentSpecialist) -> None:
    """Everyone records the own absence, and whoever staffs the office everybody's."""
    if by.pk != specialist.user_id:
        steps.may_staff(by, specialist.office)


def _position_kind(user: User, office: Office) -> PositionKind:
    roles = Membership.objects.filter(in_force(clock.today()), user=user, office=office, role__in=POSITIONS)
    held = roles.order_by("role").values_list("role", flat=True).first()
    if held is None:
        raise Refusal("not_a_specialist", _("Gi personen rollen som jobbspesialist ved kontoret først."), field="user")
    return POSITIONS[held]


def _in_one_position(
    user: User, office: Office, begins: date, ends: date | None, *, but: EmploymentSpecialist | None = None
) -> None:
    """Refuse a position that shares a day with another one of the same person at the office."""
    others = EmploymentSpecialist.objects.filter(user=user, office=office)
    if but:
        others = others.exclude(pk=but.pk)
    if ends:
        others = others.filter(valid_from__lte=ends)
    other = others.filter(Q(valid_to=None) | Q(valid_to__gte=begins)).order_by("valid_from").first()
    if other is None:
        return
    if but is None and other.valid_to is None:
        raise _in_position_already()
    raise Refusal(
        "already_appointed",
        _("Personen har en annen stilling ved kontoret i perioden."),
        field="valid_to" if but else "valid_from",
    )


def _in_position_already() -> Refusal:
    return Refusal("already_appointed", _("Personen er allerede jobbspesialist ved kontoret."), field="user")


def _supervises(user: User | None, office: Office) -> None:
    supervises = Membership.objects.filter(in_force(clock.today()), user=user, office=office, role=Role.SUPERVISOR)
    if user is not None and not supervises.exists():
        raise Refusal(
            "not_a_supervisor", _("Personen er ikke metodeveileder ved kontoret."), field="supervisor", status=422
        )


def _begin_assigning(by: User, participant: Participant, **texts: str) -> Participant:
    require(by, participant.trial, Permission.ASSIGN, participant.office)
    refuse_national_id(**texts)
    return steps.locked(participant)


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
