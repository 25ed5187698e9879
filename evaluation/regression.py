"""The treatment coefficient of `outcome ~ treatment + stratum effects`, for many outcomes at once.

With stratum effects alone the regression is solved by hand (Frisch and Waugh 1933, Lovell 1963): treatment and outcome
are taken as differences from their stratum's mean, and the coefficient is one ratio. The sandwich variances follow from
the weights c_i = d_i / sum(d^2): var = sum c_i^2 e_i^2 / (1 - h_i)^k, with k = 0, 1, 2 for HC0/HC1, HC2, HC3 (MacKinnon
and White 1985), and sum over clusters of (sum c_i e_i)^2 for CR1, with Stata's factor G/(G-1) (n-1)/(n-k).

CR2 (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018) has a closed form where the strata are the clusters: the
scores of a stratum are orthogonal to its dummy, so its block of (I - H)^(-1/2) only stretches them by 1/sqrt(1 - s_g),
with s_g the stratum's share of sum(d^2). The same shares give Bell and McCaffrey's degrees of freedom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.given import two_sided

Covariance = Literal["classical", "HC1", "HC2", "HC3", "cluster", "CR2"]
COVARIANCES: Final = ("classical", "HC1", "HC2", "HC3", "cluster", "CR2")
CLUSTERED: Final = ("cluster", "CR2")
NAMES: Final[Mapping[str, Covariance]] = {name.lower(): name for name in get_args(Covariance)} | {"cr1": "cluster"}

ROUNDING: Final = 1e-13

Array = npt.NDArray[np.float64]


def covariance_called(name: str) -> Covariance:
    """The convention of a name, in capitals or not; CR1 is `cluster`.

    Raises:
        EvaluationError: `unknown_covariance`.
    """
    found = NAMES.get(str(name).lower())
    if found is None:
        raise EvaluationError("unknown_covariance", f"covariance is one of {', '.join(COVARIANCES)}, not {name}")
    return found


@dataclass(frozen=True)
class Effects:
    """Coefficients of the treatment, one per outcome column, with the degrees of freedom of their t statistics.

    `se` is in the unit of the outcome; `covariance` names the convention it follows.
    """

    effect: Array
    se: Array
    df: float
    n: int
    covariance: Covariance

    @property
    def t(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.effect / self.se

    @property
    def p(self) -> Array:
        return np.asarray(2 * stats.t.sf(np.abs(self.t), self.df))

    def interval(self, alpha: float = 0.05) -> tuple[Array, Array]:
        """Lower and upper end of the 1 - alpha confidence interval."""
        reach = stats.t.ppf(two_sided(alpha), self.df) * self.se
        return self.effect - reach, self.effect + reach


@dataclass(frozen=True)
class StratifiedDesign:
    """Treatment less its stratum's mean, and what follows from it alone."""

    stratum: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    treatment: Array
    weight: Array

    @property
    def leverage(self) -> Array:
        return np.asarray(1 / self.size[self.stratum] + self.treatment * self.weight)

    @property
    def shares(self) -> Array:
        """Each stratum's part of the treatment's sum of squares: 0 where it holds one arm only."""
        return np.asarray(np.bincount(self.stratum, self.treatment * self.weight), dtype=float)

    def centred(self, values: Array) -> Array:
        """Columns less their stratum's mean; exactly 0 where nobody differs, whatever rounding left."""
        means = np.stack([np.bincount(self.stratum, column) for column in values.T], axis=1) / self.size[:, None]
        centred = values - means[self.stratum]
        centred[:, np.abs(centred).max(axis=0) <= ROUNDING * np.abs(values).max(axis=0)] = 0
        return np.asarray(centred)


def treatment_effects(
    outcomes: Array, treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any], covariance: Covariance = "classical"
) -> Effects:
    """Regress each column of `outcomes` (persons x outcomes, nothing missing) on treatment and stratum effects.

    With ``covariance="cluster"`` (CR1) or ``"CR2"`` the strata are the clusters, and t has G - 1 or Bell and
    McCaffrey's degrees of freedom; else n - k.

    Raises:
        EvaluationError: `no_contrast` when no stratum holds both arms, `too_few` when nothing is left to estimate a
            variance from, `unknown_covariance`.
    """
    covariance = covariance_called(covariance)
    design = stratified_design(treated, strata)
    centred = design.centred(outcomes)
    effect = design.weight @ centred
    residual = centred - design.treatment[:, None] * effect
    n, k = len(treated), len(design.size) + 1
    if n <= k:
        raise EvaluationError("too_few", f"{n} persons are too few for {k} coefficients")
    variance = _variance(design, residual, n, k, covariance)
    return Effects(effect, np.sqrt(variance), degrees_of_freedom(design, k, covariance), n, covariance)


def degrees_of_freedom(design: StratifiedDesign, k: int, covariance: Covariance) -> float:
    """Of the t statistic of the treatment, for a model of `k` coefficients."""
    if covariance == "cluster":
        return len(design.size) - 1
    if covariance != "CR2":
        return int(design.size.sum()) - k
    # The matrix of products of p_g = (I - H) A_g w_g has s_g in its diagonal and -root_g root_h beside it.
    share = design.shares
    root = share / np.sqrt(1 - share)
    products = -np.outer(root, root)
    np.fill_diagonal(products, share)
    return float(1 / (products**2).sum())


def stratified_design(treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any]) -> StratifiedDesign:
    """Take the strata out of the treatment. Raises EvaluationError `no_contrast` when no stratum holds both arms."""
    _levels, stratum = np.unique(strata.astype(str), return_inverse=True)
    size = np.bincount(stratum)
    share = np.bincount(stratum, treated.astype(float)) / size
    centred = treated - share[stratum]
    total = float(centred @ centred)
    if total == 0:
        raise EvaluationError("no_contrast", "no stratum has persons in both arms, so there is no effect to estimate")
    return StratifiedDesign(stratum, size, centred, centred / total)


def _variance(design: StratifiedDesign, residual: Array, n: int, k: int, covariance: Covariance) -> Array:
    if covariance == "classical":
        return np.asarray((residual**2).sum(axis=0) / (n - k) * (design.weight @ design.weight))
    if covariance in CLUSTERED:
        return _clustered(design, residual, n, k, covariance)
    weight = design.weight[:, None] ** 2
    if covariance == "HC1":
        return np.asarray((weight * residual**2).sum(axis=0) * n / (n - k))
    # A person alone in a stratum has leverage 1, residual 0 and weight 0: nothing to add, and nothing to divide by.
    alone = design.leverage > 1 - 1e-12
    if design.weight[alone].any():
        raise EvaluationError("too_few", "one person is all of an arm: nothing tells how that arm varies")
    slack = np.where(alone, 1.0, 1 - design.leverage)[:, None] ** (1 if covariance == "HC2" else 2)
    return np.asarray((weight * residual**2 / slack).sum(axis=0))


def _clustered(design: StratifiedDesign, residual: Array, n: int, k: int, covariance: Covariance) -> Array:
    groups, share = len(design.size), design.shares
    # A stratum that alone holds both arms is fitted so that its score is nothing: there is no spread between clusters.
    if groups < 2 or share.max() > 1 - 1e-12:
        raise EvaluationError("too_few", "clustered standard errors need at least two clusters with both arms")
    score = design.weight[:, None] * residual
    sums = np.stack([np.bincount(design.stratum, column) for column in score.T], axis=1)
    if covariance == "CR2":
        return np.asarray((sums**2 / (1 - share)[:, None]).sum(axis=0))
    return np.asarray((sums**2).sum(axis=0) * groups / (groups - 1) * (n - 1) / (n - k))
