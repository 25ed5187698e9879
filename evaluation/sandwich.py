"""Least squares on a few named columns, and the standard error of any weighted sum of its coefficients.

Every convention is written for the contrast it is asked for, through the weight that each row has in it: with X the
columns, B = (X'X)^-1 and a the contrast, c = X B a, and the estimate is c'y. Then the variance is sum c_i^2 e_i^2 /
(1 - h_i)^m with m = 0, 1, 2 for HC1, HC2, HC3 (MacKinnon and White 1985), the sum over clusters of (c_g'e_g)^2 for CR1
with Stata's factor G/(G-1) (n-1)/(n-k), and of (c_g'A_g e_g)^2 with A_g = (I - H_gg)^(-1/2) for CR2 (Bell and McCaffrey
2002), whose t has their degrees of freedom.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.given import two_sided
from evaluation.regression import CLUSTERED, ROUNDING, Covariance, covariance_called

Array = npt.NDArray[np.float64]
Groups = npt.NDArray[Any]

NOTHING_LEFT = 1e-10  # eigenvalues of I - H_gg below this: what the cluster alone determines


@dataclass(frozen=True)
class Fit:
    """A fitted model. `design` (rows x terms) is what enters the scores: with instruments, the columns they predict."""

    design: Array
    bread: Array
    estimates: Array
    residuals: Array

    @property
    def n(self) -> int:
        return len(self.residuals)

    @property
    def k(self) -> int:
        return self.design.shape[1]


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of coefficients; `df` belongs to its t."""

    estimate: float
    se: float
    df: float

    def row(self, alpha: float = 0.05) -> dict[str, float]:
        """effect, se, t, p, ci_low, ci_high; no t and p where there is no variance."""
        reach = float(stats.t.ppf(two_sided(alpha), self.df)) * self.se
        t = self.estimate / self.se if self.se > 0 else float("nan")
        return {
            "effect": self.estimate,
            "se": self.se,
            "t": t,
            "p": float(2 * stats.t.sf(abs(t), self.df)),
            "ci_low": self.estimate - reach,
            "ci_high": self.estimate + reach,
        }


def least_squares(
    outcome: Array, design: Array, *, weights: Array | None = None, instruments: Array | None = None
) -> Fit:
    """Fit `outcome` on the columns of `design`; with `instruments` (as many columns or more) by two stages.

    Raises:
        EvaluationError: `collinear` when a column follows from the others, `too_few` rows.
    """
    root = np.ones(len(outcome)) if weights is None else np.sqrt(weights)
    x, y = design * root[:, None], outcome * root
    if len(y) <= x.shape[1]:
        raise EvaluationError("too_few", f"{len(y)} rows are too few for {x.shape[1]} coefficients")
    entering = x if instruments is None else _predicted(x, instruments * root[:, None])
    left, triangle = _decomposed(entering)
    estimates = np.asarray(np.linalg.solve(triangle, left.T @ y), dtype=np.float64)
    inverse = np.linalg.inv(triangle)
    residuals = y - x @ estimates
    if np.abs(residuals).max() <= ROUNDING * len(y) * np.abs(y).max():
        residuals = np.zeros(len(y))  # fitted exactly: what is left is rounding, and no variance
    return Fit(entering, np.asarray(inverse @ inverse.T), estimates, residuals)


def _predicted(design: Array, instruments: Array) -> Array:
    left, _triangle = _decomposed(instruments)
    return np.asarray(left @ (left.T @ design))


def _decomposed(columns: Array) -> tuple[Array, Array]:
    size = np.linalg.norm(columns, axis=0)
    left, triangle = np.linalg.qr(columns)
    if (np.abs(np.diag(triangle)) <= 1e-10 * np.maximum(size, 1e-300)).any():
        raise EvaluationError("collinear", "a column of the model follows from the others")
    return left, triangle


def contrast(
    fit: Fit, weights: npt.ArrayLike, covariance: Covariance = "classical", clusters: Groups | None = None
) -> Contrast:
    """The weighted sum of the fit's coefficients under a covariance convention.

    Raises:
        EvaluationError: `unknown_covariance`, `no_clusters` where a clustered one has none, `too_few` clusters, or rows
            for HC2 and HC3 where one alone decides a part of the estimate, so that nothing tells how it varies.
    """
    covariance = covariance_called(covariance)
    weight = np.asarray(weights, dtype=float)
    estimate = float(weight @ fit.estimates)
    each = fit.design @ (fit.bread @ weight)
    if covariance in CLUSTERED:
        if clusters is None:
            raise EvaluationError("no_clusters", f"{covariance} needs to know the clusters")
        variance, df = _clustered(fit, each, covariance, clusters)
        return Contrast(estimate, variance**0.5, df)
    return Contrast(estimate, _of_rows(fit, each, covariance) ** 0.5, fit.n - fit.k)


def _of_rows(fit: Fit, each: Array, covariance: Covariance) -> float:
    freedom = fit.n - fit.k
    if covariance == "classical":
        return float(fit.residuals @ fit.residuals / freedom * (each @ each))
    score = each * fit.residuals
    if covariance == "HC1":
        return float(score @ score * fit.n / freedom)
    slack = 1 - ((fit.design @ fit.bread) * fit.design).sum(axis=1)
    alone = slack < NOTHING_LEFT
    if (np.abs(each[alone]) > NOTHING_LEFT * np.abs(each).max()).any():
        raise EvaluationError("too_few", "a single row decides a part of the estimate: nothing tells how it varies")
    # Another row that is fitted exactly has no part in the estimate, and adds nothing.
    return float((score**2 / np.where(alone, 1, slack) ** (1 if covariance == "HC2" else 2) * ~alone).sum())


def _clustered(fit: Fit, each: Array, covariance: Covariance, clusters: Groups) -> tuple[float, float]:
    levels, group = np.unique(clusters, return_inverse=True)
    count = len(levels)
    if count < 2:
        raise EvaluationError("too_few", "clustered standard errors need at least two clusters")
    if covariance == "cluster":
        sums = np.bincount(group, each * fit.residuals)
        return float(sums @ sums * count / (count - 1) * (fit.n - 1) / (fit.n - fit.k)), count - 1
    return _reduced_bias(fit, each, group)


def _reduced_bias(fit: Fit, each: Array, group: npt.NDArray[np.int64]) -> tuple[float, float]:
    """CR2 with the identity as working covariance, and the degrees of freedom of its t."""
    order = np.argsort(group, kind="stable")
    blocks = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    half = fit.design @ np.linalg.cholesky(fit.bread)  # H = half half'
    sums, spread = [], np.zeros((len(blocks), half.shape[1]))
    within = np.zeros(len(blocks))
    for place, rows in enumerate(blocks):
        adjusted = _adjustment(half[rows]) @ each[rows]
        sums.append(adjusted @ fit.residuals[rows])
        within[place] = adjusted @ adjusted
        spread[place] = half[rows].T @ adjusted
    products = np.diag(within) - spread @ spread.T
    variance = float(np.square(sums).sum())
    return variance, float(np.trace(products) ** 2 / (products**2).sum())


def _adjustment(half: Array) -> Array:
    values, vectors = np.linalg.eigh(np.eye(len(half)) - half @ half.T)
    kept = values > NOTHING_LEFT
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T)
