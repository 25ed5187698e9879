"""Effects added up by weights of one over their variance, with or without moderators (columns of a matrix).

The estimators of the variance between studies are those of Viechtbauer (2005, 2007), written for any model matrix:
a plain meta-analysis is the one with a single column of ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Array = npt.NDArray[np.float64]
Slope = Callable[[float, Array, Array, Array], float]

ESTIMATORS: Final = ("DL", "PM", "REML", "SJ")
TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class Weighted:
    """Weighted least squares of `y` (studies) on `x` (studies x terms) with variances `v` + `tau2`.

    `beta` (terms), `cov` = (X'WX)^-1 (terms x terms), `residuals` (studies), `weights` (studies), `hat` (studies).
    """

    beta: Array
    cov: Array
    residuals: Array
    weights: Array
    hat: Array

    @property
    def q(self) -> float:
        """The weighted residual sum of squares: Cochran's Q when tau2 is 0."""
        return float(self.weights @ self.residuals**2)

    @property
    def df(self) -> int:
        return len(self.residuals) - len(self.beta)


def ones(y: Array) -> Array:
    """The model matrix of a meta-analysis without moderators."""
    return np.ones((len(y), 1))


def weighted(y: Array, v: Array, x: Array, tau2: float = 0.0) -> Weighted:
    """The fit of the effects `y` with variances `v` + `tau2` on the columns of `x`."""
    w = 1 / (v + tau2)
    cov = np.asarray(np.linalg.inv(x.T @ (w[:, None] * x)), dtype=np.float64)
    beta = cov @ (x.T @ (w * y))
    hat: Array = w * np.einsum("ij,jk,ik->i", x, cov, x)
    return Weighted(beta, cov, y - x @ beta, w, hat)


def between_study_variance(y: Array, v: Array, estimator: str, x: Array | None = None) -> float:
    """Tau squared, never below 0; 0 where there are no more studies than terms.

    DL: DerSimonian and Laird (1986); PM: Paule and Mandel (1982); REML: restricted likelihood; SJ: Sidik and
    Jonkman (2005), which starts from the variance of the effects and is above 0 unless they are equal.
    """
    x = ones(y) if x is None else x
    if len(y) <= x.shape[1]:
        return 0.0
    if estimator == "DL":
        fit = weighted(y, v, x)
        return max(0.0, (fit.q - fit.df) / _trace(fit, x))
    if estimator == "SJ":
        first = float(np.var(y))
        rough = weighted(y, v, x, first)
        return first * rough.q / rough.df
    slope = _paule_mandel if estimator == "PM" else _reml
    return _root(slope, y, v, x)


def variance_interval(y: Array, v: Array, x: Array | None = None, *, level: float = 0.95) -> tuple[float, float]:
    """The Q-profile interval of tau squared (Viechtbauer 2007); (0, 0) when even no variance is too much."""
    x = ones(y) if x is None else x
    df = len(y) - x.shape[1]
    if df < 1:
        return float("nan"), float("nan")
    quantiles = stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], df)
    low, high = (_root(_profile(quantile), y, v, x) for quantile in quantiles)
    return low, high


def _profile(quantile: float) -> Slope:
    return lambda tau2, y, v, x: weighted(y, v, x, tau2).q - quantile


def typical_variance(v: Array, x: Array | None = None) -> float:
    """The variance within a typical study, against which I squared sets tau squared (Higgins and Thompson 2002)."""
    x = np.ones((len(v), 1)) if x is None else x
    fit = weighted(np.zeros_like(v), v, x)
    return float((len(v) - x.shape[1]) / _trace(fit, x))


def _trace(fit: Weighted, x: Array) -> float:
    """The trace of W - WX(X'WX)^-1X'W."""
    w = fit.weights
    return float(w.sum() - np.trace(fit.cov @ (x.T @ ((w**2)[:, None] * x))))


def _root(slope: Slope, y: Array, v: Array, x: Array) -> float:
    """Where a falling function of tau squared crosses 0; 0 where it never does."""
    if slope(0.0, y, v, x) <= 0:
        return 0.0
    high = float(v.max() + np.ptp(y) ** 2)
    while slope(high, y, v, x) > 0:
        high *= 2
    return float(optimize.brentq(slope, 0.0, high, args=(y, v, x), xtol=TOLERANCE, rtol=TOLERANCE))


def _paule_mandel(tau2: float, y: Array, v: Array, x: Array) -> float:
    """0 where Q is what one expects."""
    fit = weighted(y, v, x, tau2)
    return fit.q - fit.df


def _reml(tau2: float, y: Array, v: Array, x: Array) -> float:
    """The slope of the restricted likelihood, 0 at its top."""
    fit = weighted(y, v, x, tau2)
    return float(fit.weights**2 @ fit.residuals**2) - _trace(fit, x)
