"""Small-cell protection attacked: what may be concluded about a hidden part from everything else that is shown."""

import re
from collections.abc import Callable
from itertools import combinations_with_replacement

import pytest

from trial.access import small_counts
from trial.access.small_counts import SMALL

Interval = tuple[int, int]
Rule = Callable[[int], str]


def protected(count: int) -> str:
    return small_counts.shown(count, exact=False)


def only_sums_rounded(count: int) -> str:
    """The control: parts from 5 up stand exact."""
    return f"<{SMALL}" if small_counts.is_small(count) else str(count)


def possible(text: str) -> Interval:
    """The least and the highest count that a text may stand for, as a reader who knows the rule would reckon."""
    if text.startswith("<"):
        return 1, SMALL - 1
    number = int(re.sub(r"\D", "", text))
    return (max(SMALL, number - 2), number + 2) if text.startswith("≈") else (number, number)


def pinned(parts: tuple[int, ...], rule: Rule) -> list[int]:
    """The small parts of which a reader of all the parts and their sum knows the exact number."""
    shown, (least, most) = [possible(rule(part)) for part in parts], possible(protected(sum(parts)))
    found = []
    for place, part in enumerate(parts):
        if not small_counts.is_small(part):
            continue
        others = [interval for other, interval in enumerate(shown) if other != place]
        low = max(1, least - sum(high for _low, high in others))
        high = min(SMALL - 1, most - sum(low for low, _high in others))
        found += [part] if low == high else []
    return found


def share_pinned(rule: Rule, parts: int, highest: int) -> float:
    """The share of hidden parts that are pinned, over every table of so many parts."""
    tables = list(combinations_with_replacement(range(highest), parts))
    hidden = sum(small_counts.is_small(part) for table in tables for part in table)
    return sum(len(pinned(table, rule)) for table in tables) / hidden


def test_a_hidden_part_beside_one_that_is_shown_is_never_had_by_subtraction() -> None:
    assert [
        (1, other) for other in range(SMALL, 200) for hidden in range(1, SMALL) if pinned((hidden, other), protected)
    ] == []


def test_control_with_exact_parts_beside_a_rounded_sum_it_is_had_one_time_in_five() -> None:
    tables = [(hidden, other) for other in range(SMALL, 200) for hidden in range(1, SMALL)]
    assert sum(bool(pinned(table, only_sums_rounded)) for table in tables) / len(tables) > 0.09


@pytest.mark.parametrize(("parts", "highest", "most"), [(3, 30, 0.02), (4, 22, 0.005), (5, 14, 0.005)])
def test_in_tables_of_several_parts_hardly_anything_is_had(parts: int, highest: int, most: float) -> None:
    assert share_pinned(protected, parts, highest) < most < share_pinned(only_sums_rounded, parts, highest) / 3


@pytest.mark.parametrize(
    ("count", "text", "drawn"),
    [(0, "0", 0), (1, "<5", 5), (4, "<5", 5), (5, "≈5", 5), (7, "≈5", 5), (8, "≈10", 10), (23, "≈25", 25)],
)
def test_a_count_is_shown_and_drawn_without_telling_small_ones_apart(count: int, text: str, drawn: int) -> None:
    assert protected(count) == text
    assert small_counts.rounded(count, exact=False) == drawn
    assert small_counts.shown(count, exact=True) == str(small_counts.rounded(count, exact=True)) == str(count)


def test_a_share_needs_a_whole_and_enough_people_on_both_sides() -> None:
    percent = small_counts.percent
    assert percent(1, 4, exact=True) == 25
    assert [percent(part, 40, exact=False) for part in (0, 1, 10, 38, 40)] == [0, None, 25, None, 100]
    assert percent(0, 0, exact=True) is None


def test_shares_of_the_same_rounded_counts_are_the_same() -> None:
    """A share of exact counts would tell 63 of 67 from 64 of 67, and so how many are missing."""
    assert len({small_counts.percent(part, 67, exact=False) for part in range(48, 53)}) == 1
    assert len({small_counts.percent(part, 67, exact=True) for part in range(48, 53)}) > 1
