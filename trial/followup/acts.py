"""What can be done about one person: each act with its form, its action, and when it is offered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.followup import actions
from trial.followup.forms import (
    ContactForm,
    DeviationForm,
    EndAssignmentForm,
    JobForm,
    MeasureForm,
    PersonEnquiryForm,
    PrinciplesForm,
    StageForm,
    TransferForm,
)
from trial.followup.models import Retractable
from trial.followup.queries import Course, caseloads_at
from trial.followup.queries.work import employers_at
from trial.followup.states import NOT_WITHDRAWN, UNDER_FOLLOW_UP, Stage
from trial.studies.permissions import can

Data = Mapping[str, Any] | None


@dataclass(frozen=True)
class Rights:
    """What a user may do about a person, found out once for the whole page.

    `contaminates`: the person is in the control group, and contact with someone of follow-up is a deviation.
    `corrects_own`: the key of the user, where what the user has written may be corrected.
    """

    follows: bool
    assigns: bool
    deviates: bool
    contaminates: bool = False
    corrects_all: bool = False
    corrects_own: int | None = None

    def corrects(self, row: Retractable) -> bool:
        """Whether one of the person's rows may be corrected; whoever may write about the person corrects all."""
        return self.corrects_all or (self.corrects_own is not None and row.written_by == self.corrects_own)

    @classmethod
    def of(cls, user: User, course: Course) -> "Rights":
        participant = course.participant
        here = (participant.trial, Permission.FOLLOW_UP, participant.office)
        assigns = can(user, participant.trial, Permission.ASSIGN, participant.office)
        own = course.assignment is not None and course.assignment.specialist.user_id == user.pk
        corrects = can(user, *here) and participant.state in NOT_WITHDRAWN
        return cls(
            follows=(assigns or own) and can(user, *here) and participant.state in UNDER_FOLLOW_UP,
            corrects_all=corrects and (assigns or own),
            corrects_own=user.pk if corrects else None,
            assigns=assigns and participant.state in UNDER_FOLLOW_UP,
            deviates=can(user, participant.trial, Permission.RECORD_DEVIATION, participant.office),
            contaminates=can(user, *here)
            and participant.state in UNDER_FOLLOW_UP
            and course.assignment is None
            and _is_control(course),
        )


@dataclass(frozen=True)
class Act:
    label: str | Promise
    submit: str | Promise
    form: Callable[[Course, Data], forms.Form]
    action: Callable[..., Any]
    offered: Callable[[Rights, Course], bool]


def _is_control(course: Course) -> bool:
    return course.arm is not None and course.arm.is_control


def _contacted(rights: Rights, course: Course) -> bool:
    return rights.contaminates or _followed(rights, course)


def _followed(rights: Rights, course: Course) -> bool:
    return rights.follows and course.assignment is not None


def _assigned(rights: Rights, course: Course) -> bool:
    return rights.assigns and course.assignment is not None


def _stage_form(course: Course, data: Data) -> forms.Form:
    return StageForm(data, present=course.stage or Stage.CONTACT)


def _contact_form(course: Course, data: Data) -> forms.Form:
    is_control = course.assignment is None and _is_control(course)
    return ContactForm(data, employers=employers_at(course.participant.office), is_control=is_control)


def _job_form(course: Course, data: Data) -> forms.Form:
    return JobForm(data, employers=employers_at(course.participant.office))


def _enquiry_form(course: Course, data: Data) -> forms.Form:
    return PersonEnquiryForm(data, employers=employers_at(course.participant.office))


def _transfer_form(course: Course, data: Data) -> forms.Form:
    colleagues = caseloads_at([course.participant.office])[course.participant.office_id]
    return TransferForm(data, caseloads=[each for each in colleagues if not _is_present(course, each.specialist.pk)])


def _is_present(course: Course, specialist: int) -> bool:
    return course.assignment is not None and course.assignment.specialist_id == specialist


ACTS = {
    "contact": Act(_("Logg kontakt"), _("Lagre kontakten"), _contact_form, actions.log_contact, _contacted),
    "stage": Act(_("Flytt til en annen fase"), _("Flytt"), _stage_form, actions.move_stage, _followed),
    "enquiry": Act(
        _("Logg henvendelse til arbeidsgiver"), _("Lagre henvendelsen"), _enquiry_form, actions.log_enquiry, _followed
    ),
    "job": Act(_("Registrer jobb"), _("Lagre jobben"), _job_form, actions.record_job, _followed),
    "measure": Act(
        _("Registrer tiltak"),
        _("Lagre tiltaket"),
        lambda _course, data: MeasureForm(data),
        actions.record_measure,
        lambda rights, _course: rights.follows,
    ),
    "principles": Act(
        _("De åtte prinsippene i IPS"),
        _("Lagre prinsippene"),
        lambda course, data: PrinciplesForm(data, marked=course.principles or ()),
        actions.mark_principles,
        lambda rights, course: _followed(rights, course) and course.principles is not None,
    ),
    "transfer": Act(_("Overfør til en annen"), _("Overfør"), _transfer_form, actions.transfer, _assigned),
    "end": Act(
        _("Avslutt hos jobbspesialisten"),
        _("Avslutt"),
        lambda _course, data: EndAssignmentForm(data),
        actions.end_assignment,
        _assigned,
    ),
    "complete": Act(
        _("Oppfølgingen er fullført"),
        _("Fullfør oppfølgingen"),
        lambda _course, data: forms.Form(data),
        actions.complete,
        lambda rights, _course: rights.assigns,
    ),
    "deviation": Act(
        _("Registrer avvik"),
        _("Lagre avviket"),
        lambda _course, data: DeviationForm(data),
        actions.record_deviation,
        lambda rights, _course: rights.deviates,
    ),
}
