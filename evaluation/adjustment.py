"""The covariate-adjusted effect beside the unadjusted one (Lin 2013)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.shares import require_columns


def adjusted_effects(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    strata: str = "office",
    control: str = "control",
) -> pd.DataFrame:
    """Effect on each outcome, adjusted for covariates that are centred and interacted with the treatment.

    The regression is outcome ~ treatment + stratum effects + x + treatment * x with x less its mean (Lin 2013,
    "Agnostic notes on regression adjustments to experimental data"); standard errors are HC2, t has n - k degrees of
    freedom.

    Args:
        people: one row a person: arm, the stratum, outcomes and covariates. Persons with one missing are left out.

    Returns:
        outcome, effect, se, t, p, ci_low, ci_high, n, covariance.

    Raises:
        EvaluationError: `collinear` when the covariates leave the effect undetermined.
    """
    require_columns(people, [*outcomes, *covariates, strata, "arm"])
    treated = treated_arm(people["arm"], control)
    rows = [{"outcome": outcome} | _lin(people, outcome, list(covariates), strata, treated) for outcome in outcomes]
    return pd.DataFrame(rows)


def _lin(people: pd.DataFrame, outcome: str, covariates: list[str], strata: str, treated: str) -> dict[str, object]:
    known = people.dropna(subset=[outcome, *covariates])
    treatment = (known["arm"] == treated).to_numpy(dtype=float)[:, None]
    x = known[covariates].to_numpy(dtype=float)
    x = x - x.mean(axis=0)
    office = pd.get_dummies(known[strata]).to_numpy(dtype=float)
    design = np.column_stack([treatment, office, x, treatment * x])
    n, k = design.shape
    if np.linalg.matrix_rank(design) < k or n <= k:
        raise EvaluationError("collinear", f"{outcome}: the covariates depend on one another or on the offices")
    left, triangle = np.linalg.qr(design)
    solution = np.linalg.solve(triangle, left.T)
    y = known[outcome].to_numpy(dtype=float)
    effect = float(solution[0] @ y)
    residual = y - design @ (solution @ y)
    slack = 1 - (left**2).sum(axis=1)
    part = np.where(slack > 1e-12, solution[0] ** 2 * residual**2 / np.where(slack > 1e-12, slack, 1), 0.0)
    se = float(np.sqrt(part.sum()))
    reach = float(stats.t.ppf(0.975, n - k)) * se
    p = float(2 * stats.t.sf(abs(effect / se), n - k))
    numbers = {
        "effect": effect,
        "se": se,
        "t": effect / se,
        "p": p,
        "ci_low": effect - reach,
        "ci_high": effect + reach,
    }
    return numbers | {"n": n, "covariance": "HC2"}
