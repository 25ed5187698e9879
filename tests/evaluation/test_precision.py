"""What an estimate rules out, and what it could have shown."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from evaluation import precision_of

ROWS = pd.DataFrame(
    {"outcome": ["employed", "aap", "hours"], "effect": [0.1, 1.0, 0.0], "se": [0.2, 0.6, 0.0], "df": [100.0, 50, 50]}
)


def test_two_one_sided_tests_equal_statsmodels() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.1, 1, 60), rng.normal(0, 1, 80)
    pooled = np.sqrt((first.var(ddof=1) * 59 + second.var(ddof=1) * 79) / 138 * (1 / 60 + 1 / 80))
    rows = pd.DataFrame({"outcome": ["y"], "effect": [first.mean() - second.mean()], "se": [pooled], "df": [138.0]})
    ours = precision_of(rows, margins={"y": 0.5}).iloc[0]
    assert ours["p_equivalence"] == pytest.approx(ttost_ind(first, second, -0.5, 0.5)[0], rel=1e-9)


def test_equivalence_is_an_interval_within_the_margin() -> None:
    for margin in (0.3, 0.4, 0.5, 0.6):
        row = precision_of(ROWS, margins={"employed": margin}).iloc[0]
        inside = -margin < row["ci_low"] and row["ci_high"] < margin
        assert (row["verdict"] == "equivalent") == inside


def test_the_detectable_effect_has_the_power_asked_for() -> None:
    row = precision_of(ROWS).iloc[1]
    reach = stats.t.ppf(0.975, 50)
    power = stats.nct.sf(reach, 50, row["detectable"] / row["se"])
    assert power == pytest.approx(0.8, abs=0.005)
    assert row["verdict"] == ""


def test_no_variance_is_named() -> None:
    row = precision_of(ROWS, margins={"hours": 1.0}).iloc[2]
    assert row["reason"] == "no_variance"
    assert row["verdict"] == ""
    assert np.isnan(row["detectable"])
