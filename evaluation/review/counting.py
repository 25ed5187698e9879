"""Mantel and Haenszel's sums: counts of all studies added up before any ratio is formed, so empty cells do no harm.

Variances: Greenland and Robins (1985) for the risk ratio, Robins, Breslow and Greenland (1986) for the odds ratio,
Sato, Greenland and Robins (1989) for the risk difference.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Sums = tuple[float, float, Array]


def mantel_haenszel(measure: str, a: Array, b: Array, c: Array, d: Array) -> Sums:
    """Estimate and variance (of the logarithm for ratios) and the studies' weights, from the four counts per study.

    The estimate is not finite where no study has an event in one of the groups.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return MANTEL_HAENSZEL[measure](a, b, c, d)


def _risk_ratio(a: Array, b: Array, c: Array, d: Array) -> Sums:
    first, second, n = a + b, c + d, a + b + c + d
    treated, control = (a * second / n).sum(), (c * first / n).sum()
    variance = (first * second * (a + c) / n**2 - a * c / n).sum() / (treated * control)
    return float(np.log(treated / control)), float(variance), c * first / n


def _odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Sums:
    n = a + b + c + d
    agree, differ = (a + d) / n, (b + c) / n
    up, down = a * d / n, b * c / n
    above, below = up.sum(), down.sum()
    variance = (
        (agree * up).sum() / (2 * above**2)
        + (agree * down + differ * up).sum() / (2 * above * below)
        + (differ * down).sum() / (2 * below**2)
    )
    return float(np.log(above / below)), float(variance), down


def _risk_difference(a: Array, b: Array, c: Array, d: Array) -> Sums:
    first, second, n = a + b, c + d, a + b + c + d
    weights = first * second / n
    estimate = float(((a * second - c * first) / n).sum() / weights.sum())
    between = (c * (first / n) ** 2 - a * (second / n) ** 2 + (first / n) * (second / n) * (second - first) / 2).sum()
    within = (a * d / n + c * b / n).sum() / 2
    return estimate, float((estimate * between + within) / weights.sum() ** 2), weights


MANTEL_HAENSZEL: Final[Mapping[str, Callable[[Array, Array, Array, Array], Sums]]] = {
    "RR": _risk_ratio,
    "OR": _odds_ratio,
    "RD": _risk_difference,
}
