"""The weights of every method: published examples, exact distributions, and what is refused."""

import json
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.design import (
    DesignError,
    ListExhausted,
    MissingFactor,
    arm_for,
    follows,
    replay,
    rule_for,
    simulate,
    weights,
)

PAIR = [("a", 1), ("b", 1)]
TRIO = [("a", 1), ("b", 1), ("c", 1)]


def after(codes, **kwargs):
    return [(code, kwargs) for code in codes]


def sequences(method, arms, draws, block_number=None):
    """Every possible list with its exact probability."""
    chances = {"": Fraction(1)}
    for _ in range(draws):
        longer = {}
        for drawn, chance in chances.items():
            each = weights(method, arms, after(drawn), block_number=block_number)
            for (code, _ratio), weight in zip(arms, each, strict=True):
                if weight:
                    longer[drawn + code] = chance * Fraction(weight, sum(each))
        chances = longer
    return chances


def test_the_simple_draw_follows_the_ratio():
    assert weights({"kind": "simple"}, [("i", 5), ("c", 3)], after("iiii")) == [5, 3]


@pytest.mark.parametrize(("number", "arm"), [(0, 0), (4, 0), (5, 1), (7, 1), (8, 0)])
def test_the_arm_is_the_first_whose_running_sum_exceeds_the_number(number, arm):
    assert arm_for(number, [5, 3]) == arm


def test_a_block_of_four_has_six_orders_of_the_same_chance():
    chances = sequences({"kind": "permuted_blocks", "multipliers": [2]}, PAIR, 4)
    assert len(chances) == 6
    assert set(chances.values()) == {Fraction(1, 6)}


