"""The plain implementation beside the fast one: no number leaves a run before statsmodels has found the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.regression.linear_model import OLS

from evaluation.arms import treated_arm
from evaluation.effects import person_totals
from evaluation.errors import EvaluationError
from evaluation.plan import Plan
from evaluation.regression import Covariance, covariance_called
from evaluation.sandwich import contrast, least_squares

TOLERANCE: Final = 1e-8
ALWAYS_UP_TO: Final = 2_000  # persons; above, a sample of the regressions is fitted again
SAMPLE: Final = 4
SMALL: Final = 1e-6  # of the largest value of an outcome

Array = npt.NDArray[np.float64]


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
    if found and panel["participant_number"].nunique() > ALWAYS_UP_TO:
        chosen = np.random.default_rng(seed).choice(len(found), min(SAMPLE, len(found)), replace=False)
        found = [found[place] for place in chosen]
    # numpy's maximum, unlike Python's, does not lose a number that is missing
    covariance = covariance_called(plan.covariance)
    largest = float(np.max([0.0, *(_difference(covariance, *fit) for fit in found)]))
    if not largest <= TOLERANCE:
        raise EvaluationError("engines_differ", f"the estimates differ from statsmodels by {largest:.1e}")
    return {"engine": "statsmodels", "fits": len(found), "largest": largest, "tolerance": TOLERANCE}


@dataclass(frozen=True)
class _Persons:
    """Who is treated, and in which stratum, as plain columns."""

    treated: npt.NDArray[np.bool_]
    stratum: npt.NDArray[np.int64]

    @classmethod
    def of(cls, frame: pd.DataFrame, plan: Plan) -> "_Persons":
        treated = treated_arm(frame["arm"], plan.control)
        return cls((frame["arm"] == treated).to_numpy(), pd.factorize(frame[plan.strata])[0])

    def observed(self, known: npt.NDArray[np.bool_]) -> "_Persons":
        return _Persons(self.treated[known], self.stratum[known])

    def design(self) -> Array:
        """The treatment, and a dummy for every stratum that is there."""
        return np.column_stack([self.treated, self.stratum[:, None] == np.unique(self.stratum)]).astype(float)


Fit = tuple[dict[Any, Any], Array, _Persons]


def _fits(panel: pd.DataFrame, plan: Plan, totals: pd.DataFrame, monthly: pd.DataFrame) -> Iterator[Fit]:
    """Each estimate with the outcome and the persons it was made from."""
    people = person_totals(panel, outcomes=plan.totals, months=plan.total_months, keep=(plan.strata,))
    everyone = _Persons.of(people, plan)
    for row in totals.to_dict("records"):
        if row["n"]:
            yield row, people[row["outcome"]].to_numpy(dtype=float), everyone
    frames = dict(iter(panel.groupby("month")))
    by_month = {month: _Persons.of(frame, plan) for month, frame in frames.items()}
    for row in monthly.to_dict("records"):
        if row["n"]:
            yield row, frames[row["month"]][row["outcome"]].to_numpy(dtype=float), by_month[row["month"]]


def _plainly(covariance: Covariance, y: Array, persons: _Persons) -> tuple[float, float]:
    """Effect and standard error from a design of dummies; from the general form of the convention where statsmodels
    lacks it (CR2), or would divide by the nothing that is left of a person who is fitted exactly (HC2, HC3)."""
    design = persons.design()
    if covariance == "CR2" or (covariance in ("HC2", "HC3") and _fits_somebody_exactly(design)):
        found = contrast(least_squares(y, design), np.arange(design.shape[1]) == 0, covariance, persons.stratum)
        return found.estimate, found.se
    options: dict[str, Any] = {}
    if covariance == "cluster":
        options = {"cov_type": "cluster", "cov_kwds": {"groups": persons.stratum}}
    elif covariance != "classical":
        options = {"cov_type": covariance}
    fit = OLS(y, design).fit(**options)
    return float(fit.params[0]), float(fit.bse[0])


def _fits_somebody_exactly(design: Array) -> bool:
    """Whether a person alone decides a coefficient, as who is alone in a stratum does."""
    left, _triangle = np.linalg.qr(design)
    return bool((np.square(left).sum(axis=1) > 1 - 1e-10).any())


def _difference(covariance: Covariance, row: dict[Any, Any], outcome: Array, everyone: _Persons) -> float:
    known = ~np.isnan(outcome)
    y, persons = outcome[known], everyone.observed(known)
    effect, se = _plainly(covariance, y, persons)
    # An outcome in which nobody differs has effect 0; what statsmodels finds is rounding, to be seen beside its size.
    scale = max(abs(effect), se, SMALL * float(np.abs(y).max()), np.finfo(float).eps)
    return float(np.max([abs(row["effect"] - effect), abs(row["se"] - se)])) / scale
