"""The rule by which a review adds up its studies, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.review.counting import MANTEL_HAENSZEL, mantel_haenszel
from evaluation.review.effect_sizes import (
    DEFAULT_ZERO_CELLS,
    RATIOS,
    ZeroCells,
    count_columns,
    counts,
    effect_sizes,
)
from evaluation.review.weighting import (
    ESTIMATORS,
    Array,
    between_study_variance,
    ones,
    typical_variance,
    variance_interval,
    weighted,
)

MODELS: Final = ("fixed", "random")
WEIGHTS: Final = ("IV", "MH")
NAN: Final = float("nan")
NO_INTERVAL: Final = (NAN, NAN)


@dataclass(frozen=True)
class Pooled:
    """Studies added up. For ratios estimate, ci and prediction are ratios; se and tau2 are of logarithms.

    `statistic` is z, or t with Hartung and Knapp's variance and `df` degrees of freedom (infinite for z, which a lone
    study always has); `q`, `q_df`, `q_p` test that all studies have one effect;
    `i2` is the share of variation beyond chance (0-1), `i2_ci` its interval after Higgins and Thompson (2002);
    `tau2_ci` is the Q-profile interval; `prediction` is the 95 % interval of the effect of a new study (t with
    studies - 2 degrees of freedom; Higgins, Thompson and Spiegelhalter 2009). What a fixed model or too few studies
    (3 for prediction and i2_ci, 2 for tau2_ci) cannot tell is missing (NaN).
    """

    studies: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p: float
    tau2: float
    q: float
    q_df: int
    q_p: float
    i2: float
    prediction: tuple[float, float]
    tau2_ci: tuple[float, float] = NO_INTERVAL
    i2_ci: tuple[float, float] = NO_INTERVAL
    df: float = float("inf")


@dataclass(frozen=True)
class Sizes:
    """The studies that have an effect: the rows as given and, aligned with them, `y` and `v`."""

    studies: pd.DataFrame
    y: Array
    v: Array

    def __len__(self) -> int:
        return len(self.y)

    def only(self, kept: "np.typing.NDArray[np.bool_]") -> "Sizes":
        return Sizes(self.studies[kept], self.y[kept], self.v[kept])


@dataclass(frozen=True)
class Rule:
    """How studies are added up. Numbers are on the additive scale until they are `shown`.

    Raises:
        EvaluationError: `unknown_model` for a combination that there is no method for.
    """

    measure: str
    model: str = "random"
    tau2: str = "DL"
    weights: str = "IV"
    hartung_knapp: bool = False
    zero_cells: ZeroCells = DEFAULT_ZERO_CELLS
    common_tau2: bool = False

    def __post_init__(self) -> None:
        asked = {"model": (self.model, MODELS), "tau2": (self.tau2, ESTIMATORS), "weights": (self.weights, WEIGHTS)}
        for option, (value, known) in asked.items():
            if value not in known:
                hint = "; Hartung and Knapp's variance is hartung_knapp=True" if option == "tau2" else ""
                raise EvaluationError("unknown_model", f"{option} is one of {', '.join(known)}{hint}")
        if self.weights == "MH" and (self.model != "fixed" or self.measure not in MANTEL_HAENSZEL):
            sentence = f"Mantel and Haenszel's weights need the fixed model and one of {tuple(MANTEL_HAENSZEL)}"
            raise EvaluationError("unknown_model", sentence)
        if self.hartung_knapp and self.weights != "IV":
            raise EvaluationError("unknown_model", "Hartung and Knapp's variance needs inverse-variance weights")

    @property
    def convention(self) -> str:
        variance = "Hartung-Knapp" if self.hartung_knapp else "normal"
        sharing = "common to" if self.common_tau2 else "separate in"
        between = "none" if self.model == "fixed" else f"{self.tau2}, {sharing} subgroups"
        return f"{self.model} effects; weights {self.weights}; tau2 {between}; variance {variance}"

    def sizes(self, studies: pd.DataFrame) -> tuple[pd.DataFrame, Sizes]:
        """All studies' effects (y, v, reason), and those that can be added up.

        Raises:
            EvaluationError: as `effect_sizes`; `no_studies` when no study has an effect.
        """
        effects = effect_sizes(studies, self.measure, zero_cells=self.zero_cells)
        told = effects["reason"] == ""
        if not told.any():
            raise EvaluationError("no_studies", "no study has an effect that can be added up")
        return effects, Sizes(studies[told], effects.loc[told, "y"].to_numpy(), effects.loc[told, "v"].to_numpy())

    def pooled(self, sizes: Sizes, *, tau2: float | None = None) -> tuple[Pooled, Array]:
        """The studies added up on the additive scale, and their weights; `tau2` is estimated unless it is given."""
        return self._counted(sizes) if self.weights == "MH" else self._weighted(sizes, tau2)

    def _weighted(self, sizes: Sizes, given: float | None) -> tuple[Pooled, Array]:
        k, x = len(sizes), ones(sizes.y)
        random = self.model == "random"
        tau2 = self.between(sizes) if given is None else given
        fit = weighted(sizes.y, sizes.v, x, tau2)
        estimate, se, df = float(fit.beta[0]), float(np.sqrt(fit.cov[0, 0])), np.inf
        if self.hartung_knapp and k > 1:
            se, df = se * float(np.sqrt(fit.q / (k - 1))), k - 1
        pooled = self._summed(estimate, se, df, weighted(sizes.y, sizes.v, x).q, k)
        if random:
            pooled = replace(
                pooled,
                tau2=tau2,
                tau2_ci=variance_interval(sizes.y, sizes.v),
                prediction=_prediction(estimate, se, tau2, k),
            )
        return pooled, fit.weights

    def between(self, sizes: Sizes, x: Array | None = None) -> float:
        """The variance between studies by this rule's estimator, with moderators `x`; none in the fixed model."""
        return between_study_variance(sizes.y, sizes.v, self.tau2, x) if self.model == "random" else 0.0

    def _counted(self, sizes: Sizes) -> tuple[Pooled, Array]:
        estimate, variance, weights = mantel_haenszel(self.measure, *counts(count_columns(sizes.studies)))
        if not np.isfinite([estimate, variance]).all():
            raise EvaluationError("no_studies", "no study has an event in one of the groups: there is no ratio")
        q = float(((sizes.y - estimate) ** 2 / sizes.v).sum())
        return self._summed(estimate, float(np.sqrt(variance)), np.inf, q, len(sizes)), weights

    def _summed(self, estimate: float, se: float, df: float, q: float, k: int) -> Pooled:
        reach = float(stats.t.ppf(0.975, df)) * se
        statistic = estimate / se if se else NAN
        return Pooled(
            studies=k,
            estimate=estimate,
            se=se,
            ci_low=estimate - reach,
            ci_high=estimate + reach,
            statistic=statistic,
            p=float(2 * stats.t.sf(abs(statistic), df)),
            tau2=0.0,
            q=q,
            q_df=k - 1,
            q_p=float(stats.chi2.sf(q, k - 1)) if k > 1 else NAN,
            i2=max(0.0, (q - k + 1) / q) if q > 0 else 0.0,
            i2_ci=_i2_interval(q, k),
            prediction=NO_INTERVAL,
            df=df,
        )

    @property
    def ratio(self) -> bool:
        """Whether effects are multiplied, and added up as logarithms."""
        return self.measure in RATIOS

    @property
    def nothing(self) -> float:
        """The effect of a treatment without any."""
        return 1.0 if self.ratio else 0.0

    def back(self, value: Any) -> Any:
        """From the additive scale to the measure's own."""
        return np.exp(value) if self.ratio else value

    def shown(self, pooled: Pooled) -> Pooled:
        """On the measure's own scale."""
        return replace(
            pooled,
            estimate=float(self.back(pooled.estimate)),
            ci_low=float(self.back(pooled.ci_low)),
            ci_high=float(self.back(pooled.ci_high)),
            prediction=(float(self.back(pooled.prediction[0])), float(self.back(pooled.prediction[1]))),
        )


