"""What a guesser gains, exactly: the published values, from the code that the lock's report uses."""

import pytest

from evaluation.design import DesignError
from evaluation.predictability import enrolment_end, imbalance_distribution, overall_imbalance_sd, predictability

PAIR = [("a", 1), ("b", 1)]


def of(method, draws, **kwargs):
    return predictability(method, PAIR, draws=draws, **kwargs)


def long_run(by_draw):
    """The limit of a share whose chain alternates between two sets of states."""
    return sum(by_draw[-2:]) / 2


@pytest.mark.parametrize(
    ("size", "expected_correct"), [(2, 3 / 2), (4, 17 / 6), (6, 41 / 10), (8, 373 / 70), (12, 3565 / 462)]
)
def test_blocks_of_one_size_give_the_published_right_guesses(size, expected_correct):
    report = of({"kind": "permuted_blocks", "multipliers": [size // 2]}, size)
    assert sum(report.guess_by_draw) == pytest.approx(expected_correct, abs=1e-12)
    assert report.exact


@pytest.mark.parametrize(("size", "share"), [(2, 0.5), (4, 0.3333), (6, 0.25), (8, 0.2)])
def test_blocks_of_one_size_give_the_published_certain_share(size, share):
    report = of({"kind": "permuted_blocks", "multipliers": [size // 2]}, size)
    assert report.certain_share == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize(("multipliers", "share"), [([1, 2], 0.7222), ([1, 2, 3], 0.7027), ([2, 3, 4], 0.6811)])
def test_blocks_of_drawn_sizes_give_the_published_share(multipliers, share):
    report = of({"kind": "permuted_blocks", "multipliers": multipliers}, 400)
    assert long_run(report.guess_by_draw) == pytest.approx(share, abs=2e-4)


@pytest.mark.parametrize(("probability", "share"), [([2, 3], 0.625), ([3, 4], 0.6667)])
def test_efrons_coin_gives_the_published_long_run_share(probability, share):
    report = of({"kind": "biased_coin", "probability": probability}, 400)
    assert long_run(report.guess_by_draw) == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize(
    ("draws", "variance", "level"), [(2, 1.3333, 0.6667), (4, 2.0741, 0.5926), (10, 3.2444, 0.53), (20, 3.9858, None)]
)
def test_efrons_coin_gives_the_published_exact_imbalance(draws, variance, level):
    chances = imbalance_distribution({"kind": "biased_coin", "probability": [2, 3]}, PAIR, draws=draws)
    assert sum(chance * (a - b) ** 2 for (a, b), chance in chances.items()) == pytest.approx(variance, abs=1e-4)
    if level:
        assert chances[draws // 2, draws // 2] == pytest.approx(level, abs=1e-4)


@pytest.mark.parametrize(("bound", "guess", "forced"), [(2, 0.625, 0.25), (3, 0.5833, 0.1667), (4, 0.5625, 0.125)])
def test_the_big_stick_gives_the_published_shares(bound, guess, forced):
    report = of({"kind": "big_stick", "bound": bound}, 600)
    assert long_run(report.guess_by_draw) == pytest.approx(guess, abs=1e-4)
    assert long_run(report.certain_by_draw) == pytest.approx(forced, abs=1e-4)


@pytest.mark.parametrize(("length", "bound", "share"), [(8, 2, 0.6875), (12, 2, 0.6806), (12, 3, 0.6545)])
def test_the_maximal_procedure_gives_the_published_share(length, bound, share):
    assert of({"kind": "maximal", "length": length, "bound": bound}, length).guess_share == pytest.approx(
        share, abs=1e-4
    )


@pytest.mark.parametrize(("draws", "share"), [(10, 0.6192), (20, 0.5898), (50, 0.5599)])
def test_weis_urn_gives_the_published_share_and_a_variance_of_a_third(draws, share):
    urn = {"kind": "urn", "alpha": 0, "beta": 1}
    assert of(urn, draws).guess_share == pytest.approx(share, abs=1e-4)
    chances = imbalance_distribution(urn, PAIR, draws=draws)
    assert sum(chance * (a - b) ** 2 for (a, b), chance in chances.items()) == pytest.approx(draws / 3)


def test_the_simple_draw_of_268_people_gives_the_published_imbalance():
    chances = imbalance_distribution({"kind": "simple"}, PAIR, draws=268)
    assert chances[134, 134] == pytest.approx(0.04869, abs=1e-5)
    assert sum(chance for (a, _), chance in chances.items() if abs(a - 134) >= 14) == pytest.approx(0.09891, abs=1e-5)
    assert of({"kind": "simple"}, 268).imbalance_sd == pytest.approx(8.185, abs=1e-3)


@pytest.mark.slow
def test_minimisation_is_simulated_with_its_factors_and_says_so():
    method = {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]}
    report = of(method, 20, levels={"sex": ["man", "woman"]})
    assert not report.exact
    assert 0.5 < report.guess_share < 0.8
    assert report == of(method, 20, levels={"sex": ["man", "woman"]})


@pytest.mark.slow
def test_a_wide_design_that_cannot_be_followed_exactly_is_simulated(monkeypatch):
    monkeypatch.setattr("evaluation.predictability.MAXIMUM_STATES", 3)
    simulated = of({"kind": "biased_coin", "probability": [2, 3]}, 30)
    assert not simulated.exact
    monkeypatch.undo()
    exact = of({"kind": "biased_coin", "probability": [2, 3]}, 30)
    assert simulated.guess_share == pytest.approx(exact.guess_share, abs=0.02)


def test_a_foreseeable_design_asks_for_a_reason():
    assert of({"kind": "permuted_blocks", "multipliers": [1]}, 20).needs_reason
    assert not of({"kind": "simple"}, 20).needs_reason


def test_a_short_list_says_how_likely_it_is_to_run_out():
    report = of({"kind": "fixed_counts", "counts": {"a": 10, "b": 10}}, 20)
    assert report.run_out == pytest.approx(0.4409, abs=1e-4)  # P(Poisson(20) > 20)
    assert of({"kind": "simple"}, 20).run_out == 0


def test_imbalances_of_independent_strata_add_as_variances():
    stratum = of({"kind": "simple"}, 100)
    assert overall_imbalance_sd([stratum] * 4) == pytest.approx(10)


def test_the_end_of_enrolment_is_forecast_with_its_uncertainty():
    low, middle, high = enrolment_end(people=268, monthly=10)
    assert low < middle < high
    assert middle == pytest.approx(26.77, abs=0.01)
    with pytest.raises(DesignError):
        enrolment_end(people=268, monthly=0)
