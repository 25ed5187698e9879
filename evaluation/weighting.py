"""Weights by the declared design, where the chance of each arm differs between strata."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import NOTHING
from evaluation.errors import EvaluationError
from evaluation.given import given
from evaluation.regression import Covariance, covariance_called
from evaluation.sandwich import contrast, least_squares
from evaluation.shares import names_of

Ratios = Mapping[str, Mapping[str, int]]


def weighted_effects(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    ratios: Ratios,
    strata: str = "office",
    covariance: Covariance = "HC2",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """The mean effect over all persons, each weighted by one over the chance of the arm that she was drawn to.

    Stratum effects weight strata by how evenly they were drawn; these weights count every person alike, whatever the
    ratio of her stratum (Hajek's form of Horvitz and Thompson 1952; Imbens and Rubin 2015, ch. 7). The chances are the
    declared ones, not shares found in the data.

    Args:
        ratios: stratum -> arm -> whole number of the declared ratio, such as {"Moss": {"intervention": 5, "control":
            3}}.
        covariance: classical or HC1-3; clustered takes the strata as clusters.

    Returns:
        outcome, treated_mean, control_mean (weighted), effect, se, t, p, ci_low, ci_high, n, covariance, reason
        (`no_contrast` where one arm only is known, `too_few`).

    Raises:
        EvaluationError: `unknown_ratio` for a stratum or an arm without a declared ratio.
    """
    outcomes, covariance = names_of(outcomes), covariance_called(covariance)
    people = given(people, numbers=outcomes, keys=[strata, "arm"])
    treated = treated_arm(people["arm"], control)
    weights = inverse_chances(people["arm"], people[strata], ratios)
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        known = people[outcome].notna().to_numpy()
        mine = people[known]
        found = _compare(mine, outcome, weights[known], treated, strata, covariance, alpha)
        rows.append({"outcome": outcome} | found | {"n": len(mine), "covariance": covariance})
    return pd.DataFrame(rows)


def inverse_chances(arms: pd.Series, strata: pd.Series, ratios: Ratios) -> npt.NDArray[np.float64]:
    """One over the declared chance of each person's arm."""
    return np.array([_inverse(str(arm), str(stratum), ratios) for arm, stratum in zip(arms, strata, strict=True)])


def _inverse(arm: str, stratum: str, ratios: Ratios) -> float:
    declared = ratios.get(stratum, {})
    if declared.get(arm, 0) < 1:
        raise EvaluationError("unknown_ratio", f"the design declares no ratio of {arm} in {stratum}")
    return sum(declared.values()) / declared[arm]


def _compare(
    people: pd.DataFrame,
    outcome: str,
    weights: npt.NDArray[np.float64],
    treated: str,
    strata: str,
    covariance: Covariance,
    alpha: float,
) -> dict[str, Any]:
    is_treated = (people["arm"] == treated).to_numpy()
    y = people[outcome].to_numpy(dtype=float)
    if is_treated.all() or not is_treated.any():
        return NOTHING | dict.fromkeys(("treated_mean", "control_mean"), float("nan")) | {"reason": "no_contrast"}
    means = {
        name: float(np.average(y[chosen], weights=weights[chosen]))
        for name, chosen in (("treated_mean", is_treated), ("control_mean", ~is_treated))
    }
    design = np.column_stack([is_treated, np.ones(len(y))]).astype(float)
    try:
        fit = least_squares(y, design, weights=weights)
        found = contrast(fit, [1.0, 0.0], covariance, people[strata].to_numpy())
    except EvaluationError as error:
        return means | NOTHING | {"reason": error.code}
    if not found.se > 0:
        return means | found.row(alpha) | {"effect": 0.0, "ci_low": 0.0, "ci_high": 0.0, "reason": "no_variance"}
    return means | found.row(alpha) | {"reason": ""}
