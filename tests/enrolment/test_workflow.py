"""Whatever offices, researcher and strangers do through the API, in whatever order, the invariants hold.

The controls break one rule of the house each; the same machine must notice.
"""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.allocation.trials import drawing
from tests.enrolment.workflow import Workflow
from trial.access.models import User
from trial.access.refusals import Refusal
from trial.allocation import actions as draws
from trial.allocation.positions import next_position
from trial.audit import clock
from trial.audit.actions import part_of_action, record
from trial.audit.clock import SimulatedClock
from trial.config import sign_in
from trial.enrolment import actions, policies
from trial.enrolment.models import Consent, ConsentForm, Participant
from trial.enrolment.states import ParticipantState, Withdrawal
from trial.identity import actions as identity

pytestmark = pytest.mark.slow
WHO = ("kari", "hanne", "researcher", "analyst")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals are meant, and no news for a log."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def machine(db: None, simulated_clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> type[Workflow]:
    """The machine at a trial that draws, with everyone signed in."""
    monkeypatch.setattr(sign_in, "SEEN_EVERY_SECONDS", float("inf"))  # no session is written where a step is undone
    world = drawing()
    browsers = {name: Client() for name in WHO}
    for name, browser in browsers.items():
        browser.force_login(getattr(world.cast, name))
    return type("Machine", (Workflow,), {"world": world, "time": simulated_clock, "browsers": browsers})


def run(machine: type[Workflow], *, examples: int, steps: int, **options: Any) -> None:
    chosen = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "print_blob": True}
    chosen |= {"max_examples": examples, "stateful_step_count": steps, "report_multiple_bugs": False} | options
    run_state_machine_as_test(machine, settings=settings(**chosen))


def test_what_must_hold_holds_after_every_step(machine: type[Workflow]) -> None:
    run(machine, examples=50, steps=30, derandomize=True)


@pytest.mark.nightly
def test_what_must_hold_holds_in_long_lives(machine: type[Workflow]) -> None:
    """With examples of its own each night; a failure prints the blob that repeats it."""
    run(machine, examples=5_000, steps=100)


def _form_of_any_age(_form: ConsentForm, consent: Consent | None) -> Consent:
    if consent is None:
        raise Refusal("consent_missing", "Mangler.")
    return consent


def _consents_stay(by: User, participant: Participant, meaning: Withdrawal) -> Participant:
    now = {"withdrawal": meaning.value, "withdrawn_at": clock.now(), "withdrawn_by": by}
    record(by=by, verb="withdrawn")
    return participant.changed(state=ParticipantState.WITHDRAWN.value, **now)


@part_of_action
def _erase_in_words(*, by: User, subject: UUID) -> None:
    record(by=by, verb="identity_erased", subject=str(subject))


def _leaves_a_gap(*given: Any) -> int:
    return next_position(*given) + 1


def _no_line(**_details: Any) -> None:
    """Nothing is written."""


BROKEN = {
    "a consent to an older form is enough": (policies, "consent_to", _form_of_any_age),
    "a withdrawal leaves the consents in force": (actions, "_take_back", _consents_stay),
    "an erasure is noted and not done": (identity, "erase", _erase_in_words),
    "a position is left out": (draws, "next_position", _leaves_a_gap),
    "a place leaves no line": (draws, "record", _no_line),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_control_a_broken_rule_is_noticed(
    machine: type[Workflow], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(*BROKEN[broken])
    with pytest.raises(AssertionError):
        run(machine, examples=50, steps=30, derandomize=True, phases=[Phase.generate])
