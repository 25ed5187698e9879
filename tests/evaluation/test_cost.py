"""Cost and effect: the published figures of Proba (2020), tables 6.1-6.3, from their inputs."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, cost_effectiveness
from evaluation.comparing.plan import PROBA_COSTS

# 638,126 thousand NOK for the external measure; 366 full-time specialists at 752,000 NOK for the one in house.
MEASURES = pd.DataFrame(
    {
        "measure": ["follow_up", "extended_follow_up"],
        "total_cost": [638_126_000, 366 * 752_000],
        "participant_months": [102_457, 36_364],
        "months_in_first_year": [7.20, 8.26],
        "transaction_cost": [1_278, 0],
        "result": [0.292, 0.331],
    }
)


def test_the_published_costs_follow_from_their_inputs() -> None:
    found = cost_effectiveness(MEASURES, reference="follow_up")
    table = found.table.set_index("measure")
    assert table["cost_per_month"].round().tolist() == [6228, 7569]
    # Months in the first year are printed with two decimals, which leaves 0.005 months, some 40 kroner, open.
    np.testing.assert_allclose(table["first_year_total"], [46_114, 62_511], atol=0.005 * 7569)
    row = found.comparison.iloc[0]
    assert round(100 * (row["cost_per_month_ratio"] - 1)) == 22
    assert round(100 * (row["first_year_ratio"] - 1)) == 36
    assert 1.05 <= row["result_ratio"] <= 1.14


def test_the_published_kroner_follow_from_months_that_round_to_the_published() -> None:
    """44,835 and 62,511 kroner are 7.1986 and 8.2587 months, printed as 7.20 and 8.26."""
    months = [44_835 / (638_126_000 / 102_457), 62_511 / (366 * 752_000 / 36_364)]
    assert [round(one, 2) for one in months] == [7.20, 8.26]
    table = cost_effectiveness(MEASURES.assign(months_in_first_year=months), reference="follow_up").table
    assert table["first_year"].round().tolist() == [44_835, 62_511]
    np.testing.assert_allclose(table["first_year_total"], [46_114, 62_511], atol=1.001)  # 44,835 + 1,278 is 46,113
    assert MEASURES["total_cost"].tolist() == [given["total_cost"] for given in PROBA_COSTS.values()]


def test_results_from_5_to_14_per_cent_better() -> None:
    """The report's two ends: the whole model's 1.5 points on 29.9, and the raw 3.9 on 29.2 (printed as 14)."""
    for gain, base, per_cent in ((0.0150, 0.299, 5), (0.0394, 0.292, 13)):
        rows = MEASURES.assign(result=[base, base + gain])
        ratio = cost_effectiveness(rows, reference="follow_up").comparison.iloc[0]["result_ratio"]
        assert abs(100 * (ratio - 1) - per_cent) < 0.51


def test_a_further_result_costs_extra_cost_by_extra_result() -> None:
    row = cost_effectiveness(MEASURES.assign(result_se=[0.003, 0.007]), reference="follow_up").comparison.iloc[0]
    assert row["cost_per_result"] == pytest.approx(row["first_year_extra"] / 0.039)
    assert row["ci_low"] < row["cost_per_result"] < row["ci_high"]
    reach = 1.959964 * np.hypot(0.003, 0.007)
    assert row["ci_high"] == pytest.approx(row["first_year_extra"] / (0.039 - reach))


@pytest.mark.parametrize(("se", "reason"), [(None, "no_se"), (0.05, "result_may_be_the_same")])
def test_an_interval_that_cannot_be_has_a_reason(se: float | None, reason: str) -> None:
    measures = MEASURES if se is None else MEASURES.assign(result_se=se)
    row = cost_effectiveness(measures, reference="follow_up").comparison.iloc[0]
    assert (row["reason"], np.isnan(row["ci_low"])) == (reason, True)


def test_what_cannot_be_reckoned_is_named() -> None:
    with pytest.raises(EvaluationError, match="ips"):
        cost_effectiveness(MEASURES, reference="ips")
    with pytest.raises(EvaluationError, match="above 0"):
        cost_effectiveness(MEASURES.assign(participant_months=0), reference="follow_up")
