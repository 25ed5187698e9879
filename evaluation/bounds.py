"""How far off can an effect be when outcomes are missing? Bounds that assume little instead of nothing missing."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from evaluation.arms import treated_arm
from evaluation.effects import TOTALS, Total
from evaluation.errors import EvaluationError
from evaluation.given import confidence, given, month_span, two_sided
from evaluation.labels import UNITS
from evaluation.shares import names_of

Array = npt.NDArray[np.float64]

LEE: Final = ("lower", "upper", "lower_se", "upper_se", "ci_low", "ci_high", "trimmed")
MANSKI: Final = ("lower", "upper")


def lee_bounds(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    strata: str = "office",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Bounds of the effect among persons who would be observed in either arm (Lee 2009).

    Assumes that the arm moves everybody's chance of being observed in one direction. The arm with the larger share
    observed loses that surplus at its upper, then at its lower end. Each stratum is bounded for itself, and they are
    added up by their persons observed in the other arm's share; variances are Lee's (proposition 3), and the interval
    is that of Imbens and Manski (2004) for the effect, not for the bounds.

    Args:
        people: one row a person drawn; a missing outcome is one that was not observed.

    Returns:
        outcome, lower, upper, lower_se, upper_se, ci_low, ci_high, trimmed (share of the arm observed more that is
        trimmed), treated_missing, control_missing, n (drawn), reason. `reason`: `nothing_missing` (the bounds meet),
        `no_contrast` or `too_few` where a stratum cannot be bounded (fewer than two observed in an arm).
    """
    outcomes = names_of(outcomes)
    people = given(people, numbers=outcomes, keys=[strata, "arm"])
    treated = treated_arm(people["arm"], control)
    return pd.DataFrame(
        [_counts(people, name, treated) | _lee(people, name, strata, treated, alpha) for name in outcomes]
    )


def manski_bounds(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (1, 36),
    strata: str = "office",
    control: str = "control",
) -> pd.DataFrame:
    """The least and the largest effect that any values of the missing outcomes could give (Manski 1990).

    States summed over `months` lie between 0 and their number. Each stratum is bounded for itself, and they are added
    up by their persons.

    Returns:
        outcome, lower, upper, treated_missing, control_missing, n (drawn), reason. `no_limits` for an outcome without
        a largest value, such as hours; `nothing_missing`; `no_contrast` where a stratum holds one arm only.
    """
    outcomes = names_of(outcomes)
    people = given(people, numbers=outcomes, keys=[strata, "arm"])
    treated = treated_arm(people["arm"], control)
    most = float(len(month_span(months)))
    return pd.DataFrame(
        [_counts(people, name, treated) | _manski(people, name, strata, treated, most) for name in outcomes]
    )


def _counts(people: pd.DataFrame, outcome: str, treated: str) -> dict[str, Any]:
    missing, is_treated = people[outcome].isna(), people["arm"] == treated
    return {
        "outcome": outcome,
        "treated_missing": int((missing & is_treated).sum()),
        "control_missing": int((missing & ~is_treated).sum()),
        "n": len(people),
    }


def _parts(people: pd.DataFrame, outcome: str, strata: str, treated: str) -> list[tuple[Array, Array]]:
    """Treated and control values of each stratum, missing ones among them."""
    parts = []
    for _name, frame in people.groupby(strata, sort=True):
        is_treated, values = (frame["arm"] == treated).to_numpy(), frame[outcome].to_numpy(dtype=float)
        parts.append((values[is_treated], values[~is_treated]))
    return parts


def _manski(people: pd.DataFrame, outcome: str, strata: str, treated: str, most: float) -> dict[str, Any]:
    nothing = dict.fromkeys(MANSKI, float("nan"))
    if outcome in UNITS or TOTALS.get(outcome, Total(outcome)).how == "mean":
        return nothing | {"reason": "no_limits"}
    parts = _parts(people, outcome, strata, treated)
    if any(min(len(first), len(second)) == 0 for first, second in parts):
        return nothing | {"reason": "no_contrast"}
    ends = [
        [np.nan_to_num(first, nan=low).mean() - np.nan_to_num(second, nan=high).mean() for first, second in parts]
        for low, high in ((0.0, most), (most, 0.0))
    ]
    weights = [len(first) + len(second) for first, second in parts]
    lower, upper = (float(np.average(end, weights=weights)) for end in ends)
    return {"lower": lower, "upper": upper, "reason": "" if people[outcome].isna().any() else "nothing_missing"}


