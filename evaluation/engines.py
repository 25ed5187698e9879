"""The plain implementation beside the fast one: no number leaves a run before statsmodels has found the same."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from evaluation.arms import treated_arm
from evaluation.effects import person_totals
from evaluation.errors import EvaluationError
from evaluation.plan import Plan

TOLERANCE: Final = 1e-8
ALWAYS_UP_TO: Final = 2_000  # persons; above, a sample of the regressions is fitted again
SAMPLE: Final = 4
SMALL: Final = 1e-6  # of the largest value of an outcome


def check_against_statsmodels(
    panel: pd.DataFrame, plan: Plan, totals: pd.DataFrame, monthly: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Fit the regressions again with statsmodels and compare effect and standard error.

    Returns:
        engine, fits (how many were compared), largest (the largest difference, relative to the standard error or the
        effect, whichever is larger), tolerance.

    Raises:
        EvaluationError: `engines_differ` above the tolerance: then nothing may be published.
    """
    found = list(_fits(panel, plan, totals, monthly))
    if panel["participant_number"].nunique() > ALWAYS_UP_TO:
        chosen = np.random.default_rng(seed).choice(len(found), min(SAMPLE, len(found)), replace=False)
        found = [found[place] for place in chosen]
    # numpy's maximum, unlike Python's, does not lose a number that is missing
    largest = float(np.max([0.0, *(_difference(plan, *fit) for fit in found)]))
    if not largest <= TOLERANCE:
        raise EvaluationError("engines_differ", f"the estimates differ from statsmodels by {largest:.1e}")
    return {"engine": "statsmodels", "fits": len(found), "largest": largest, "tolerance": TOLERANCE}


Fit = tuple[dict[Any, Any], pd.DataFrame]


def _fits(panel: pd.DataFrame, plan: Plan, totals: pd.DataFrame, monthly: pd.DataFrame) -> Iterator[Fit]:
    """Each estimate with the data it was made from: columns y, arm, stratum."""
    people = person_totals(panel, outcomes=plan.totals, months=plan.total_months, keep=(plan.strata,))
    for row in totals.to_dict("records"):
        yield row, people[[row["outcome"], "arm", plan.strata]].set_axis(["y", "arm", "stratum"], axis=1)
    by_month = dict(iter(panel.groupby("month")))
    for row in monthly.to_dict("records"):
        if row["n"]:
            data = by_month[row["month"]][[row["outcome"], "arm", plan.strata]]
            yield row, data.set_axis(["y", "arm", "stratum"], axis=1)


def _difference(plan: Plan, row: dict[Any, Any], data: pd.DataFrame) -> float:
    data = data.dropna()
    design = pd.get_dummies(data["stratum"], dtype=float)
    design.insert(0, "treated", (data["arm"] == treated_arm(data["arm"], plan.control)).astype(float))
    options: dict[str, Any] = {}
    if plan.covariance == "cluster":
        groups = data["stratum"].astype("category").cat.codes
        options = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    elif plan.covariance != "classical":
        options = {"cov_type": plan.covariance}
    fit = OLS(data["y"].to_numpy(), design.to_numpy()).fit(**options)
    effect, se = float(fit.params[0]), float(fit.bse[0])
    # An outcome in which nobody differs has effect 0; what statsmodels finds is rounding, to be seen beside its size.
    scale = max(abs(effect), se, SMALL * float(data["y"].abs().max()), np.finfo(float).eps)
    return float(np.max([abs(row["effect"] - effect), abs(row["se"] - se)])) / scale
