"""From the draw to the analysis: every person is counted once in each step."""

import numpy as np
import pandas as pd
import pytest

from evaluation import attrition, participant_flow, person_months, person_totals, register_coverage
from tests.evaluation.trials import people, registers


@pytest.fixture(scope="module")
def trial() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    rng = np.random.default_rng(31)
    participants = people(rng, 100)
    frames = registers(rng, participants)
    panel = person_months(participants, **frames, data_to=pd.Timestamp("2018-06-30").date())
    return person_totals(panel, outcomes=["employed", "aap"], keep=("office",)), frames


def test_the_flow_counts_persons_by_arm(trial) -> None:
    persons, frames = trial
    flow = participant_flow(persons, frames, outcomes=["employed"])
    assert list(flow["step"]) == ["drawn", "in_registers", "analysed"]
    assert (flow["treated_n"] + flow["control_n"] == flow["n"]).all()
    assert flow["n"].iloc[0] == 100
    assert flow["n"].iloc[2] == persons["employed"].notna().sum() < 100


def test_attrition_is_a_difference_of_shares_missing(trial) -> None:
    persons, _frames = trial
    row = attrition(persons, outcomes=["employed"]).iloc[0]
    gone = persons["employed"].isna()
    assert row["treated_missing"] + row["control_missing"] == gone.sum() > 0
    assert row["treated_n"] + row["control_n"] == 100
    assert row["ci_low"] < row["effect"] < row["ci_high"]
    whole = attrition(persons.assign(employed=1.0), outcomes=["employed"]).iloc[0]
    assert (whole["reason"], np.isnan(whole["effect"])) == ("nothing_missing", True)


def test_coverage_counts_persons_and_not_rows(trial) -> None:
    persons, frames = trial
    found = register_coverage(persons, frames | {"unemployment": pd.DataFrame({"municipality": ["0301"]})})
    assert list(found["register"]) == sorted(frames)
    row = found.set_index("register").loc["benefits"]
    assert row["n"] == frames["benefits"]["participant_number"].nunique() <= row["drawn_persons"] == 100
    assert row["rows"] == len(frames["benefits"])
