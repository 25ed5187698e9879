"""The validator against Skatteetaten's rules and the published cases of @navikt/fnrvalidator 2.2.1 (MIT)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.national_id import (
    SCRUBBED,
    digits_of,
    find_national_ids,
    is_national_id,
    scrub,
    synthetic_national_id,
)

PUBLISHED_VALID = {
    "ordinary": "13097248022",
    "leap day": "29029648784",
    "leap day of 2000": "29020075838",
    "check digit 11 becomes 0": "15021951940",
    "D-number": "53097248016",
    "month + 40": "13527248013",
    "month + 80": "10915596784",
    "D-number with month + 40": "68467038838",
    "D-number with month + 80": "50846202355",
    "first born under the rule of 2032": "02013299997",
    "remainder 0": "30108299920",
    "remainder 1": "30108299939",
    "D-number under the rule of 2032": "70108299914",
}
PUBLISHED_INVALID = {
    "29 February of an ordinary year": "29020112345",
    "ten digits": "1234567890",
    "twelve digits": "123456789101",
    "a letter": "1234567891A",
    "first check digit": "13097248032",
    "second check digit": "13097248023",
    "day 32": "32127248022",
    "month 13": "13137248022",
    "first check digit under the rule of 2032": "02013299987",
    "second check digit under the rule of 2032": "02013299996",
}
ONLY_FROM_2032 = "30108299939"
births = st.dates(date(1900, 1, 1), date(2039, 12, 31))
serials = st.integers(0, 300)


@pytest.mark.parametrize("number", PUBLISHED_VALID.values(), ids=PUBLISHED_VALID.keys())
def test_a_published_valid_number_is_recognised(number):
    assert is_national_id(number)


@pytest.mark.parametrize("number", PUBLISHED_INVALID.values(), ids=PUBLISHED_INVALID.keys())
def test_a_published_invalid_number_is_not(number):
    assert not is_national_id(number)


def test_the_rule_of_2032_begins_in_2032():
    assert not is_national_id(ONLY_FROM_2032, on=date(2031, 12, 31))
    assert is_national_id(ONLY_FROM_2032, on=date(2032, 1, 1))


@pytest.mark.parametrize("number", ["13097248022", "53097248016", "10915596784", "29020075838"])
def test_old_numbers_are_valid_before_and_after_2032(number):
    assert is_national_id(number, on=date(2020, 1, 1))
    assert is_national_id(number, on=date(2040, 1, 1))


def test_month_plus_65_is_synthetic_and_month_plus_90_is_nothing():
    assert is_national_id("13747248170")
    assert not is_national_id("13997248036")


@pytest.mark.parametrize(
    "written", ["130972 48022", "130972-48022", "13.09.72 48022", "13 09 72 480 22", " 13097248022 "]
)
def test_a_number_is_recognised_however_it_is_written(written):
    assert is_national_id(written)
    assert digits_of(written) == "13097248022"


@pytest.mark.parametrize("text", ["", "Ola", "130972", "ring 22334455", "2013-09-17", "13097248022 og mer"])
def test_other_text_is_no_number(text):
    assert not is_national_id(text)


def test_a_number_is_found_and_taken_out_of_a_sentence():
    text = "Snakket med 130972 48022, født 13.09.72; ringer 53097248016 i morgen."
    assert find_national_ids(text) == ["13097248022", "53097248016"]
    assert scrub(text) == f"Snakket med {SCRUBBED}, født 13.09.72; ringer {SCRUBBED} i morgen."


def test_digits_of_other_scripts_hide_nothing():
    assert find_national_ids("١٣٠٩٧٢٤٨٠٢٢") == ["13097248022"]


def test_digits_inside_a_longer_number_are_left_alone():
    assert scrub("913097248022") == "913097248022"


@pytest.mark.slow
@given(births, serials)
def test_a_synthetic_number_is_valid_and_nobodys(birth, serial):
    number = synthetic_national_id(birth, serial)
    assert is_national_id(number, on=date(2026, 1, 1))
    assert int(number[2:4]) == birth.month + 80


@pytest.mark.slow
@given(births, st.data())
def test_one_wrong_digit_is_always_caught_by_the_old_rule(birth, data):
    number = synthetic_national_id(birth, data.draw(serials))
    place = data.draw(st.integers(0, 10))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not is_national_id(number[:place] + wrong + number[place + 1 :], on=date(2026, 1, 1))


@pytest.mark.slow
def test_synthetic_numbers_of_a_day_differ_and_run_out():
    day = date(1980, 5, 17)
    numbers = [synthetic_national_id(day, serial) for serial in range(350)]
    assert len(set(numbers)) == 350
    with pytest.raises(ValueError, match="serial"):
        synthetic_national_id(day, 500)
    with pytest.raises(ValueError, match="1900"):
        synthetic_national_id(date(1899, 1, 1), 0)


@pytest.mark.slow
@given(st.text())
def test_scrubbed_text_holds_no_number(text):
    assert not find_national_ids(scrub(text + "13097248022"))
