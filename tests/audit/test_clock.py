"""One clock, which tests and the demonstration may set, and which never goes backwards."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest

from trial.audit import clock

NEW_YEAR = datetime(2019, 12, 31, 23, 30, tzinfo=UTC)


def test_the_clock_is_the_machines_unless_it_is_simulated():
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with clock.simulated(NEW_YEAR):
        assert clock.now() == NEW_YEAR
    assert clock.now().year != 2019


def test_the_date_is_that_of_the_offices():
    with clock.simulated(NEW_YEAR):
        assert clock.today() == date(2020, 1, 1)


def test_a_simulated_clock_moves_only_forwards():
    with clock.simulated(NEW_YEAR) as simulated:
        simulated.advance(timedelta(days=1))
        assert clock.now() == NEW_YEAR + timedelta(days=1)
        with pytest.raises(ValueError, match="backwards"):
            simulated.set(NEW_YEAR)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"), clock.simulated(NEW_YEAR.replace(tzinfo=None)):
        pass


def test_another_thread_keeps_the_machines_clock():
    seen = []
    with clock.simulated(NEW_YEAR):
        thread = Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0].year != 2019
