"""One simulated comparison of measures, small enough for every test of its parts."""

import pandas as pd
import pytest

from evaluation.comparing.plan import proba_plan
from evaluation.comparing.sample import Comparison
from evaluation.simulation import simulate_proba

PERSONS = 6_000


@pytest.fixture(scope="session")
def starters() -> dict[str, pd.DataFrame]:
    return simulate_proba(PERSONS, seed=9)


@pytest.fixture(scope="session")
def comparison(starters: dict[str, pd.DataFrame]) -> Comparison:
    return Comparison(proba_plan(), starters)
