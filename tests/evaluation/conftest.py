"""What several tests of the evaluation share."""

import pandas as pd
import pytest

from tests.evaluation.trials import whole_trial


@pytest.fixture(scope="session")
def deliveries() -> dict[str, pd.DataFrame]:
    """A made-up trial of 268 people with every register of the SE-KLAR plan."""
    return whole_trial()
