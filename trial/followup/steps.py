"""Steps that several actions of this room share: locking, judging, writing one row. Called inside actions only."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from enum import Enum
from typing import Any, NoReturn, Protocol

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal, changed_meanwhile, violated_constraint
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.models import (
    Assignment,
    Employer,
    EmploymentSpecialist,
    Retractable,
    Retraction,
    StageSpell,
)
from trial.followup.permissions import require_follow_up
from trial.followup.policies import AssignmentCase, Verdict, decide_assignment
from trial.followup.queries import arm_of, caseload_of
from trial.followup.sentences import obey
from trial.followup.states import UNDER_FOLLOW_UP, Stage
from trial.studies.models import Office
from trial.studies.permissions import can, require


def may_staff(by: User, office: Office) -> None:
    """Positions are the business of the office's supervisor and of the trial lead."""
    if not can(by, office.trial, Permission.MANAGE_TRIAL):
        require(by, office.trial, Permission.ASSIGN, office)


def possible_share(percent: int) -> int:
    if not 1 <= percent <= 100:
        raise Refusal(
            "share_out_of_range", _("Skriv stillingen i prosent, fra 1 til 100."), field="position_share", status=422
        )
    return percent


def locked(participant: Participant) -> Participant:
    """The participant as it is now, held until the action ends: two actions on one person come one after the other."""
    rows = Participant.objects.select_for_update(of=("self",)).select_related("trial", "office__nav_office")
    return rows.get(pk=participant.pk)


def locked_specialist(specialist: EmploymentSpecialist) -> EmploymentSpecialist:
    """The specialist, held while the load is counted: two supervisors cannot both give away the last place."""
    rows = EmploymentSpecialist.objects.select_for_update(of=("self",)).select_related("trial", "user", "office")
    return rows.get(pk=specialist.pk)


def begin_following(by: User, participant: Participant, *, own: bool = True, **texts: str) -> Participant:
    """The beginning of every act of follow-up: the right, texts without national ids, the person locked and followed.

    `own` False: a specialist of the office writes about someone who is nobody's case.
    """
    if own:
        require_follow_up(by, participant)
    refuse_national_id(**texts)
    participant = locked(participant)
    obey(Verdict.ACCEPTED if participant.state in UNDER_FOLLOW_UP else Verdict.NOT_FOLLOWED)
    return participant


class HasVersion(Protocol):
    version: int


def at_version(row: HasVersion, version: int | None) -> None:
    """Refuse to overwrite what someone else has written since the user read it; None: the caller has just read it."""
    if version is not None and version != row.version:
        refuse_changed()


def refuse_changed(field: str | None = None) -> NoReturn:
    raise changed_meanwhile(field)


@contextmanager
def kept_by(constraint: str, refusal: Refusal) -> Iterator[None]:
    """Give the refusal where the database keeps a rule that only it can: two act at once, or another row is hidden."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not violated_constraint(error).endswith(constraint):
            raise
        raise refusal from error


def key_taken() -> Refusal:
    """Something else has been saved under the key: to answer "saved" would lose what is sent now."""
    return Refusal(
        "key_taken", _("Noe annet er lagret med samme nøkkel. Lagre på nytt hvis dette er noe nytt."), field="key"
    )


def own_key() -> AbstractContextManager[None]:
    """Refuse a key that another row has."""
    return kept_by("_pkey", key_taken())


def retract(by: User, row: Retractable, reason: str, allowed: Collection[Retraction]) -> None:
    """Take a row back; it stays where it is."""
    if reason not in allowed:
        raise Refusal("unknown_kind", _("Velg en av verdiene i listen."), field="reason", status=422)
    row.changed(retracted_at=clock.now(), retracted_by=by, retraction=reason)


def one_of(choices: type[Enum], value: str, field: str) -> None:
    """Refuse a value that is none of the choices."""
    if value not in {choice.value for choice in choices}:
        raise Refusal("unknown_kind", _("Velg en av verdiene i listen."), field=field, status=422)


def at_office(participant: Participant, employer: Employer | None) -> None:
    """Refuse an employer whom another office has."""
    if employer and employer.office_id != participant.office_id:
        raise Refusal(
            "other_office", _("Arbeidsgiveren hører til et annet kontor enn deltakeren."), field="employer", status=422
        )


def whose(participant: Participant) -> dict[str, Any]:
    """The columns that every row about a participant carries."""
    return {"participant": participant, "trial": participant.trial, "office": participant.office}


def open_assignment(participant: Participant) -> Assignment | None:
    return participant.assignments.filter(end=None).select_related("specialist").first()


def present_assignment(participant: Participant) -> Assignment:
    found = open_assignment(participant)
    if found is None:
        raise Refusal("not_assigned", _("Deltakeren har ingen jobbspesialist nå."), field="participant")
    return found


def judged(participant: Participant, specialist: EmploymentSpecialist, reason: str, *, is_assigned: bool) -> Verdict:
    """Lock the specialist, take the facts, decide. Raises the verdict when it is a refusal."""
    specialist = locked_specialist(specialist)
    arm, caseload = arm_of(participant), caseload_of(specialist)
    case = AssignmentCase(
        is_control=arm.is_control if arm else None,
        is_followed=participant.state in UNDER_FOLLOW_UP,
        same_office=specialist.office_id == participant.office_id,
        specialist_there=caseload.is_there,
        is_assigned=is_assigned,
        load=caseload.load,
        reason=reason,
    )
    return obey(decide_assignment(case))


def new_assignment(
    by: User, participant: Participant, specialist: EmploymentSpecialist, reason: str, hand_over: str = ""
) -> Assignment:
    return Assignment.objects.create(
        **whose(participant),
        specialist=specialist,
        start=clock.today(),
        overload_reason=reason,
        hand_over=hand_over.strip(),
        assigned_at=clock.now(),
        assigned_by=by,
    )


def ended(by: User, assignment: Assignment, reason: str = "") -> Assignment:
    return assignment.changed(end=clock.today(), ended_at=clock.now(), ended_by=by, end_reason=reason.strip())


def enter_stage(by: User, participant: Participant, stage: Stage, day: date | None = None) -> StageSpell:
    """Close the open stage and begin another, both on `day` (today)."""
    day = day or clock.today()
    leave_stage(participant, day)
    return StageSpell.objects.create(
        **whose(participant), stage=stage.value, start=day, moved_at=clock.now(), moved_by=by
    )


def leave_stage(participant: Participant, day: date) -> None:
    participant.stages.filter(end=None).update(end=day)


def close_follow_up(by: User, participant: Participant) -> None:
    """End what is open of the follow-up: the assignment and the stage. Measures go on, they are not the trial's."""
    assignment = open_assignment(participant)
    if assignment:
        ended(by, assignment)
    leave_stage(participant, clock.today())
