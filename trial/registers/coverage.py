"""Whom an analysis may use: register by register, the people whose consent covers what was delivered.

Rows were let in by the consents of the day they were checked. Consents change afterwards, so an analysis asks again:

* who withdrew and wants everything deleted is used in nothing any more;
* who withdrew consent to new data is used in what was accepted before the withdrawal, and in no later delivery;
* who consented to a narrower form later on is not used in what that form leaves out.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evaluation.columns import REGISTERS
from trial.enrolment.models import Consent, Participant
from trial.enrolment.states import Withdrawal
from trial.registers.models import Delivery
from trial.registers.states import DeliveryState
from trial.studies.models import Trial


@dataclass(frozen=True)
class Given:
    """A consent as research sees it: registers, and from when until when (None: in force)."""

    covers: Collection[str]
    given_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class Coverage:
    """`uncovered`: register -> numbers whose rows of it may not be used. `left_out`: numbers that no analysis may use.

    Of a register of spells, a person without rows reads as "never", so whoever it does not cover is left out whole;
    of the other registers a missing row is a missing value, and only the rows go.
    """

    uncovered: Mapping[str, frozenset[str]] = field(repr=False)
    left_out: frozenset[str] = field(repr=False)

    @property
    def counts(self) -> dict[str, object]:
        """How many, for the manifest: never who."""
        by_register = {register: len(numbers) for register, numbers in sorted(self.uncovered.items()) if numbers}
        return {"persons_left_out": len(self.left_out), "persons_not_covered": by_register}


def usable(consents: Sequence[Given], register: str, *, received: datetime, accepted: datetime) -> bool:
    """Whether someone with these consents, oldest first, may be used in a delivery received and accepted then."""
    return (
        bool(consents)
        and register in consents[-1].covers
        and register in _in_force(consents, received)
        and register in _in_force(consents, accepted)
    )


def _in_force(consents: Sequence[Given], moment: datetime) -> Collection[str]:
    """What the newest consent of that moment covers."""
    present = [
        consent
        for consent in consents
        if consent.given_at <= moment and (consent.withdrawn_at is None or consent.withdrawn_at > moment)
    ]
    return present[-1].covers if present else ()


def coverage_of(trial: Trial, snapshots: Mapping[str, str]) -> Coverage:
    """Who may be used in the deliveries named by register and snapshot, of everyone enrolled."""
    erased, consents = _people(trial)
    uncovered = {}
    for register, delivery in _delivered(trial, snapshots).items():
        received, accepted = delivery.received_at, delivery.decided_at or delivery.received_at
        outside = {
            number
            for number, given in consents.items()
            if not usable(given, register, received=received, accepted=accepted)
        }
        uncovered[register] = frozenset(outside | erased)
    whole = (numbers for register, numbers in uncovered.items() if REGISTERS[register].is_spells)
    return Coverage(uncovered, erased.union(*whole))


def uncovered_registers(trial: Trial, snapshots: Mapping[str, str]) -> dict[str, int]:
    """Delivered registers that no consent covers, with the number of people enrolled."""
    people = Participant.objects.filter(trial=trial, enrolled_at__isnull=False).count()
    coverage = coverage_of(trial, snapshots)
    return {register: people for register, outside in coverage.uncovered.items() if people and len(outside) == people}


def _people(trial: Trial) -> tuple[frozenset[str], dict[str, list[Given]]]:
    """The numbers of whoever wants everything deleted, and everyone's consents by number, oldest first."""
    enrolled = Participant.objects.filter(trial=trial, enrolled_at__isnull=False).order_by()
    withdrawals = dict(enrolled.values_list("number", "withdrawal"))
    given: dict[str, list[Given]] = defaultdict(list, {number: [] for number in withdrawals})
    rows = Consent.objects.filter(trial=trial, participant__enrolled_at__isnull=False).order_by("given_at", "id")
    for number, *consent in rows.values_list("participant__number", "covers", "given_at", "withdrawn_at"):
        given[number].append(Given(*consent))
    return frozenset(n for n, meaning in withdrawals.items() if meaning == Withdrawal.EVERYTHING), dict(given)


def _delivered(trial: Trial, snapshots: Mapping[str, str]) -> dict[str, Delivery]:
    """The accepted deliveries behind the snapshots of registers that hold people."""
    rows = Delivery.objects.filter(trial=trial, state=DeliveryState.ACCEPTED, snapshot__in=snapshots.values())
    found = {delivery.register: delivery for delivery in rows.order_by("decided_at")}
    return {
        register: delivery
        for register, delivery in found.items()
        if register in snapshots and REGISTERS[register].of_persons
    }
