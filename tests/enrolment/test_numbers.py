"""Participant numbers: every slip of the finger is caught, exhaustively."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.access.refusals import Refusal
from trial.enrolment.numbers import (
    DIGITS,
    EXAMPLE,
    MODULUS,
    RANDOM_SYMBOLS,
    REMAINDER,
    SYMBOLS,
    WEIGHTS,
    new_number,
    parse_number,
)

pytestmark = pytest.mark.slow

prefixes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ", min_size=3, max_size=3)
numbers = st.builds(new_number, prefixes)


def _is_valid(symbols, weights=WEIGHTS):
    return sum(SYMBOLS.index(s) * w for s, w in zip(symbols, weights, strict=True)) % MODULUS == REMAINDER


def _accepted(text):
    try:
        parse_number(text)
    except Refusal:
        return False
    return True


def _single_errors(symbols):
    for place, right in enumerate(symbols):
        for wrong in SYMBOLS:
            if wrong != right:
                yield symbols[:place] + wrong + symbols[place + 1 :]


def _transpositions(symbols):
    for a, b in zip(range(7), range(1, 8), strict=True):
        if symbols[a] != symbols[b]:
            yield symbols[:a] + symbols[b] + symbols[a] + symbols[b + 1 :]


def test_the_example_in_the_help_text_is_a_number():
    assert parse_number(EXAMPLE) == EXAMPLE


@given(prefixes)
def test_a_new_number_has_the_written_form_and_reads_back(prefix):
    number = new_number(prefix)
    assert number[:4] == f"{prefix}-"
    assert number[8] == "-"
    assert number[9] in DIGITS
    assert parse_number(number) == number


def test_numbers_have_no_confusable_symbols_and_no_vowels():
    assert not set(RANDOM_SYMBOLS) & set("01OILBGSUVZAEYÆØÅ")


@given(
    numbers, st.sampled_from([str.lower, lambda n: n.replace("-", ""), lambda n: n.replace("-", " "), "  {}\n".format])
)
def test_case_dashes_and_spaces_do_not_matter(number, typed):
    assert parse_number(typed(number)) == number


@given(numbers)
def test_every_single_wrong_symbol_and_every_adjacent_exchange_is_caught(number):
    symbols = number.replace("-", "")
    assert not [wrong for wrong in [*_single_errors(symbols), *_transpositions(symbols)] if _accepted(wrong)]


def test_the_check_catches_them_for_all_symbols_at_all_places():
    """The whole space: an error shifts the sum by weight × difference, or by difference × difference of weights."""
    differences = range(1, MODULUS)
    assert all(weight * difference % MODULUS for weight in WEIGHTS for difference in differences)
    assert all((a - b) * difference % MODULUS for a, b in combinations(WEIGHTS, 2) for difference in differences)
    assert len(set(SYMBOLS)) == MODULUS == 37


def test_control_equal_weights_would_miss_exchanges():
    equal = (1,) * 8
    found = [number.replace("-", "") for number in (new_number("MOS") for _ in range(50))]
    missed = [s for s in found for t in _transpositions(s) if _is_valid(s, equal) == _is_valid(t, equal)]
    assert missed


def test_numbers_are_not_consecutive_and_differ():
    drawn = [new_number("MOS") for _ in range(500)]
    assert len(set(drawn)) > 490
    assert drawn != sorted(drawn)


@pytest.mark.parametrize(
    "text", ["", "MOS", "MOS-7K4Q", "MOS-7K4Q-33", "MOS-7O4Q-3", "7K4Q-MOS-3", "MOS-7K4Q-A", "13097248022"]
)
def test_what_is_no_number_is_refused_with_an_example(text):
    with pytest.raises(Refusal) as refused:
        parse_number(text)
    assert (refused.value.code, refused.value.field) == ("malformed_number", "number")
    assert EXAMPLE in str(refused.value.sentence)


def test_a_mistyped_number_is_refused_with_what_to_look_for():
    with pytest.raises(Refusal) as refused:
        parse_number("MOS-7K4Q-4")
    assert refused.value.code == "mistyped_number"
    assert "Kontrollsifferet" in str(refused.value.sentence)
