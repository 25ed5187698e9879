"""The covariate-adjusted effect beside the unadjusted one (Lin 2013)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import REASONS
from evaluation.errors import EvaluationError
from evaluation.given import given
from evaluation.model_matrix import refuse_collinear
from evaluation.sandwich import contrast, least_squares
from evaluation.shares import names_of


def adjusted_effects(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    strata: str = "office",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Effect on each outcome, adjusted for covariates that are centred and interacted with the treatment.

    The regression is outcome ~ treatment + stratum effects + x + treatment * x with x less its mean (Lin 2013,
    "Agnostic notes on regression adjustments to experimental data"); standard errors are HC2, t has n - k degrees of
    freedom.

    Args:
        people: one row a person: arm, the stratum, outcomes and covariates. Persons with one missing are left out.

    Returns:
        outcome, effect, se, t, p, ci_low, ci_high (of the 1 - alpha interval), n, covariance, reason (`no_variance`
        where nobody's outcome differs, so that there is no t or p, and else empty).

    Raises:
        EvaluationError: `collinear` naming the covariate that follows from the others or from the strata, `too_few`,
            `no_contrast` when no stratum holds both arms; each names the outcome.
    """
    outcomes, covariates = names_of(outcomes), names_of(covariates)
    people = given(people, numbers=[*outcomes, *covariates], keys=[strata, "arm"])
    treated = treated_arm(people["arm"], control)
    rows = [_lin(people, outcome, covariates, strata, treated, alpha) for outcome in outcomes]
    return pd.DataFrame(rows)


def _lin(
    people: pd.DataFrame, outcome: str, covariates: list[str], strata: str, treated: str, alpha: float
) -> dict[str, Any]:
    known = people.dropna(subset=[outcome, *covariates])
    if known.empty:
        raise EvaluationError("too_few", f"{outcome}: nobody has it and every covariate")
    treatment = (known["arm"] == treated).to_numpy(dtype=float)[:, None]
    if (known.groupby(strata, observed=True)["arm"].nunique() < 2).all():
        raise EvaluationError("no_contrast", f"{outcome}: {REASONS['no_contrast']}")
    x = known[covariates].to_numpy(dtype=float).reshape(len(known), len(covariates))
    x = x - x.mean(axis=0)
    dummies = pd.get_dummies(known[strata])
    design = np.column_stack([dummies.to_numpy(dtype=float), treatment, x, treatment * x])
    names = [*map(str, dummies.columns), "treatment", *covariates, *(f"treatment:{name}" for name in covariates)]
    places = np.arange(len(names)) == dummies.shape[1]
    try:
        refuse_collinear(design, names)
        fit = least_squares(known[outcome].to_numpy(dtype=float), design)
    except EvaluationError as error:
        raise EvaluationError(error.code, f"{outcome}: {error}") from error
    found = contrast(fit, places, "HC2")
    row = {"outcome": outcome} | found.row(alpha) | {"n": fit.n, "covariance": "HC2", "reason": ""}
    if found.se > 0:
        return row
    return row | {"effect": 0.0, "ci_low": 0.0, "ci_high": 0.0, "reason": "no_variance"}
