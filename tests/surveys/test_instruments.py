"""What can be asked, which questions are asked, and when: plain values."""

from datetime import date

import pytest

from trial.access.refusals import Refusal
from trial.surveys.instruments import DO_NOT_KNOW, asked, fault, pages, read, written
from trial.surveys.standard import INSTRUMENTS, WAVES
from trial.surveys.windows import Window, is_due, months_later, window

SCALE = {"code": "a", "kind": "scale", "question": {"nb": "Hvor?"}, "low": 0, "high": 10}
CHOICE = {
    "code": "b",
    "kind": "choice",
    "question": {"nb": "Hva?"},
    "options": [["1", {"nb": "Ja"}], ["2", {"nb": "Nei"}]],
    "do_not_know": True,
}
TEXT = {"code": "c", "kind": "text", "question": {"nb": "Hvorfor?"}}
BRANCH = TEXT | {"shown_if": {"item": "b", "answers": ["2"]}}


def test_the_study_s_instruments_are_those_of_the_published_study():
    asked_items = {each.code: read(each.items) for each in INSTRUMENTS}
    assert {code: len(items) for code, items in asked_items.items()} == {
        "work_ability": 1,
        "return_to_work_self_efficacy": 3,
        "expected_time_to_work": 1,
    }
    ability, (sure, *_rest), (time,) = asked_items.values()
    assert (ability[0].low, ability[0].high) == (0, 10)
    assert (sure.low, sure.high) == (1, 10)
    assert (len(time.options), time.values[-1]) == (8, DO_NOT_KNOW)
    assert {wave.code: wave.months for wave in WAVES} == {"T1": 0, "T2": 3, "T3": 12, "T4": 18}


def test_an_instrument_reads_back_as_it_was_written():
    items = read([SCALE, CHOICE, BRANCH])
    assert read([written(item) for item in items]) == items


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([SCALE, SCALE], "item_twice"),
        ([SCALE | {"question": {"nb": " "}}], "question_missing"),
        ([SCALE | {"high": 0}], "scale_impossible"),
        ([SCALE | {"high": 21}], "scale_impossible"),
        ([CHOICE | {"options": [["1", {"nb": "Ja"}]]}], "too_few_options"),
        ([CHOICE | {"options": [["1", {"nb": "Ja"}], ["1", {"nb": "Nei"}]]}], "option_twice"),
        ([BRANCH], "condition_impossible"),
        ([BRANCH, CHOICE], "condition_impossible"),
        ([CHOICE, TEXT | {"shown_if": {"item": "b", "answers": ["3"]}}], "condition_impossible"),
        ([CHOICE, TEXT | {"shown_if": {"item": "b", "answers": []}}], "condition_impossible"),
        ([TEXT, SCALE | {"shown_if": {"item": "c", "answers": ["x"]}}], "condition_impossible"),
    ],
)
def test_what_cannot_be_asked_is_refused(content, code):
    with pytest.raises(Refusal) as refused:
        read(content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("item", "answer", "code"),
    [
        (SCALE, "0", ""),
        (SCALE, "10", ""),
        (SCALE, "", ""),
        (SCALE, "11", "impossible_answer"),
        (SCALE, "07", "impossible_answer"),
        (SCALE, "do_not_know", "impossible_answer"),
        (CHOICE, "do_not_know", ""),
        (CHOICE, "3", "impossible_answer"),
        (TEXT, "Jeg vet ikke", ""),
        (TEXT, "x" * 1001, "answer_too_long"),
        (TEXT, "ring 130972 48022", "national_id_in_text"),
    ],
)
def test_an_answer_is_one_of_those_that_can_be_given(item, answer, code):
    assert fault(read([item])[0], answer) == code


def test_a_branch_is_asked_only_after_its_answer_and_stands_on_a_page_of_its_own():
    items = read([SCALE, CHOICE, BRANCH])
    assert [item.code for item in asked(items, {"b": "2"})] == ["a", "b", "c"]
    assert [item.code for item in asked(items, {"b": "1", "c": "x"})] == ["a", "b"]
    assert [[item.code for item in page] for page in pages(items)] == [["a", "b"], ["c"]]


def test_an_answer_that_is_not_asked_opens_no_branch():
    further = {"code": "d", "kind": "text", "question": {"nb": "?"}, "shown_if": {"item": "e", "answers": ["1"]}}
    between = CHOICE | {"code": "e", "shown_if": {"item": "b", "answers": ["2"]}}
    items = read([CHOICE, between, further])
    assert [item.code for item in asked(items, {"b": "1", "e": "1"})] == ["b"]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 3, 2), 0, date(2026, 3, 2)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2026, 3, 2), 18, date(2027, 9, 2)),
    ],
)
def test_months_later_is_the_same_day_or_the_month_s_last(day, months, expected):
    assert months_later(day, months) == expected


def test_a_window_never_opens_before_the_person_is_in_the_trial():
    found = window(date(2026, 3, 2), months=0, opens_before=7, closes_after=21)
    assert found == Window(date(2026, 3, 2), date(2026, 3, 23))
    assert [found.holds(date(2026, 3, day)) for day in (1, 2, 23, 24)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("asked_before", "day", "due"),
    [(0, 2, True), (1, 8, False), (1, 9, True), (2, 15, False), (2, 16, True), (3, 20, False)],
)
def test_reminders_come_on_their_days_and_end(asked_before, day, due):
    found = Window(date(2026, 3, 2), date(2026, 3, 23))
    assert is_due(found, asked_before, (7, 14), date(2026, 3, day)) is due
    assert not is_due(found, asked_before, (7, 14), date(2026, 3, 24)), "control: the window has closed"


@pytest.mark.parametrize(
    ("asked_before", "last", "day", "due"),
    [(1, 12, 13, False), (1, 12, 16, True), (1, 17, 18, False), (1, 2, 18, True), (2, 18, 19, False)],
)
def test_a_reminder_whose_day_had_passed_when_we_last_wrote_is_left_out(asked_before, last, day, due):
    found = Window(date(2026, 3, 2), date(2026, 3, 23))
    assert is_due(found, asked_before, (7, 14), date(2026, 3, day), date(2026, 3, last)) is due
