"""Deliveries and the numbers they are checked against, reached only by those who may see them."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.enrolment.models import Participant
from trial.registers.models import ColumnMapping, Delivery, Destruction, Retention
from trial.registers.states import DeliveryState
from trial.studies.models import Trial
from trial.studies.queries import trial_for
from trial.studies.sources import REGISTERS
from trial.surveys.queries import asks

SURVEY = "survey"  # the register that the trial itself keeps


def deliveries_of(user: User, code: str) -> tuple[Trial, QuerySet[Delivery]]:
    """A trial and its deliveries, newest first, for a member who may see them."""
    trial = trial_for(user, code, needing=Permission.SEE_DELIVERIES)
    return trial, trial.deliveries.select_related("received_by", "decided_by")


def delivery_for(user: User, code: str, key: UUID, *, needing: Permission = Permission.SEE_DELIVERIES) -> Delivery:
    """One delivery of a trial.

    Raises:
        Refusal: `not_found` for outsiders and unknown keys, `not_allowed` for members without the right.
    """
    trial = trial_for(user, code, needing=needing)
    found = trial.deliveries.select_related("trial", "received_by", "decided_by").filter(pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke leveransen."))
    return found


def in_force(trial: Trial) -> dict[str, Delivery]:
    """The accepted delivery of each register that no later one supersedes."""
    accepted = Delivery.objects.filter(trial=trial, state=DeliveryState.ACCEPTED, superseded_by=None)
    return {delivery.register: delivery for delivery in accepted}


def registers_of(trial: Trial) -> dict[str, Any]:
    """The registers that the trial links, code -> label: those of its set-up, or all that a consent can cover.

    A trial that asks its participants has their answers too.
    """
    wanted = [*trial.register_sources, *([SURVEY] if asks(trial) else [])] or list(REGISTERS)
    return {code: label for code, label in REGISTERS.items() if code in wanted}


def latest_by_register(trial: Trial) -> list[dict[str, Any]]:
    """For each register of the trial its label, the delivery in force and the newest one; None where there is none."""
    newest = Delivery.objects.filter(trial=trial).order_by("register", "-received_at", "pk").distinct("register")
    latest, accepted = {delivery.register: delivery for delivery in newest}, in_force(trial)
    return [
        {"code": code, "label": label, "in_force": accepted.get(code), "latest": latest.get(code)}
        for code, label in registers_of(trial).items()
    ]


def enrolled_numbers(trial: Trial) -> set[str]:
    """The participant numbers of everyone enrolled, whatever the consent covers."""
    enrolled = Participant.objects.filter(trial=trial, enrolled_at__isnull=False).order_by()
    return set(enrolled.values_list("number", flat=True))


def consented_numbers(trial: Trial, register: str) -> set[str]:
    """The participant numbers whose consent in force covers a register."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT participant_number FROM enrolment_consented WHERE trial_id = %s AND register = %s",
            [trial.pk, register],
        )
        return {number for (number,) in cursor.fetchall()}


def groups_of(trial: Trial) -> dict[str, str]:
    """Participant number -> office, of everyone drawn. Coverage is shown by it, which tells nothing of the arm."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT participant_number, office FROM allocation_research WHERE trial_id = %s", [trial.pk])
        return dict(cursor.fetchall())


def remembered_columns(trial: Trial, register: str, owner: str) -> dict[str, str]:
    """What this register owner called the columns last time: column of the file -> column of the register."""
    known = ColumnMapping.objects.filter(trial=trial, register=register, owner__iexact=owner.strip())
    found = known.order_by("-decided_at").first()
    return dict(found.columns) if found else {}


def retention_of(trial: Trial) -> Retention | None:
    """Until when the trial's register data are kept; None while nobody has decided."""
    return Retention.objects.filter(trial=trial).first()


def destruction_for(user: User, code: str, key: int) -> Destruction:
    """One proof of destruction.

    Raises:
        Refusal: `not_found` for outsiders and unknown keys, `not_allowed` for members without the right.
    """
    trial = trial_for(user, code, needing=Permission.DECIDE_DELIVERY)
    found = trial.destructions.select_related("trial").filter(pk=key).first()
    if found is None:
        raise not_found(_("Fant ikke beviset."))
    return found
