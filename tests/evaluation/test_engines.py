"""No number leaves a run unless statsmodels finds the same: a wrong one must be caught."""

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, effects_by_month, effects_on_totals, person_months
from evaluation.engines import check_against_statsmodels
from evaluation.plan import Plan
from tests.evaluation.trials import SHORT, people, registers

PLAN = Plan.from_dict(SHORT.to_dict() | {"totals": ["employed", "total_hours"], "primary": ["employed"]})
OUTCOMES = ["employed", "hours"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    participants = people(rng, 90)
    panel = person_months(participants, employment=registers(rng, participants)["employment"], months=PLAN.months)
    return panel.assign(hours=panel["hours"].where(panel["month"] != 2, 7.3))  # a month in which nobody differs


def estimates(panel: pd.DataFrame, covariance: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    totals = effects_on_totals(panel, outcomes=PLAN.totals, months=PLAN.total_months, covariance=covariance)
    return totals, effects_by_month(panel, outcomes=OUTCOMES, months=PLAN.months, covariance=covariance)


@pytest.mark.slow
@pytest.mark.parametrize("covariance", ["classical", "HC1", "HC2", "HC3", "cluster"])
def test_right_numbers_pass_whatever_the_convention(panel: pd.DataFrame, covariance: str) -> None:
    plan = Plan.from_dict(PLAN.to_dict() | {"covariance": covariance})
    found = check_against_statsmodels(panel, plan, *estimates(panel, covariance), seed=1)
    assert found["fits"] == 2 + 2 * 10
    assert found["largest"] < 1e-9


@pytest.mark.parametrize(("table", "column"), [(0, "effect"), (0, "se"), (1, "effect"), (1, "se")])
def test_a_number_that_is_off_by_a_millionth_is_caught(panel: pd.DataFrame, table: int, column: str) -> None:
    tables = estimates(panel, "classical")
    tables[table].loc[1, column] *= 1 + 1e-6
    with pytest.raises(EvaluationError) as caught:
        check_against_statsmodels(panel, PLAN, *tables, seed=1)
    assert caught.value.code == "engines_differ"


def test_a_missing_number_is_not_taken_for_agreement(panel: pd.DataFrame) -> None:
    totals, monthly = estimates(panel, "classical")
    totals.loc[0, "se"] = np.nan
    with pytest.raises(EvaluationError):
        check_against_statsmodels(panel, PLAN, totals, monthly, seed=1)


@pytest.mark.slow
def test_large_trials_are_audited_by_a_sample(panel: pd.DataFrame) -> None:
    many = pd.concat([panel.assign(participant_number=panel["participant_number"] + str(i)) for i in range(25)])
    found = check_against_statsmodels(many, PLAN, *estimates(many, "classical"), seed=1)
    assert found["fits"] == 4
