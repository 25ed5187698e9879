"""The baseline variables of each person, from participants and registers, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, person_months
from evaluation.people import baseline_people

PARTICIPANTS = pd.DataFrame(
    {
        "participant_number": ["P1", "P2", "P3"],
        "office": "Moss",
        "arm": ["intervention", "control", "control"],
        "start_date": pd.to_datetime(["2014-03-10", "2014-03-31", "2014-04-01"]),
        "sex": ["man", "woman", None],
        "birth_year": [1980, 1990, np.nan],
        "country_group": [0.0, 2.0, np.nan],
        "education_level": [4.0, 3.0, 9.0],
        "married": [1.0, 0.0, np.nan],
        "distance": [3, 4, 5],
    }
)
EMPLOYMENT = pd.DataFrame(
    {
        "participant_number": ["P1", "P2"],
        "start": pd.to_datetime(["2014-03-31", "2014-04-01"]),
        "end": pd.NaT,
        "full_time_hours": 37.5,
        "position_percent": 40,
    }
)
CAPACITY = pd.DataFrame(
    {
        "participant_number": ["P1", "P1", "P2", "P3"],
        "group": ["IKVAL", "BATT", "VARIG", "BFORM"],
        "start": pd.to_datetime(["2013-01-01", "2014-01-01", "2014-04-01", "2012-01-01"]),
        "end": pd.to_datetime([None, None, None, "2014-04-29"]),
    }
)
INCOME = pd.DataFrame(
    {
        "participant_number": ["P1", "P1", "P1", "P1", "P2"],
        "month": pd.to_datetime(["2013-02-01", "2013-03-01", "2014-02-01", "2014-03-01", "2013-12-01"]),
        "amount": [1.0, 10.0, 100.0, 1000.0, 7.0],
    }
)


def found(**options) -> pd.DataFrame:
    panel = person_months(PARTICIPANTS, employment=EMPLOYMENT, months=(-1, 1))
    return baseline_people(PARTICIPANTS, panel, {"work_capacity": CAPACITY, "income": INCOME}, **options)


def column(name: str) -> list[float]:
    return found()[name].tolist()


def test_shares_are_marks_and_an_unknown_stays_unknown() -> None:
    np.testing.assert_array_equal(column("men"), [1, 0, np.nan])
    np.testing.assert_array_equal(column("born_in_norway"), [1, 0, np.nan])
    np.testing.assert_array_equal(column("married"), [1, 0, np.nan])
    np.testing.assert_array_equal(column("age"), [34, 24, np.nan])


def test_upper_secondary_is_completed_from_level_four_and_unknown_is_not_completed() -> None:
    assert column("completed_upper_secondary") == [1, 0, 0]


def test_work_at_start_is_what_holds_on_the_last_day_of_the_month() -> None:
    assert column("employed_at_start") == [1, 0, 0]
    assert column("hours_at_start") == [15, 0, 0]


def test_income_is_the_twelve_months_before_the_month_of_the_start() -> None:
    assert column("income_at_start") == [110, 7, 0]


def test_what_the_registers_do_not_cover_is_missing_and_never_nothing() -> None:
    """The year before P3 began is April 2013 to March 2014, that of the others a month earlier."""
    for days, income, known in (
        ({"data_from": "2013-04-01"}, [np.nan, np.nan, 0], [True, True, True]),
        ({"data_from": "2013-03-02", "data_to": "2014-03-31"}, [np.nan, np.nan, 0], [True, True, False]),
        ({"data_to": "2014-02-28"}, [110, 7, np.nan], [False, False, False]),
    ):
        people = found(**days)
        np.testing.assert_array_equal(people["income_at_start"], income)
        assert people["work_capacity_unknown"].notna().tolist() == known


def test_who_was_not_asked_about_in_a_register_has_no_value_of_it() -> None:
    """Somebody who does not consent to the income register has an unknown income, not none."""
    people = found(uncovered={"income": {"P1", "P3"}, "work_capacity": frozenset({"P2"})})
    np.testing.assert_array_equal(people["income_at_start"], [np.nan, 7, np.nan])
    groups = people.filter(like="work_capacity_")
    np.testing.assert_array_equal(groups.sum(axis=1, skipna=False), [1, np.nan, 1])


def test_a_further_column_of_words_is_named() -> None:
    people = PARTICIPANTS.assign(aap_diagnosis="mental")
    with pytest.raises(EvaluationError, match="aap_diagnosis") as caught:
        baseline_people(people, person_months(people, months=(-1, 1)), {}, further=["aap_diagnosis"])
    assert caught.value.code == "not_a_number"


def test_the_latest_decision_in_force_counts_and_none_is_unknown() -> None:
    groups = found().filter(like="work_capacity_")
    assert groups.idxmax(axis=1).tolist() == [
        "work_capacity_specially_adapted",
        "work_capacity_unknown",
        "work_capacity_unknown",
    ]
    assert (groups.sum(axis=1) == 1).all()


def test_further_columns_come_along_and_nothing_is_changed() -> None:
    before = PARTICIPANTS.copy()
    assert found(further=["age", "distance", "income_at_start"])["distance"].tolist() == [3, 4, 5]
    pd.testing.assert_frame_equal(PARTICIPANTS, before)
