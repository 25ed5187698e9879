"""The panel equals the one made by walking through every spell of every person and month."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import EvaluationError, person_months
from evaluation.outcomes import OUTCOMES
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
    assert set(slow.columns[2:]) == set(OUTCOMES)
    for outcome in slow.columns[2:]:
        np.testing.assert_allclose(ours[outcome], slow[outcome].astype(float), atol=1e-9, err_msg=outcome)


@st.composite
def small_trials(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """A few persons who start at any day of a leap year, with spells that begin and end near the edges of months."""
    n = draw(st.integers(1, 3))
    first = pd.Timestamp("2016-01-01")
    starts = [first + pd.Timedelta(days=draw(st.integers(0, 365))) for _ in range(n)]
    participants = pd.DataFrame(
        {"participant_number": [f"P{i}" for i in range(n)], "office": "Moss", "arm": "control", "start_date": starts}
    )
    kinds = {
        "employment": ("position_percent", [5.0, 11.0, 50.0, 110.0]),
        "benefits": ("benefit", ["AAP", "UFORE", "DAGPENGER"]),
        "measures": ("measure", ["PRAKSORD", "MIDLONTIL", "ETAB"]),
        "education": ("nus_level", [5, 6, 8]),
        "work_capacity": ("group", ["BATT", "IKVAL"]),
    }
    return participants, {name: draw(_spells(n, *kind)) for name, kind in kinds.items()}


@st.composite
def _spells(draw: st.DrawFn, persons: int, column: str, values: list[object]) -> pd.DataFrame:
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        start = pd.Timestamp("2015-12-01") + pd.Timedelta(days=draw(st.integers(0, 420)))
        length = draw(st.one_of(st.none(), st.integers(0, 70)))
        end = pd.NaT if length is None else start + pd.Timedelta(days=length)
        rows.append((f"P{draw(st.integers(0, persons))}", start, end, draw(st.sampled_from(values)), 37.5))
    frame = pd.DataFrame(rows, columns=["participant_number", "start", "end", column, "full_time_hours"])
    return frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(small_trials(), st.sampled_from(["last_day", "any_day"]), st.sampled_from([None, date(2016, 9, 29)]))
def test_equals_the_slow_panel_at_the_edges_of_months(trial, on: str, until: date | None) -> None:
    participants, spells = trial
    ours = person_months(participants, **spells, months=(-3, 3), on=on, data_to=until)
    slow = slow_panel(participants, spells, (-3, 3), on, until)
    for outcome in slow.columns[2:]:
        np.testing.assert_allclose(ours[outcome], slow[outcome].astype(float), atol=1e-9, err_msg=outcome)


def test_unemployment_is_that_of_the_municipality_in_the_calendar_month() -> None:
    people = PERSON.assign(municipality="0104")
    rates = pd.DataFrame(
        {
            "municipality": ["0104", "0104", "0301", "0104"],
            "month": pd.to_datetime(["2015-01-01", "2015-03-31", "2015-02-01", "1990-01-01"]),
            "rate": [2.5, 3.1, 9.9, 7.7],
        }
    )
    panel = person_months(people, unemployment=rates, months=(-1, 1))
    np.testing.assert_array_equal(panel["unemployment_rate"], [2.5, np.nan, 3.1])
    elsewhere = person_months(PERSON.assign(municipality=None), unemployment=rates, months=(-1, 1))
    assert elsewhere["unemployment_rate"].isna().all()
    for whom, told, code in (
        (PERSON, rates, "missing_column"),
        (people, pd.concat([rates, rates[:1]]), "duplicate_rate"),
    ):
        with pytest.raises(EvaluationError) as caught:
            person_months(whom, unemployment=told)
        assert caught.value.code == code


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
