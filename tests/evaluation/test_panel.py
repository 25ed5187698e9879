"""The panel equals the one made by walking through every spell of every person and month."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, person_months
from tests.evaluation.slow_panel import slow_panel
from tests.evaluation.trials import people, registers


@pytest.mark.slow
@pytest.mark.parametrize("on", ["last_day", "any_day"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equals_the_slow_panel(seed: int, on: str) -> None:
    rng = np.random.default_rng(seed)
    participants = people(rng, 25)
    spells = registers(rng, participants)
    until = date(2016, 2, 29)
    ours = person_months(participants, **spells, months=(-12, 30), on=on, data_to=until)
    slow = slow_panel(participants, spells, (-12, 30), on, until)
    for outcome in slow.columns[2:]:
        np.testing.assert_allclose(ours[outcome], slow[outcome].astype(float), atol=1e-9, err_msg=outcome)


def one(**job: object) -> pd.DataFrame:
    return pd.DataFrame([{"participant_number": "P", "full_time_hours": 37.5, "position_percent": 100.0} | job])


PERSON = pd.DataFrame(
    {"participant_number": ["P"], "office": ["Moss"], "arm": ["control"], "start_date": [pd.Timestamp("2015-02-10")]}
)


@pytest.mark.parametrize(
    ("start", "end", "on", "months"),
    [
        ("2015-02-28", "2015-02-28", "last_day", [0]),
        ("2015-02-01", "2015-02-27", "last_day", []),
        ("2015-02-01", "2015-02-27", "any_day", [0]),
        ("2015-01-31", "2015-02-01", "last_day", [-1]),
        ("2015-01-31", "2015-02-01", "any_day", [-1, 0]),
        ("2015-03-05", None, "last_day", [1, 2]),
        ("2000-01-01", None, "last_day", [-2, -1, 0, 1, 2]),
        ("2016-01-01", None, "last_day", []),
    ],
)
def test_a_state_holds_by_the_rule(start: str, end: str | None, on: str, months: list[int]) -> None:
    job = one(start=pd.Timestamp(start), end=pd.Timestamp(end) if end else pd.NaT)
    panel = person_months(PERSON, employment=job, months=(-2, 2), on=on)
    assert panel.loc[panel["employed"] == 1, "month"].tolist() == months


def test_a_job_under_the_threshold_does_not_count_and_two_together_do() -> None:
    small = one(start=pd.Timestamp("2015-01-01"), end=pd.NaT, position_percent=6.0)
    alone = person_months(PERSON, employment=small, months=(0, 0))
    both = person_months(PERSON, employment=pd.concat([small, small]), months=(0, 0))
    assert (alone["employed"].item(), alone["hours"].item()) == (0, 0)
    assert (both["employed"].item(), both["hours"].item()) == (1, 4.5)


def test_months_after_the_registers_end_are_missing_and_not_zero() -> None:
    job = one(start=pd.Timestamp("2015-01-01"), end=pd.NaT)
    panel = person_months(PERSON, employment=job, months=(0, 3), data_to=date(2015, 4, 29))
    assert panel["employed"].tolist()[:2] == [1, 1]
    assert panel["employed"].isna().tolist() == [False, False, True, True]


def test_the_frames_given_are_not_changed() -> None:
    job = one(start="2015-01-01", end=None)
    before = job.copy(deep=True), PERSON.copy(deep=True)
    person_months(PERSON, employment=job)
    pd.testing.assert_frame_equal(job, before[0])
    pd.testing.assert_frame_equal(PERSON, before[1])


def test_a_participant_twice_is_refused() -> None:
    with pytest.raises(EvaluationError, match="twice"):
        person_months(pd.concat([PERSON, PERSON]))
