"""All months in one model: its covariance is that of the stacked regression, its band covers the whole curve."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evaluation import effects_by_month, joint_effects_by_month, person_months, pre_period_test
from evaluation.joint_months import _Model
from tests.evaluation.trials import people, registers


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(23)
    participants = people(rng, 120)
    return person_months(participants, **registers(rng, participants), months=(-4, 6))


@pytest.mark.parametrize("covariance", ["classical", "HC1", "HC2", "HC3", "cluster", "CR2"])
def test_each_month_is_the_regression_of_that_month(panel: pd.DataFrame, covariance: str) -> None:
    gaps = panel.assign(hours=panel["hours"].mask((panel["month"] > 3) & (panel.index % 7 == 0)))
    options = {"outcomes": ["employed", "hours"], "months": (-4, 6), "covariance": covariance}
    joint = joint_effects_by_month(gaps, seed=1, draws=1000, **options).table
    alone = effects_by_month(gaps, **options)
    np.testing.assert_allclose(joint[["effect", "se"]], alone[["effect", "se"]], rtol=1e-9, atol=1e-14)
    assert list(joint["n"]) == list(alone["n"])


@pytest.mark.slow
def test_months_vary_together_as_in_the_stacked_regression(panel: pd.DataFrame) -> None:
    months = range(-4, 7)
    treated = panel["arm"] == "intervention"
    columns = [((panel["month"] == month) & treated).astype(float) for month in months]
    columns += [
        ((panel["month"] == month) & (panel["office"] == office)).astype(float)
        for month in months
        for office in sorted(panel["office"].unique())
    ]
    fit = sm.OLS(panel["hours"].to_numpy(), np.column_stack(columns)).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(panel["participant_number"])[0]}
    )
    people_frame = panel.drop_duplicates("participant_number")
    model = _Model(
        (people_frame["arm"] == "intervention").to_numpy(), people_frame["office"].to_numpy(), "HC1", 0.05, 1
    )
    wide = panel.pivot(index="participant_number", columns="month", values="hours").to_numpy()
    ours = model._joint([model._month(column) for column in wide.T])
    n, persons, k = len(panel), 120, len(columns)
    theirs = persons / (persons - 1) * (n - 1) / (n - k)
    expected = fit.cov_params()[:11, :11] / theirs * persons / (persons - 5)
    np.testing.assert_allclose(ours, expected, rtol=1e-8)


def test_the_test_before_the_start_is_hotellings(panel: pd.DataFrame) -> None:
    tests = joint_effects_by_month(panel, outcomes=["employed"], seed=1, months=(-4, 6), draws=1000).tests
    before = tests.set_index("window").loc["before"]
    expected = pre_period_test(panel, outcome="employed", months=(-4, -1))
    for name in ("F", "df1", "df2", "p"):
        assert before[name] == pytest.approx(expected[name], rel=1e-9)


def test_the_band_is_wider_than_one_months_interval_and_narrower_than_bonferroni(panel: pd.DataFrame) -> None:
    joint = joint_effects_by_month(panel, outcomes=["hours"], seed=1, months=(-4, 6))
    alone = effects_by_month(panel, outcomes=["hours"], months=(-4, 6))
    bonferroni = effects_by_month(panel, outcomes=["hours"], months=(-4, 6), alpha=0.05 / 11)
    width = (joint.table["band_high"] - joint.table["band_low"]).to_numpy()
    assert (width > (alone["ci_high"] - alone["ci_low"]).to_numpy()).all()
    assert (width < (bonferroni["ci_high"] - bonferroni["ci_low"]).to_numpy() * 1.02).all()


def test_the_same_seed_gives_the_same_band(panel: pd.DataFrame) -> None:
    first, again, other = (
        joint_effects_by_month(panel, outcomes=["hours"], seed=seed, months=(1, 6), draws=1000) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first.table, again.table)
    assert not first.table.equals(other.table)


def test_months_that_cannot_be_told_are_named(panel: pd.DataFrame) -> None:
    some = panel.assign(employed=panel["employed"].mask(panel["month"] == 2).where(panel["month"] != 3, 1.0))
    table = joint_effects_by_month(some, outcomes=["employed"], seed=1, months=(1, 4), draws=1000).table
    assert list(table["reason"]) == ["", "no_contrast", "no_variance", ""]
    assert list(table["n"]) == [120, 0, 120, 120]
    assert table["p_band"].isna().tolist() == [False, True, True, False]


def test_four_offices_cannot_tell_of_many_months_at_once(panel: pd.DataFrame) -> None:
    found = joint_effects_by_month(
        panel, outcomes=["hours"], seed=1, months=(-4, 6), covariance="cluster", draws=1000
    ).tests
    assert list(found["reason"]) == ["too_few", "too_few"]
    assert found["p"].isna().all()
    assert found["p_band"].notna().all()


def covered(rng: np.random.Generator, persons: int, months: int) -> tuple[bool, bool]:
    """One trial without an effect: does the band hold 0 in every month, does every month's own interval?"""
    paths = rng.normal(size=(persons, months)).cumsum(axis=1) + rng.normal(0, 2, (persons, 1))
    arm = np.where(np.arange(persons) % 2 == 0, "intervention", "control")
    frame = pd.DataFrame(
        {
            "participant_number": np.repeat(np.arange(persons), months),
            "arm": np.repeat(arm, months),
            "office": np.repeat(np.arange(persons) // 2 % 3, months).astype(str),
            "month": np.tile(np.arange(1, months + 1), persons),
            "y": paths.ravel(),
        }
    )
    options = {"outcomes": ["y"], "months": (1, months)}
    table = joint_effects_by_month(frame, seed=1, draws=1000, **options).table
    alone = effects_by_month(frame, **options)
    inside = (table["band_low"] <= 0) & (table["band_high"] >= 0)
    return bool(inside.all()), bool(((alone["ci_low"] <= 0) & (alone["ci_high"] >= 0)).all())


@pytest.mark.slow
def test_the_band_covers_the_whole_curve_and_single_intervals_do_not() -> None:
    rng = np.random.default_rng(3)
    found = np.array([covered(rng, 60, 12) for _trial in range(400)]).mean(axis=0)
    assert found[0] == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 400))
    assert found[1] < 0.90
