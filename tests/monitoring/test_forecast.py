"""The forecast of recruitment: exact where it can be worked out by hand, and honest about its band."""

import numpy as np
import pytest
from scipy import stats

from trial.monitoring.forecast import MOST_MONTHS, ahead, months_until


def test_the_band_is_the_negative_binomial_s():
    found = ahead(20, 6, 12)
    expected = stats.nbinom(20.5, 6 / 18)
    assert (found.low, found.high) == tuple(expected.ppf([0.025, 0.975]).astype(int))
    assert found.expected == pytest.approx(expected.mean())


def test_nobody_in_the_last_months_does_not_mean_nobody_ever():
    found = ahead(0, 6, 6)
    assert (found.low, found.expected) == (0, pytest.approx(0.5))
    assert found.high > 0


def test_no_time_ahead_adds_nobody():
    assert (ahead(20, 6, 0).low, ahead(20, 6, 0).high) == (0, 0)


def test_the_planned_number_is_reached_early_at_best_and_late_at_worst():
    expected, early, late = months_until(60, 30, 6)
    assert early < expected < late
    assert expected == 12
    assert months_until(10_000, 1, 6) == (None, None, None)
    assert months_until(1, 600, 6) == (1, 1, 1)
    assert late <= MOST_MONTHS


@pytest.mark.slow
def test_the_band_holds_the_truth_as_often_as_it_says():
    """Trials with a pace drawn from a wide range; 95 per cent within three standard errors, more for whole numbers."""
    rng = np.random.default_rng(20261124)
    trials, held = 3000, 0
    for pace in rng.uniform(2, 20, trials):
        seen, to_come = rng.poisson(pace * 6), rng.poisson(pace * 12)
        band = ahead(int(seen), 6, 12)
        held += band.low <= to_come <= band.high
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / trials) <= held / trials <= 0.98