def between_groups(groups: Mapping[str, Pooled]) -> dict[str, float]:
    """Cochran's Q of the subgroups' estimates on the additive scale: q, df and p."""
    y = np.array([part.estimate for part in groups.values()])
    v = np.array([part.se for part in groups.values()]) ** 2
    q, df = weighted(y, v, ones(y)).q, len(groups) - 1
    return {"q": q, "df": df, "p": float(stats.chi2.sf(q, df)) if df else NAN}


def heterogeneity_share(sizes: Sizes, tau2: float, x: Array | None = None) -> float:
    """Tau squared as a share of all variation, the I squared of models whose tau2 is not from Q."""
    return tau2 / (tau2 + typical_variance(sizes.v, x))


def _prediction(estimate: float, se: float, tau2: float, k: int) -> tuple[float, float]:
    if k < 3:
        return NO_INTERVAL
    reach = float(stats.t.ppf(0.975, k - 2)) * float(np.sqrt(tau2 + se**2))
    return estimate - reach, estimate + reach


def _i2_interval(q: float, k: int) -> tuple[float, float]:
    """From the logarithm of H = sqrt(Q / df), as Higgins and Thompson (2002) give its standard error."""
    if k < 3:
        return NO_INTERVAL
    log_h = float(np.log(max(q, k - 1) / (k - 1))) / 2
    if q > k:
        se = (np.log(q) - np.log(k - 1)) / (2 * (np.sqrt(2 * q) - np.sqrt(2 * k - 3)))
    else:
        se = np.sqrt((1 - 1 / (3 * (k - 2) ** 2)) / (2 * (k - 2)))
    h2 = np.exp(2 * np.maximum(0.0, log_h + np.array([-1, 1]) * stats.norm.ppf(0.975) * float(se)))
    low, high = (h2 - 1) / h2
    return float(low), float(high)
