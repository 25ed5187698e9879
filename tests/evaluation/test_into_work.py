"""Into work and staying there, worked out by hand and by walking through the persons."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, person_months, retention, transitions
from tests.evaluation.trials import people, registers


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    participants = people(rng, 150)
    until = pd.Timestamp("2017-03-31").date()
    return person_months(participants, **registers(rng, participants), months=(0, 20), data_to=until)


def test_retention_is_the_share_at_each_time_and_at_both(panel: pd.DataFrame) -> None:
    found = retention(panel, months=(12, 18)).set_index(["arm", "at"])
    both, seen = 0, 0
    for _number, person in panel[panel["arm"] == "control"].groupby("participant_number"):
        states = person.set_index("month")["employed"]
        if not np.isnan(states[12]) and not np.isnan(states[18]):
            seen += 1
            both += states[12] == 1 and states[18] == 1
    assert found.loc[("control", "12 and 18"), "n"] == seen < found.loc[("control", "12"), "n"]
    assert found.loc[("control", "12 and 18"), "share"] == pytest.approx(both / seen)
    assert found.loc[("control", "12 and 18"), "share"] <= found.loc[("control", "12"), "share"]


def test_kinds_of_work_split_it_in_two(panel: pd.DataFrame) -> None:
    found = transitions(panel, month=12).set_index(["arm", "kind"])["share"]
    for arm in ("intervention", "control"):
        for one, other in (
            ("part_time", "full_time"),
            ("with_wage_subsidy", "without_wage_subsidy"),
            ("with_disability_benefit", "without_disability_benefit"),
        ):
            assert found[arm, one] + found[arm, other] == pytest.approx(found[arm, "employed"])
    now = panel[(panel["month"] == 12) & (panel["arm"] == "control")].dropna(subset=["employed"])
    assert found["control", "full_time"] == pytest.approx(((now["hours"] >= 30) & (now["employed"] == 1)).mean())


def test_a_month_that_is_not_there_is_named(panel: pd.DataFrame) -> None:
    for call in (lambda: retention(panel, months=(12, 40)), lambda: transitions(panel, month=40)):
        with pytest.raises(EvaluationError, match="40"):
            call()
