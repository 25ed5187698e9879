"""SE-KLAR number by number: what follows from the printed counts, means and t-values is what the paper prints.

Dahl and Lima, Arbeid og velferd 2/2021, tables 1 and 2. The joint F test needs the persons, who are not printed.
"""

from typing import Final

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation import baseline_table, compare_from_summary
from evaluation.labels import UNITS
from evaluation.published import TABLE_1, TABLE_2
from evaluation.simulation import margins
from evaluation.tables import stars

ARMS: Final = dict(zip(margins.ARMS, margins.PERSONS, strict=True))
SHARES: Final = [name for name in TABLE_1 if name not in UNITS]
# Per cent, control less intervention, as printed.
DIFFERENCES: Final = {
    "men": 10.4,
    "born_in_norway": -0.4,
    "married": -3.5,
    "has_children": -4.1,
    "completed_upper_secondary": 2.8,
    "employed_at_start": 6.4,
    "aap_at_start": -1.3,
    "work_capacity_standard": 2.2,
    "work_capacity_situational": -0.6,
    "work_capacity_specially_adapted": 3.3,
    "work_capacity_permanently_adapted": -0.6,
    "work_capacity_unknown": -4.2,
}
# 34 of 167 is 20.36 and printed as 20.3; 83 of 101 less 138 of 167 is -0.46 and printed as -0.4.
CUT: Final = {"married", "born_in_norway"}
STARRED: Final = {
    "aap_and_employed": "*",
    "disability_benefit_and_employed": "**",
    "health_benefit_and_employed": "**",
}
DF: Final = sum(margins.PERSONS) - 5  # the treatment and four offices
ROUNDING: Final = 0.05


def _persons(variable: str) -> pd.DataFrame:
    """Every person of both arms with the share that the table prints."""
    marks, arms = [], []
    for (arm, persons), share in zip(ARMS.items(), TABLE_1[variable], strict=False):
        with_it = round(share * persons)
        marks += [1.0] * with_it + [0.0] * (persons - with_it)
        arms += [arm] * persons
    return pd.DataFrame({"arm": arms, variable: marks})


@pytest.mark.parametrize("variable", SHARES)
def test_shares_differences_and_tests_of_table_1_follow_from_counts(variable: str) -> None:
    row = baseline_table(_persons(variable), variables=[variable]).table.loc[variable]
    treated, control, p = TABLE_1[variable]
    within = 0.07 if variable in CUT else ROUNDING + 1e-9
    means = 100 * row[["intervention", "control"]].to_numpy(dtype=float)
    assert means == pytest.approx([100 * treated, 100 * control], abs=within)
    assert 100 * row["difference"] == pytest.approx(DIFFERENCES[variable], abs=within)
    assert round(row["p"], 2) == p


@pytest.mark.parametrize(
    ("variable", "means", "deviation"),
    [
        ("age", margins.AGE_MEAN, margins.AGE_DEVIATION),
        ("income_at_start", margins.INCOME_MEAN, margins.INCOME_DEVIATION),
    ],
)
def test_numbers_of_table_1_have_the_printed_p(variable: str, means: tuple[float, float], deviation: float) -> None:
    found = compare_from_summary(mean=means, sd=(deviation, deviation), n=margins.PERSONS)
    assert round(found["p"], 2) == TABLE_1[variable][2]
    assert np.round(means, 1 if variable == "age" else 0) == pytest.approx(TABLE_1[variable][:2])


@pytest.mark.parametrize("outcome", TABLE_2)
def test_effects_of_table_2_have_the_printed_stars(outcome: str) -> None:
    """And lie near the difference of the means, from which stratum effects move them a little."""
    treated, control, effect, t = TABLE_2[outcome]
    assert stars(2 * stats.t.sf(abs(t), DF)) == STARRED.get(outcome, "")
    assert np.sign(effect) == np.sign(t)
    se = effect / t
    assert abs(effect - (treated - control)) < 0.5 * se
    assert se > 0


@pytest.mark.parametrize("benefit", ["aap", "disability_benefit", "health_benefit"])
def test_months_with_a_benefit_are_those_with_and_without_work(benefit: str) -> None:
    """Within the rounding of three numbers; those of both benefits without work are printed 0.2 to 0.3 too low."""
    parts = np.add(TABLE_2[f"{benefit}_and_employed"], TABLE_2[f"{benefit}_only"])
    within = 0.31 if benefit == "health_benefit" else 3 * ROUNDING + 1e-9
    assert parts[:2] == pytest.approx(TABLE_2[benefit][:2], abs=within)


def test_a_health_benefit_is_one_of_the_two() -> None:
    together = np.add(TABLE_2["aap"], TABLE_2["disability_benefit"])
    assert together[:2] == pytest.approx(TABLE_2["health_benefit"][:2], abs=3 * ROUNDING + 1e-9)


def test_hours_in_all_are_the_mean_times_working_days() -> None:
    """780 of them in 36 months, as `published.remark` tells a reader."""
    mean, total = TABLE_2["mean_hours_per_week"], TABLE_2["total_hours"]
    assert np.divide(total[:3], 780) == pytest.approx(mean[:3], abs=ROUNDING + 1e-9)
    assert total[3] == mean[3]
