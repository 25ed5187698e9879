"""The trial that draws."""

import pytest

from tests.allocation.trials import DrawCast, drawing, locked
from trial.audit import clock


@pytest.fixture
def drawn_trial(db: None, simulated_clock: clock.SimulatedClock) -> DrawCast:
    """Recruiting, attended, blocks of 8 and 16."""
    return drawing()


@pytest.fixture
def unattended_trial(db: None, simulated_clock: clock.SimulatedClock) -> DrawCast:
    return drawing(mode="unattended")


@pytest.fixture
def locked_trial(db: None, simulated_clock: clock.SimulatedClock) -> DrawCast:
    return locked()