def _lee(people: pd.DataFrame, outcome: str, strata: str, treated: str, alpha: float) -> dict[str, Any]:
    parts = _parts(people, outcome, strata, treated)
    try:
        found = np.array([_lee_of(first, second) for first, second in parts])
    except EvaluationError as error:
        return dict.fromkeys(LEE, float("nan")) | {"reason": error.code}
    # Those observed in either arm: the stratum's persons times the smaller share observed.
    always = [
        (len(first) + len(second)) * min(np.isfinite(first).mean(), np.isfinite(second).mean())
        for first, second in parts
    ]
    weight = np.array(always) / np.sum(always)
    (lower, upper, trimmed), variances = weight @ found[:, [0, 1, 4]], weight**2 @ found[:, 2:4]
    lower_se, upper_se = np.sqrt(variances)
    reach = _imbens_manski(upper - lower, max(lower_se, upper_se), alpha)
    values = (lower, upper, lower_se, upper_se, lower - reach * lower_se, upper + reach * upper_se, trimmed)
    reason = "" if people[outcome].isna().any() else "nothing_missing"
    return {name: float(value) for name, value in zip(LEE, values, strict=True)} | {"reason": reason}


def _lee_of(first: Array, second: Array) -> tuple[float, float, float, float, float]:
    """lower, upper, their variances, and the share trimmed, of one stratum's treated and control values."""
    if min(len(first), len(second)) == 0:
        raise EvaluationError("no_contrast", "a stratum holds one arm only")
    seen, other = first[np.isfinite(first)], second[np.isfinite(second)]
    if min(len(seen), len(other)) < 2:
        raise EvaluationError("too_few", "a stratum has fewer than two persons observed in an arm")
    if len(seen) / len(first) < len(other) / len(second):
        lower, upper, low_variance, high_variance, trimmed = _lee_of(second, first)
        return -upper, -lower, high_variance, low_variance, trimmed
    shares = len(seen) / len(first), len(other) / len(second)
    part = 1 - shares[1] / shares[0]
    spread = _spread_of_part(part, shares[1], len(first), len(second))
    known = other.mean(), other.var(ddof=1) / len(other)
    low, high = (_trimmed(sign * seen, part, spread) for sign in (1, -1))
    return (
        low[0] - known[0],
        -high[0] - known[0],
        low[1] + known[1],
        high[1] + known[1],
        part,
    )


def _trimmed(values: Array, part: float, spread: float) -> tuple[float, float]:
    """Mean without the largest `part` of the values, which may cut through one of them, and its variance."""
    ordered = np.sort(values)
    kept = (1 - part) * len(ordered)
    weight = np.clip(kept - np.arange(len(ordered)), 0, 1)
    mean = float(np.average(ordered, weights=weight))
    within = float(np.average((ordered - mean) ** 2, weights=weight))
    edge = float(ordered[weight > 0][-1])
    variance = (within + (edge - mean) ** 2 * part) / kept + ((edge - mean) / (1 - part)) ** 2 * spread
    return mean, variance


def _spread_of_part(part: float, share: float, first: int, second: int) -> float:
    """Variance of the trimmed share: of one less the ratio of the two shares observed."""
    larger = share / (1 - part)
    return (1 - part) ** 2 * ((1 - larger) / (first * larger) + (1 - share) / (second * share))


def _imbens_manski(width: float, se: float, alpha: float) -> float:
    """How many standard errors beyond the bounds cover the effect with 1 - alpha, wherever it lies between them."""

    def surplus(reach: float) -> float:
        return float(stats.norm.cdf(reach + width / se) - stats.norm.cdf(-reach) - confidence(alpha))

    if se == 0 or surplus(0) >= 0:
        return 0.0
    return float(optimize.brentq(surplus, 0, stats.norm.ppf(two_sided(alpha)) + 1e-9))
