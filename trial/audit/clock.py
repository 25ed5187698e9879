"""The one clock of the domain.

Every rule that asks "when" asks here, so that a rehearsal, the demonstration trial and the tests can live through
years in seconds without a rule knowing it. Sessions, tokens and logs of the platform keep the machine's clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")

_simulated: ContextVar["SimulatedClock | None"] = ContextVar("simulated_clock", default=None)


class SimulatedClock:
    """A clock that stands still until it is told to move, and never goes backwards."""

    def __init__(self, moment: datetime) -> None:
        self.moment = _aware(moment)

    def set(self, moment: datetime) -> None:
        if _aware(moment) < self.moment:
            raise ValueError("a simulated clock does not go backwards")
        self.moment = _aware(moment)

    def advance(self, by: timedelta) -> None:
        self.set(self.moment + by)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)


def now() -> datetime:
    """The present moment in UTC."""
    clock = _simulated.get()
    return clock.moment if clock else datetime.now(UTC)


def today() -> date:
    """The present date where the offices are."""
    return on_date(now())


def on_date(moment: datetime) -> date:
    """The date in Oslo of a moment."""
    return moment.astimezone(OSLO).date()


@contextmanager
def simulated(moment: datetime) -> Iterator[SimulatedClock]:
    """Let the domain believe that it is `moment`, within this context only."""
    clock = SimulatedClock(moment)
    token = _simulated.set(clock)
    try:
        yield clock
    finally:
        _simulated.reset(token)
