"""The people behind each number of the flow, by participant number; for those who see participants.

A step's list and its count are two questions to the database; a test holds them together.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.allocation.states import CorrectionKind
from trial.audit import clock
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.states import BEFORE_ENROLMENT, ParticipantState, Withdrawal
from trial.monitoring.flow import LOST, NOT_ELIGIBLE, PUT_AWAY, corrected, departures, deviated
from trial.monitoring.queries import sees_arms
from trial.studies.models import Arm, Trial
from trial.studies.permissions import require
from trial.studies.queries import trial_for

Rows = QuerySet[Any]

ASSIGNED = Q(case_summary__first_assigned__isnull=False)


@dataclass(frozen=True)
class Step:
    """A number of the flow: its words, and which rows it counts. `of_arm`: counted by arm."""

    label: str | Promise
    chosen: Callable[..., Rows]  # of the rows, and of the arm where it is counted by arm
    of_arm: bool = False
    of_checks: bool = False  # people who may have no number: counted by the questions they were asked


def _received(rows: Rows, arm: Arm) -> Rows:
    return rows.exclude(pk__in=departures(arm.trial)) if arm.is_control else rows.filter(ASSIGNED)


def _not_received(rows: Rows, arm: Arm) -> Rows:
    return rows.filter(pk__in=departures(arm.trial)) if arm.is_control else rows.exclude(ASSIGNED)


def _corrected(kind: CorrectionKind) -> Callable[[Rows, Arm], Rows]:
    return lambda rows, arm: rows.filter(pk__in=corrected(arm.trial, kind))


def _turned_back(rows: Rows) -> Rows:
    withdrew = Participant.objects.filter(pk=OuterRef("pk"), state=ParticipantState.WITHDRAWN, enrolled_at=None)
    return rows.filter(PUT_AWAY | Exists(withdrew))


STEPS: Mapping[str, Step] = {
    "assessed": Step(gettext_lazy("Vurdert for deltakelse"), lambda rows: rows, of_checks=True),
    "not-eligible": Step(gettext_lazy("Oppfylte ikke kravene"), lambda rows: rows.filter(NOT_ELIGIBLE), of_checks=True),
    "declined": Step(gettext_lazy("Ville ikke delta"), _turned_back, of_checks=True),
    "under-way": Step(
        gettext_lazy("Under registrering"), lambda rows: rows.filter(enrolled_at=None, state__in=BEFORE_ENROLMENT)
    ),
    "enrolled": Step(gettext_lazy("Meldt inn"), lambda rows: rows.filter(enrolled_at__isnull=False)),
    "waiting": Step(gettext_lazy("Venter på loddtrekning"), lambda rows: rows.filter(state=ParticipantState.ENROLLED)),
    "randomised": Step(gettext_lazy("Randomisert"), lambda rows: rows.filter(allocation__arm__isnull=False)),
    "allocated": Step(gettext_lazy("Trukket til gruppen"), lambda rows, _arm: rows, of_arm=True),
    "received": Step(gettext_lazy("Fikk det de ble trukket til"), _received, of_arm=True),
    "not-received": Step(gettext_lazy("Fikk ikke det de ble trukket til"), _not_received, of_arm=True),
    "deviated": Step(
        gettext_lazy("Med avvik fra protokollen"),
        lambda rows, arm: rows.filter(pk__in=deviated(arm.trial)),
        of_arm=True,
    ),
    "stopped": Step(
        gettext_lazy("Avsluttet oppfølgingen, data hentes fortsatt"),
        lambda rows, _arm: rows.filter(withdrawal=Withdrawal.FOLLOW_UP),
        of_arm=True,
    ),
    "lost": Step(gettext_lazy("Trakk samtykket"), lambda rows, _arm: rows.filter(withdrawal__in=LOST), of_arm=True),
    "completed": Step(
        gettext_lazy("Fullførte oppfølgingen"),
        lambda rows, _arm: rows.filter(state=ParticipantState.COMPLETED),
        of_arm=True,
    ),
    "in-error": Step(
        gettext_lazy("Meldt inn ved en feil"),
        _corrected(CorrectionKind.ENROLLED_IN_ERROR),
        of_arm=True,
    ),
    "duplicate": Step(gettext_lazy("Meldt inn to ganger"), _corrected(CorrectionKind.DUPLICATE), of_arm=True),
    "analysed": Step(
        gettext_lazy("Analyseres"), lambda rows, _arm: rows.exclude(withdrawal=Withdrawal.EVERYTHING), of_arm=True
    ),
    "excluded": Step(
        gettext_lazy("Ikke i analysen: vil ha alt slettet"),
        lambda rows, _arm: rows.filter(withdrawal=Withdrawal.EVERYTHING),
        of_arm=True,
    ),
}


def arm_for(trial: Trial, code: str) -> Arm:
    """A group of the trial.

    Raises:
        Refusal: `not_found`.
    """
    arm = trial.arms.filter(code=code).first()
    if arm is None:
        raise not_found(_("Fant ikke gruppen."))
    return arm


def people_in(user: User, code: str, step: str, arm: str) -> tuple[Trial, Arm | None, Rows]:
    """The people of a step of the flow (and of an arm), newest first.

    Raises:
        Refusal: `not_found` for outsiders and for steps that are not counted so; `not_allowed` without the right to
            see participants, or numbers by arm.
    """
    trial = trial_for(user, code, needing=Permission.SEE_MONITORING)
    require(user, trial, Permission.SEE_PARTICIPANTS)
    wanted = STEPS[step]
    if wanted.of_arm != bool(arm) or (arm and not sees_arms(user, trial)):
        raise not_found(_("Fant ikke listen."))
    group = arm_for(trial, arm) if arm else None
    return trial, group, rows_of(trial, wanted, group)


def rows_of(trial: Trial, step: Step, arm: Arm | None) -> Rows:
    """The rows of a step, as far as the reader's rows reach."""
    if step.of_checks:
        checks = EligibilityCheck.objects.filter(trial=trial).select_related("office__nav_office")
        return step.chosen(checks).order_by("-checked_at", "key")
    people = Participant.objects.filter(trial=trial).select_related("office__nav_office")
    chosen = step.chosen(people.filter(allocation__arm=arm), arm) if arm else step.chosen(people)
    return chosen.order_by("-registered_at", "key")


def table_of(trial: Trial, step: Step, page: Iterable[Any]) -> dict[str, Any]:
    """A page of a list as a table; those without a number are shown by office and date."""
    rows = list(page)
    moment = "checked_at" if step.of_checks else "registered_at"
    numbers = _numbers(rows) if step.of_checks else {each.key: each.number for each in rows}
    labels = (_("Nummer"), _("Kontor"), _("Dato"), *(() if step.of_checks else (_("Status"),)))
    return {
        "columns": [{"label": label} for label in labels],
        "rows": [
            [
                _person(trial, numbers.get(each.key, "")),
                str(each.office),
                date_format(clock.on_date(getattr(each, moment)), "SHORT_DATE_FORMAT"),
                *([] if step.of_checks else [each.get_state_display()]),
            ]
            for each in rows
        ],
    }


def _numbers(checks: list[Any]) -> dict[UUID, str]:
    found = Participant.objects.filter(key__in=[check.key for check in checks])
    return dict(found.values_list("key", "number"))


def _person(trial: Trial, number: str) -> Any:
    return {"text": number, "url": reverse("enrolment:participant", args=[trial.code, number])} if number else "–"
