"""Starters by the rule of two months in and six months free; the same found by walking month by month."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import EvaluationError, starts
from evaluation.codes import measures as measure_list
from evaluation.simulation import proba_margins as proba
from evaluation.simulation import simulate_proba
from tests.evaluation.slow_panel import days_of_month, in_force

ARMS = {"extended": ["UTVOPPFOPL"], "ordinary": ["INDOPPFAG"]}
WINDOW = (date(2017, 1, 1), date(2018, 12, 1))
DATA_TO = date(2019, 6, 15)
FOLLOW_UP = {code for code, measure in measure_list().items() if measure.group == "follow_up"}
assert {code for codes in ARMS.values() for code in codes} <= FOLLOW_UP


def spells(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["participant_number", "measure", "start", "end"])
    return frame.assign(start=pd.to_datetime(frame["start"]), end=pd.to_datetime(frame["end"]))


def found(frame: pd.DataFrame, **options: object) -> pd.DataFrame:
    return starts(frame, **({"arms": ARMS, "window": WINDOW, "data_to": DATA_TO} | options)).people


def test_two_months_in_after_six_months_free_is_a_start_on_the_day_it_begins() -> None:
    people = found(spells(("P1", "UTVOPPFOPL", "2017-03-14", "2017-05-02")))
    row = people.iloc[0]
    assert (row["arm"], row["start_date"], str(row["index_month"])) == (
        "extended",
        pd.Timestamp("2017-03-14"),
        "2017-03",
    )
    assert (row["observed_until"], row["months_observed"]) == (pd.Timestamp("2019-05-31"), 26)


@pytest.mark.parametrize(
    ("before", "starters"),
    [
        (("INDOPPFAG", "2016-08-01", "2016-09-29"), 1),
        (("INDOPPFAG", "2016-08-01", "2016-09-30"), 0),
        (("PRAKSORD", "2016-08-01", "2017-02-28"), 1),
        (("INDJOBSTOT", "2017-02-01", "2017-02-28"), 0),
    ],
)
def test_a_follow_up_measure_in_the_six_months_before_washes_the_start_out(before, starters: int) -> None:
    people = found(spells(("P1", *before), ("P1", "UTVOPPFOPL", "2017-03-01", "2017-12-31")))
    assert len(people) == starters


def test_one_month_is_no_start_and_a_start_outside_the_window_is_counted() -> None:
    frame = spells(
        ("P1", "UTVOPPFOPL", "2017-03-01", "2017-03-31"),
        ("P2", "UTVOPPFOPL", "2019-01-01", None),
        ("P3", "UTVOPPFOPL", "2017-04-01", None),
        ("P3", "INDOPPFAG", "2017-04-20", None),
    )
    chosen = starts(frame, arms=ARMS, window=WINDOW, data_to=DATA_TO)
    assert chosen.people.empty
    assert chosen.left_out == {"both_arms": 1, "outside_window": 1, "no_start": 1}


def test_months_that_the_register_does_not_cover_are_not_known_to_be_free() -> None:
    frame = spells(("P1", "UTVOPPFOPL", "2017-03-01", None))
    assert len(found(frame, data_from=date(2016, 9, 1))) == 1
    assert found(frame, data_from=date(2016, 9, 2)).empty


def test_what_cannot_be_is_said() -> None:
    frame = spells(("P1", "UTVOPPFOPL", "2017-03-01", None))
    for code, wrong in (
        ("no_arms", {"arms": {}}),
        ("unknown_code", {"arms": {"x": ["TROLL"]}}),
        ("no_window", {"window": WINDOW[::-1]}),
    ):
        with pytest.raises(EvaluationError) as caught:
            found(frame, **wrong)
        assert caught.value.code == code


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        start = pd.Timestamp("2016-06-01") + pd.Timedelta(days=draw(st.integers(0, 900)))
        length = draw(st.one_of(st.none(), st.integers(0, 120)))
        end = None if length is None else start + pd.Timedelta(days=length)
        code = draw(st.sampled_from(["UTVOPPFOPL", "INDOPPFAG", "PRAKSORD"]))
        rows.append((f"P{draw(st.integers(0, 2))}", code, start, end))
    return spells(*rows)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(histories(), st.sampled_from(["last_day", "any_day"]), st.integers(0, 7), st.integers(1, 3))
def test_equals_walking_month_by_month(frame: pd.DataFrame, on: str, washout: int, consecutive: int) -> None:
    ours = found(frame, on=on, washout=washout, consecutive=consecutive)
    said = zip(ours["arm"], ours["index_month"].astype(str), strict=True)
    assert dict(zip(ours["participant_number"], said, strict=True)) == _slow(frame, on, washout, consecutive)


def _slow(frame: pd.DataFrame, on: str, washout: int, consecutive: int) -> dict[str, tuple[str, str]]:
    first = pd.Timestamp("2017-01-01")
    chosen = {}
    for number, own in frame.groupby("participant_number"):
        rows = own.to_dict("records")

        def inside(codes, month, rows=rows):
            return any(s["measure"] in codes and in_force(s, *days_of_month(first, month), on) for s in rows)

        for month in range(29):  # January 2017 to May 2019, the last whole month
            arms = [
                arm
                for arm, codes in ARMS.items()
                if all(month + later < 29 and inside(codes, month + later) for later in range(consecutive))
                and not any(inside(FOLLOW_UP, month - earlier) for earlier in range(1, washout + 1))
            ]
            if arms:
                if len(arms) == 1 and month <= 23:
                    chosen[number] = (arms[0], str((first + pd.DateOffset(months=month)).to_period("M")))
                break
    return chosen


@pytest.mark.slow
def test_the_simulated_starters_of_proba_are_found_again() -> None:
    frames = simulate_proba(2_000, seed=7)
    arms = dict(zip(proba.ARMS, ([code] for code in proba.CODES), strict=True))
    chosen = found(
        frames["measures"], arms=arms, window=(date(2017, 1, 1), date(2019, 8, 1)), data_to=date(2019, 9, 30)
    )
    both = chosen.merge(frames["participants"], on="participant_number", suffixes=("", "_true"))
    assert len(both) == len(chosen) > 1_800
    assert (both["arm"] == both["arm_true"]).all()
    np.testing.assert_array_equal(both["index_month"].astype(str), both["start_date_true"].dt.strftime("%Y-%m"))
