"""The panel equals the one made by walking through every spell of every person and month."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import EvaluationError, person_months
from evaluation.outcomes import OUTCOMES
from evaluation.panel import month_number
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
        length = draw(st.one_of(st.none(), st.integers(-3, 70)))  # a spell that ends before it starts is none
        end = pd.NaT if length is None else start + pd.Timedelta(days=length)
        rows.append((f"P{draw(st.integers(0, persons))}", start, end, draw(st.sampled_from(values)), 37.5))
    frame = pd.DataFrame(rows, columns=["participant_number", "start", "end", column, "full_time_hours"])
    return frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    small_trials(),
    st.sampled_from(["last_day", "any_day"]),
    st.sampled_from([None, date(2016, 9, 29)]),
    st.sampled_from([None, date(2016, 2, 1), date(2016, 2, 2)]),
)
def test_equals_the_slow_panel_at_the_edges_of_months(trial, on: str, until: date | None, since: date | None) -> None:
    participants, spells = trial
    ours = person_months(participants, **spells, months=(-3, 3), on=on, data_to=until, data_from=since)
    slow = slow_panel(participants, spells, (-3, 3), on, until, since)
    for outcome in slow.columns[2:]:
        np.testing.assert_allclose(ours[outcome], slow[outcome].astype(float), atol=1e-9, err_msg=outcome)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["is_month_end", "data_to", "on"])
def test_a_panel_that_is_wrong_by_a_day_is_caught_by_the_slow_one(broken: str, monkeypatch) -> None:
    """The control: the same comparison fails when a rule of the panel is broken on purpose."""
    rng = np.random.default_rng(7)
    participants = people(rng, 40)
    spells = registers(rng, participants)
    if broken == "is_month_end":
        monkeypatch.setattr("evaluation.panel.month_number", lambda days: month_number(days + pd.Timedelta(days=1)))
    until = date(2016, 3, 1) if broken == "data_to" else date(2016, 2, 29)
    ours = person_months(
        participants, **spells, months=(-12, 30), on="any_day" if broken == "on" else "last_day", data_to=until
    )
    slow = slow_panel(participants, spells, (-12, 30), "last_day", date(2016, 2, 28 if broken == "data_to" else 29))
    assert any(not np.allclose(ours[name], slow[name].astype(float), equal_nan=True) for name in slow.columns[2:])


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


JOBS = pd.DataFrame(
    {
        "participant_number": ["1", "1", "2"],
        "start": pd.to_datetime(["2015-01-31", "2015-03-02", "2015-02-04"]),
        "end": pd.to_datetime(["2015-02-28", None, "2015-04-03"]),
        "full_time_hours": [37.5, 37.5, 35.5],
        "position_percent": [50.0, 100.0, 60.0],
    }
)
PAIR = pd.DataFrame(
    {
        "participant_number": ["1", "2"],
        "office": "Moss",
        "arm": ["control", "treatment"],
        "start_date": pd.to_datetime(["2015-02-03", "2015-01-31"]),
    }
)
DAYS = ("start_date", "start", "end")


def with_days(frame: pd.DataFrame, written) -> pd.DataFrame:
    return frame.assign(**{name: written(frame[name]) for name in DAYS if name in frame})


@pytest.mark.parametrize(
    "written",
    [
        lambda days: days.dt.strftime("%Y-%m-%d"),
        lambda days: days.dt.strftime("%d.%m.%Y"),
        lambda days: days.dt.strftime("%d.%m.%Y").fillna(""),
        lambda days: days.dt.date,
        lambda days: days.astype("datetime64[ns]"),
        lambda days: days.dt.tz_localize("Europe/Oslo"),
        lambda days: days.dt.to_period("D"),
        lambda days: days.dt.strftime("%d.%m.%Y").astype("category"),
        lambda days: days.dt.date.astype("date32[pyarrow]"),
        lambda days: (
            pd.Series([day if i % 2 else str(day.date()) for i, day in enumerate(days.fillna(pd.NaT))])
            if days.notna().all()
            else days
        ),
    ],
)
def test_days_are_days_however_a_statistician_has_them(written) -> None:
    plain = person_months(PAIR, employment=JOBS, months=(-2, 4))
    ours = person_months(with_days(PAIR, written), employment=with_days(JOBS, written), months=(-2, 4))
    pd.testing.assert_frame_equal(ours, plain)
    assert plain["hours"].sum() > 0


@pytest.mark.parametrize("kind", ["category", "string", "string[pyarrow]", object])
def test_numbers_of_participants_may_be_of_any_kind_of_text(kind) -> None:
    plain = person_months(PAIR, employment=JOBS, months=(-2, 4))
    ours = person_months(
        PAIR.astype({"participant_number": kind, "arm": kind, "office": kind}),
        employment=JOBS.astype({"participant_number": kind}),
        months=(-2, 4),
    )
    np.testing.assert_array_equal(ours["hours"], plain["hours"])


def test_numbers_that_are_text_here_and_numbers_there_are_refused_and_not_zero() -> None:
    with pytest.raises(EvaluationError) as caught:
        person_months(PAIR, employment=JOBS.astype({"participant_number": int}))
    assert caught.value.code == "different_numbers"
    both = [frame.astype({"participant_number": int}) for frame in (PAIR, JOBS)]
    assert person_months(both[0], employment=both[1])["employed"].sum() > 0


def test_codes_and_amounts_read_as_text_count_as_the_numbers_that_they_are() -> None:
    studies = pd.DataFrame({"participant_number": ["1"], "nus_level": [7], "start": ["2015-01-01"], "end": [None]})
    plain = person_months(PAIR, employment=JOBS, education=studies, months=(-2, 4))
    text = JOBS.assign(full_time_hours=JOBS["full_time_hours"].astype(str).str.replace(".", ","))
    ours = person_months(PAIR, employment=text, education=studies.astype({"nus_level": str}), months=(-2, 4))
    pd.testing.assert_frame_equal(ours, plain)
    assert plain["higher_education"].sum() == 6


def test_a_register_left_out_leaves_out_only_the_outcomes_that_need_it() -> None:
    studies = pd.DataFrame({"participant_number": ["1"], "nus_level": [7], "start": ["2015-01-01"], "end": [None]})
    panel = person_months(PAIR, education=studies, months=(0, 0))
    assert list(panel.columns[5:]) == ["higher_education"]
    assert list(person_months(PAIR).columns) == ["participant_number", "office", "arm", "month", "calendar_month"]


def test_nobody_and_nothing_make_an_empty_panel_and_zeros() -> None:
    rates = pd.DataFrame({"municipality": ["0301"], "month": ["2015-01"], "rate": [2.5]})
    nobody = person_months(PAIR[:0].assign(municipality=[]), employment=JOBS, unemployment=rates, months=(-2, 4))
    assert (len(nobody), "hours" in nobody, "unemployment_rate" in nobody) == (0, True, True)
    nothing = person_months(PAIR, employment=pd.DataFrame(columns=JOBS.columns), months=(0, 0))
    assert nothing["employed"].tolist() == [0, 0]


def test_municipalities_read_as_numbers_keep_their_leading_zero() -> None:
    rates = pd.DataFrame({"municipality": [301], "month": ["2015-01"], "rate": [2.5]})
    panel = person_months(PAIR.assign(municipality="0301"), unemployment=rates, months=(0, 0))
    np.testing.assert_array_equal(panel["unemployment_rate"], [np.nan, 2.5])


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("missing_column", {"employment": JOBS.drop(columns="end")}),
        ("missing_start", {"employment": JOBS.assign(start=JOBS["end"])}),
        ("not_a_date", {"employment": JOBS.assign(start=20150101)}),
        ("not_a_date", {"employment": JOBS.assign(start="soon")}),
        ("not_a_date", {"employment": JOBS.assign(start="13.13.2015")}),
        ("not_a_number", {"employment": JOBS.assign(position_percent="half")}),
        ("unknown_register", {"data_to": {"employement": date(2015, 1, 1)}}),
        ("not_a_date", {"data_to": "the end"}),
        ("not_a_date", {"data_to": pd.NaT}),
        ("wrong_months", {"months": (3, -3)}),
        ("wrong_months", {"months": (-1.5, 3)}),
        ("unknown_rule", {"on": "first_day"}),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_name(code: str, change: dict[str, object]) -> None:
    with pytest.raises(EvaluationError) as caught:
        person_months(PAIR, **({"employment": JOBS} | change))
    assert caught.value.code == code


@pytest.mark.parametrize("until", ["2015-04-30", "30.04.2015", date(2015, 4, 30), pd.Timestamp("2015-04-30")])
def test_the_first_and_the_last_day_of_a_register_bound_what_is_known(until: object) -> None:
    panel = person_months(PAIR, employment=JOBS, months=(-2, 4), data_to=until, data_from={"employment": "01.01.2015"})
    assert panel.loc[panel["employed"].notna(), "calendar_month"].astype(str).tolist() == [
        "2015-01", "2015-02", "2015-03", "2015-04", "2015-01", "2015-02", "2015-03", "2015-04",
    ]  # fmt: skip