def truncated_binomial(size):
    """The defect: an arm drawn uniformly among those that still have slots. Sequences, and the expected right guesses
    of somebody who bets on the arm with more slots left."""
    chances, right = {"": Fraction(1)}, Fraction(0)
    for _ in range(size):
        longer = {}
        for drawn, chance in chances.items():
            left = {code: size // 2 - drawn.count(code) for code in "ab"}
            open_arms = [code for code in "ab" if left[code]]
            right += chance * Fraction(1, len(open_arms))
            for code in open_arms:
                longer[drawn + code] = chance / len(open_arms)
        chances = longer
    return chances, right


@pytest.mark.parametrize(("size", "right_guesses"), [(4, Fraction(11, 4)), (6, Fraction(63, 16))])
def test_a_truncated_binomial_would_be_caught_by_the_same_enumeration(size, right_guesses):
    chances, right = truncated_binomial(size)
    honest = sequences({"kind": "permuted_blocks", "multipliers": [size // 2]}, PAIR, size)
    assert right == right_guesses
    assert chances["aabb" if size == 4 else "aaabbb"] == Fraction(1, 2 ** (size // 2))
    assert chances != honest


EVERY_KIND = [
    {"kind": "simple"},
    {"kind": "fixed_counts", "counts": {"a": 20, "b": 20}},
    {"kind": "permuted_blocks", "multipliers": [1, 2, 3]},
    {"kind": "biased_coin", "probability": [2, 3]},
    {"kind": "big_stick", "bound": 3},
    {"kind": "urn", "alpha": 0, "beta": 1},
    {"kind": "maximal", "bound": 3, "length": 40},
    {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]},
]
FURTHEST = {"permuted_blocks": 3, "big_stick": 3, "maximal": 3}  # the difference that a method never passes


@pytest.mark.slow
@given(numbers=st.lists(st.integers(0, 2**256 - 1), min_size=40, max_size=40), method=st.sampled_from(EVERY_KIND))
@settings(max_examples=40, deadline=None)
def test_no_method_passes_its_bounds_or_draws_an_arm_without_weight(numbers, method):
    history, difference = [], 0
    for number in numbers:
        levels = {"sex": "man" if number % 3 else "woman"}
        found = weights(method, PAIR, history, factors=levels, block_number=numbers.__getitem__)
        arm = arm_for(number, found)
        assert min(found) >= 0
        assert found[arm] > 0
        history.append((PAIR[arm][0], levels))
        difference += 1 if arm == 0 else -1
        assert abs(difference) <= FURTHEST.get(method["kind"], 40)
    if method["kind"] in ("fixed_counts", "maximal"):
        assert difference == 0
        with pytest.raises(ListExhausted):
            weights(method, PAIR, history, factors={"sex": "man"}, block_number=numbers.__getitem__)


@pytest.mark.parametrize("method", EVERY_KIND, ids=lambda method: method["kind"])
def test_a_kept_state_follows_from_its_history_and_a_changed_one_does_not(method):
    rng = np.random.default_rng(8)
    rule, history = rule_for(method, PAIR, block_number=lambda block: 7 * block + 2), []
    state = rule.start()
    for _ in range(25):
        levels = {"sex": str(rng.choice(["man", "woman"]))}
        arm = arm_for(int(rng.integers(2**62)), rule.weights(state, levels))
        state = rule.advance(state, arm, levels)
        history.append((rule.codes[arm], levels))
        known = rule_for(method, PAIR, block_number=int)
        assert follows(known, history, json.loads(json.dumps(state)))
    assert not follows(known, history[:-1], state)
    assert not follows(known, [*history[:-1], ("x", {})], state)


def test_the_size_of_a_block_comes_from_its_number():
    sizes = {0: 7, 1: 4}  # multipliers[7 % 2] = 2, multipliers[4 % 2] = 1
    method = {"kind": "permuted_blocks", "multipliers": [1, 2]}
    assert weights(method, PAIR, after("aab"), block_number=sizes.get) == [0, 1]
    assert weights(method, PAIR, after("aabb"), block_number=sizes.get) == [1, 1]
    assert weights(method, PAIR, after("aabbb"), block_number=sizes.get) == [1, 0]


def test_fixed_counts_are_a_whole_list_drawn_as_one_block():
    method = {"kind": "fixed_counts", "counts": {"a": 2, "b": 1, "c": 1}}
    chances = sequences(method, TRIO, 4)
    assert len(chances) == 12
    assert set(chances.values()) == {Fraction(1, 12)}


def test_all_admissible_sequences_of_the_maximal_procedure_are_equally_likely():
    chances = sequences({"kind": "maximal", "bound": 2, "length": 8}, PAIR, 8)
    assert len(chances) == 54
    assert set(chances.values()) == {Fraction(1, 54)}


@pytest.mark.parametrize(
    ("length", "bound", "count"),
    [(4, 1, 4), (4, 2, 6), (6, 2, 18), (6, 3, 20), (8, 2, 54), (8, 3, 68), (10, 3, 232), (12, 4, 900)],
)
def test_the_number_of_admissible_sequences_is_the_published_one(length, bound, count):
    assert sum(weights({"kind": "maximal", "bound": bound, "length": length}, PAIR, [])) == count


def test_efrons_coin_is_fair_when_level_and_favours_the_smaller_arm():
    coin = {"kind": "biased_coin", "probability": [2, 3]}
    assert weights(coin, PAIR, []) == [1, 1]
    assert weights(coin, PAIR, after("a")) == [1, 2]
    assert weights(coin, PAIR, after("abb")) == [2, 1]


def test_the_big_stick_falls_at_its_bound():
    stick = {"kind": "big_stick", "bound": 2}
    assert weights(stick, PAIR, after("a")) == [1, 1]
    assert weights(stick, PAIR, after("aa")) == [0, 1]
    assert weights(stick, PAIR, after("bb")) == [1, 0]


def test_the_urn_adds_balls_of_the_other_arm():
    assert weights({"kind": "urn", "alpha": 0, "beta": 1}, PAIR, []) == [1, 1]
    assert weights({"kind": "urn", "alpha": 0, "beta": 1}, PAIR, after("aab")) == [1, 2]
    assert weights({"kind": "urn", "alpha": 2, "beta": 3}, PAIR, after("a")) == [2, 5]


def history_with(counts):
    """A history whose counts by arm and level are those given: {factor: {level: [by arm]}}."""
    people = []
    for arm in range(len(next(iter(next(iter(counts.values())).values())))):
        columns = {
            factor: [level for level, by_arm in levels.items() for _ in range(by_arm[arm])]
            for factor, levels in counts.items()
        }
        for row in zip(*columns.values(), strict=True):
            people.append(("abc"[arm], dict(zip(columns, row, strict=True))))
    return people


def test_minimisation_gives_the_worked_example_of_pocock_and_simon():
    history = history_with(
        {
            "1": {"1": [9, 10, 9], "2": [8, 7, 7]},
            "2": {"1": [8, 6, 7], "2": [9, 11, 9]},
            "3": {"1": [8, 8, 8], "2": [4, 5, 3], "3": [5, 4, 5]},
        }
    )
    method = {"kind": "minimisation", "factors": {"1": 2, "2": 1, "3": 1}, "probability": [2, 3]}
    person = {"1": "1", "2": "2", "3": "2"}
    rule = rule_for(method, TRIO)
    assert rule.scores(replay(rule, history), person) == [6, 10, 5]
    each = weights(method, TRIO, history, factors=person)
    assert [Fraction(weight, sum(each)) for weight in each] == [Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)]


def test_minimisation_gives_the_worked_example_of_the_korean_journal_of_anesthesiology():
    counts = {
        "site": {"2": [3, 5], "1": [3, 1]},
        "sex": {"woman": [3, 3], "man": [3, 3]},
        "age": {"65+": [3, 3], "-64": [3, 3]},
    }
    method = {"kind": "minimisation", "factors": {"site": 1, "sex": 1, "age": 1}, "probability": [4, 5]}
    person = {"site": "2", "sex": "woman", "age": "65+"}
    rule = rule_for(method, PAIR)
    assert rule.scores(replay(rule, history_with(counts)), person) == [3, 5]


def test_minimisation_of_nobody_yet_follows_the_ratio():
    method = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
    assert weights(method, [("a", 2), ("b", 2)], [], factors={"sex": "man"}) == [2, 2]


def test_minimisation_scales_counts_by_the_ratio():
    method = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
    history = after("aab", sex="man")  # 2:1 as wanted; one more of a leaves the larger gap
    assert weights(method, [("a", 2), ("b", 1)], history, factors={"sex": "man"}) == [4, 1]


@pytest.mark.parametrize(
    ("method", "full"),
    [
        ({"kind": "fixed_counts", "counts": {"a": 2, "b": 2}}, "abba"),
        ({"kind": "maximal", "bound": 1, "length": 4}, "abab"),
    ],
)
def test_a_list_that_runs_out_refuses(method, full):
    with pytest.raises(ListExhausted, match="4 places"):
        weights(method, PAIR, after(full))


def test_a_missing_factor_refuses():
    method = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
    with pytest.raises(MissingFactor, match="sex"):
        weights(method, PAIR, [], factors={})


@pytest.mark.parametrize(
    ("method", "arms"),
    [
        ({"kind": "coin"}, PAIR),
        ({}, PAIR),
        ({"kind": ["simple"]}, PAIR),
        ({"kind": "simple"}, [("a", 1)]),
        ({"kind": "simple"}, [("a", 1), ("a", 1)]),
        ({"kind": "simple"}, [("a", 1), ("b", 0)]),
        ({"kind": "simple"}, [("a", 1), ("b", 1.5)]),
        ({"kind": "biased_coin", "probability": [2, 3]}, [("a", 2), ("b", 1)]),
        ({"kind": "biased_coin", "probability": [4, 3]}, PAIR),
        ({"kind": "biased_coin", "probability": [1, 3]}, PAIR),
        ({"kind": "minimisation", "factors": {"sex": 1}, "probability": [1, 4]}, TRIO),
        ({"kind": "biased_coin", "probability": "2/3"}, PAIR),
        ({"kind": "big_stick", "bound": 0}, PAIR),
        ({"kind": "big_stick"}, TRIO),
        ({"kind": "urn", "alpha": 0, "beta": 0}, PAIR),
        ({"kind": "maximal", "bound": 2, "length": 7}, PAIR),
        ({"kind": "maximal", "bound": 2, "length": 10**9}, PAIR),
        ({"kind": "maximal", "bound": 10**9, "length": 1000}, PAIR),
        ({"kind": "permuted_blocks", "multipliers": []}, PAIR),
        ({"kind": "permuted_blocks", "multipliers": [0]}, PAIR),
        ({"kind": "permuted_blocks", "multipliers": [1, 2]}, PAIR),
        ({"kind": "fixed_counts", "counts": {"a": 2}}, PAIR),
        ({"kind": "fixed_counts", "counts": {"a": 0, "b": 0}}, PAIR),
        ({"kind": "minimisation", "factors": {}, "probability": [4, 5]}, PAIR),
        ({"kind": "minimisation", "factors": {"sex": 0}, "probability": [4, 5]}, PAIR),
    ],
)
def test_a_design_that_cannot_be_is_refused(method, arms):
    with pytest.raises(DesignError):
        weights(method, arms, [])


def test_a_chance_that_favours_no_arm_is_still_a_design():
    assert weights({"kind": "biased_coin", "probability": [1, 2]}, PAIR, after("a")) == [1, 1]


def test_a_history_that_the_list_cannot_have_made_is_refused():
    with pytest.raises(DesignError, match="more places"):
        weights({"kind": "permuted_blocks", "multipliers": [1]}, PAIR, after("aa"))
    with pytest.raises(DesignError, match="lacks"):
        weights({"kind": "simple"}, PAIR, after("x"))


@pytest.mark.slow
@given(st.lists(st.sampled_from("ab"), max_size=40), st.integers(1, 5))
def test_the_big_stick_never_lets_the_difference_pass_its_bound(wishes, bound):
    drawn = ""
    for wish in wishes:
        allowed = weights({"kind": "big_stick", "bound": bound}, PAIR, after(drawn))
        drawn += wish if allowed["ab".index(wish)] else "ba"["ab".index(wish)]
        assert abs(drawn.count("a") - drawn.count("b")) <= bound


@given(st.integers(0, 2**256 - 1), st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any))
def test_an_arm_without_weight_is_never_drawn(number, each):
    assert each[arm_for(number, each)] > 0


@pytest.mark.slow
def test_a_simulated_list_has_the_distribution_of_the_design():
    generator = np.random.default_rng(5)
    lists = Counter(
        "".join(simulate({"kind": "permuted_blocks", "multipliers": [2]}, PAIR, generator=generator, factors=[{}] * 4))
        for _ in range(6000)
    )
    expected = 6000 / 6
    statistic = sum((lists["".join(order)] - expected) ** 2 / expected for order in _balanced("ab", 4))
    assert sum(lists.values()) == 6000
    assert len(lists) == 6
    assert statistic < 35.9  # chi-square with 5 degrees of freedom, p = 1e-6


def _balanced(codes, length):
    return [order for order in product(codes, repeat=length) if order.count(codes[0]) * 2 == length]
