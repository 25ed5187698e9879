"""The covariate-adjusted effect beside the unadjusted one (Lin 2013)."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.given import given
from evaluation.model_matrix import first_collinear
from evaluation.sandwich import contrast, least_squares
from evaluation.shares import names_of

NOTHING: Final = dict.fromkeys(("effect", "se", "t", "p", "ci_low", "ci_high"), float("nan"))


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
        outcome, effect, se, t, p, ci_low, ci_high (of the 1 - alpha interval), n, covariance, reason, term. Where
        there is no estimate the numbers are missing and the reason says why: `no_contrast` when no stratum holds both
        arms, `too_few` (also where one person alone decides a part of it, so that nothing tells how it varies),
        `no_variance` where nobody's outcome differs, `collinear` where `term`, a covariate or `treatment:` and one,
        follows from the others or from the strata - as the latter does when nobody in one arm has the characteristic,
        which the draw decides.
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
    row = {"outcome": outcome, "n": len(known), "covariance": "HC2", "term": ""}
    if (known.groupby(strata, observed=True)["arm"].nunique() < 2).all():
        return row | NOTHING | {"reason": "no_contrast"}
    treatment = (known["arm"] == treated).to_numpy(dtype=float)[:, None]
    x = known[covariates].to_numpy(dtype=float).reshape(len(known), len(covariates))
    x = x - x.mean(axis=0)
    dummies = pd.get_dummies(known[strata])
    design = np.column_stack([dummies.to_numpy(dtype=float), treatment, x, treatment * x])
    names = [*map(str, dummies.columns), "treatment", *covariates, *(f"treatment:{name}" for name in covariates)]
    if len(known) <= len(names):
        return row | NOTHING | {"reason": "too_few"}
    if term := first_collinear(design, names):
        return row | NOTHING | {"reason": "collinear", "term": term}
    fit = least_squares(known[outcome].to_numpy(dtype=float), design)
    try:
        found = contrast(fit, np.arange(len(names)) == dummies.shape[1], "HC2")
    except EvaluationError as error:
        return row | NOTHING | {"reason": error.code}
    if found.se > 0:
        return row | found.row(alpha) | {"reason": ""}
    return row | found.row(alpha) | {"effect": 0.0, "ci_low": 0.0, "ci_high": 0.0, "reason": "no_variance"}
