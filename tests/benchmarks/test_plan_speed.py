"""How long the plan of SE-KLAR takes on 268 people, and its monthly regressions against statsmodels' formula.

Run by name: ``pytest -m benchmark tests/benchmarks -n 0 -s``. Seconds are this machine's; the ratio is what counts.
What was measured is written to tests/evidence/plan-speed.json.
"""

from collections.abc import Callable, Iterator
from datetime import date
from statistics import median
from time import perf_counter
from typing import Any

import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import effects_by_month, person_months, run, seklar_plan
from evaluation.simulation import simulate_seklar
from tests.evidence import keep

OUTCOMES = (
    "employed",
    "hours",
    "aap",
    "disability_benefit",
    "health_benefit",
    "employed_only",
    "any_measure",
    "aap_only",
)
SPELLS = ("employment", "benefits", "measures", "education", "work_capacity")


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, dict[str, float]]]:
    """What each test measures, kept when both have."""
    figures: dict[str, dict[str, float]] = {}
    yield figures
    if len(figures) == 2:  # all of them
        keep("plan-speed", **figures)


def seconds(what: Callable[[], object], times: int = 5) -> float:
    took = []
    for _round in range(times):
        began = perf_counter()
        what()
        took.append(perf_counter() - began)
    return median(took)


@pytest.mark.benchmark
def test_the_plan_on_268_people(measured: dict[str, Any]) -> None:
    frames = simulate_seklar(seed=1)
    plan = seklar_plan(data_to="2020-12-31")
    took = seconds(lambda: run(plan, frames))
    measured["plan"] = {"persons": 268, "seconds": round(took, 2), "reach": 3}
    print("\nplan of SE-KLAR, statsmodels beside every estimate:", measured["plan"])
    assert took <= 3


@pytest.mark.benchmark
def test_monthly_effects_against_statsmodels_formula(measured: dict[str, Any]) -> None:
    frames = simulate_seklar(seed=1)
    panel = person_months(frames["participants"], **{name: frames[name] for name in SPELLS}, data_to=date(2020, 12, 31))
    ours = seconds(lambda: effects_by_month(panel, outcomes=OUTCOMES))
    peer = seconds(lambda: by_formula(panel), times=1)
    times = {"ours": round(ours, 4), "statsmodels_formula": round(peer, 2), "times": round(peer / ours)}
    measured["months"] = {"months": 73, "outcomes": len(OUTCOMES)} | times | {"reach": 60}
    print("\n", measured["months"])
    assert peer >= 60 * ours


def by_formula(panel: pd.DataFrame) -> list[float]:
    """One formula fit a month and outcome, as a script would do it."""
    data = panel.assign(treated=(panel["arm"] == "intervention").astype(int))
    return [
        smf.ols(f"{outcome} ~ treated + C(office)", month).fit().params["treated"]
        for _month, month in data.groupby("month")
        for outcome in OUTCOMES
    ]
