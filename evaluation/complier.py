"""What the treatment did for those who took it up because they were drawn to it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.given import confidence, given
from evaluation.regression import CLUSTERED, Covariance, covariance_called
from evaluation.sandwich import Fit, contrast, least_squares
from evaluation.shares import names_of

Array = npt.NDArray[np.float64]

NOTHING: Final = dict.fromkeys(
    ("effect", "se", "t", "p", "ci_low", "ci_high", "moved", "first_stage_f", "ar_low", "ar_high"), float("nan")
)


def complier_effects(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    received: str,
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Two-stage least squares: the draw is the instrument for having received the treatment.

    The estimate is the effect among compliers, if being drawn works through the treatment only and keeps nobody from
    it (Imbens and Angrist 1994). The regression is outcome ~ received + stratum effects, with received predicted from
    the arm. The Anderson and Rubin (1949) interval holds however few the draw moved.

    Args:
        people: one row a person: arm, the stratum, outcomes, and `received` (0 or 1; persons without are left out).
        covariance: as in `effects_on_totals`; the clustered ones take the strata as clusters.

    Returns:
        outcome, effect (per person who received the treatment because drawn), se, t, p, ci_low, ci_high, moved (share
        whom the draw moved to the treatment), first_stage_f, ar_low, ar_high, n, covariance, reason. `reason` is
        `nobody_moved` where the draw moved nobody (then there is no estimate), `no_contrast`, `too_few`, `no_variance`
        where nobody's outcome differs, `weak` where the Anderson-Rubin set is not an interval, so that its ends are
        missing, or `all_followed` where everyone in a stratum and arm did the same, so that F has no end.

    Raises:
        EvaluationError: `not_a_mark` where `received` has other values than 0 and 1.
    """
    outcomes, covariance = names_of(outcomes), covariance_called(covariance)
    people = given(people, numbers=[*outcomes, received], keys=[strata, "arm"])
    marks = people[received].dropna().astype(float)
    if not marks.isin([0.0, 1.0]).all():
        raise EvaluationError("not_a_mark", f"{received} does not say who received the treatment: not only 0 and 1")
    treated = treated_arm(people["arm"], control)
    rows = []
    for outcome in outcomes:
        known = people.dropna(subset=[outcome, received])
        columns = known[[outcome, received]].to_numpy(dtype=float)
        drawn = (known["arm"] == treated).to_numpy(dtype=float)
        found = _estimate(columns, drawn, known[strata].to_numpy(), covariance, alpha)
        rows.append({"outcome": outcome} | found | {"n": len(known), "covariance": covariance})
    return pd.DataFrame(rows)


def _estimate(
    columns: Array, drawn: npt.NDArray[Any], strata: npt.NDArray[Any], covariance: Covariance, alpha: float
) -> dict[str, Any]:
    outcome, received = columns.T
    dummies = (strata[:, None] == np.unique(strata)).astype(float)
    by_draw, by_treatment = (np.column_stack([column, dummies]) for column in (drawn, received))
    first = np.arange(by_draw.shape[1]) == 0
    contrasts = _strata_with_both_arms(drawn, strata)
    if contrasts == 0:
        return NOTHING | {"reason": "no_contrast"}
    if contrasts == 1 and covariance in CLUSTERED:
        # Its score is fitted to nothing, which would read as an effect without any variance.
        return NOTHING | {"reason": "too_few"}
    try:
        stage = least_squares(received, by_draw)
        moved = contrast(stage, first, covariance, strata)
        if abs(moved.estimate) < 1e-9:
            return NOTHING | {"moved": moved.estimate, "reason": "nobody_moved"}
        effect = contrast(least_squares(outcome, by_treatment, instruments=by_draw), first, covariance, strata)
    except EvaluationError as error:
        reason = "no_contrast" if error.code == "collinear" else error.code
        return NOTHING | {"reason": reason}
    with np.errstate(divide="ignore"):
        strength = float(np.square(np.float64(moved.estimate) / moved.se))
    low, high = _anderson_rubin(least_squares(outcome, by_draw), stage, first, covariance, strata, alpha)
    more = {"moved": moved.estimate, "first_stage_f": strength}
    if not effect.se > 0:
        return NOTHING | {"effect": 0.0, "se": 0.0} | more | {"reason": "no_variance"}
    reason = "weak" if np.isnan(low) else "" if moved.se > 0 else "all_followed"
    return effect.row(alpha) | more | {"ar_low": low, "ar_high": high, "reason": reason}


def _strata_with_both_arms(drawn: Array, strata: npt.NDArray[Any]) -> int:
    return int((pd.Series(drawn).groupby(strata).nunique() == 2).sum())


def _anderson_rubin(
    reduced: Fit, stage: Fit, first: Any, covariance: Covariance, strata: npt.NDArray[Any], alpha: float
) -> tuple[float, float]:
    """The effects b at which the draw has no effect on outcome - b received: between the roots of a quadratic.

    The variance of that effect is quadratic in b, so three values of b determine it.
    """
    at = [
        contrast(
            Fit(stage.design, stage.bread, reduced.estimates, reduced.residuals - b * stage.residuals),
            first,
            covariance,
            strata,
        )
        for b in (-1.0, 0.0, 1.0)
    ]
    below, none, above = (one.se**2 for one in at)
    limit = float(stats.f.ppf(confidence(alpha), 1, at[0].df))
    y, d = float(reduced.estimates[first][0]), float(stage.estimates[first][0])
    squared = d**2 - limit * ((above + below) / 2 - none)
    linear = -2 * y * d - limit * (above - below) / 2
    constant = y**2 - limit * none
    inside = linear**2 - 4 * squared * constant
    if squared <= 0 or inside < 0:
        return float("nan"), float("nan")
    low, high = ((-linear + sign * inside**0.5) / (2 * squared) for sign in (-1, 1))
    return low, high
