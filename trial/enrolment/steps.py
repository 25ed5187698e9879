"""The steps of a registration: which are done, and where each leads."""

from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.states import ParticipantState


class Step(StrEnum):
    ELIGIBILITY = "eligibility"
    PERSON = "person"
    CONSENT = "consent"
    SUMMARY = "summary"


class Go(StrEnum):
    """Which button of a step was pressed."""

    NEXT = "next"
    BACK = "back"
    LATER = "later"


LABELS = {
    Step.ELIGIBILITY: _("Krav for å delta"),
    Step.PERSON: _("Person"),
    Step.CONSENT: _("Samtykke"),
    Step.SUMMARY: _("Oppsummering"),
}


def address(check: EligibilityCheck, step: Step) -> str:
    """Where a step of a registration is."""
    return reverse(f"enrolment:{step}", args=[check.trial.code, check.key])


def reachable(check: EligibilityCheck | None, participant: Participant | None) -> list[Step]:
    """The steps that can be opened: each needs what the one before it gives."""
    steps = list(Step)
    if participant:
        return steps if participant.state != ParticipantState.REGISTERED else steps[:3]
    answered = check is not None and check.eligible and all(check.factors.get(name) for name in check.trial.factors)
    return steps[:2] if answered else steps[:1]


def after(check: EligibilityCheck, step: Step, go: Go) -> str:
    """Where a step leads, once saved, by the button that was pressed."""
    if go == Go.LATER:
        return reverse("enrolment:participants", args=[check.trial.code])
    if step == Step.ELIGIBILITY and not check.eligible:
        return address(check, step)
    order = list(Step)
    return address(check, order[max(order.index(step) + (1 if go == Go.NEXT else -1), 0)])


def resume_at(check: EligibilityCheck, participant: Participant | None) -> str:
    """The step at which a registration is taken up again."""
    return address(check, reachable(check, participant)[-1])


def shown(check: EligibilityCheck | None, participant: Participant | None, active: Step) -> list[dict[str, Any]]:
    """The steps as the stepper shows them."""
    open_steps = reachable(check, participant)
    return [
        {
            "label": LABELS[step],
            "url": address(check, step) if check and step in open_steps and step != active else None,
            "state": "active" if step == active else "done" if step in open_steps[:-1] else "todo",
        }
        for step in Step
    ]
