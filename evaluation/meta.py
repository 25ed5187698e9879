"""Meta-analysis: the studies of a review added up, with how much they differ and where the next one would lie."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from evaluation.effect_sizes import RATIOS, effect_sizes
from evaluation.errors import EvaluationError
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]
Model = Literal["fixed", "random"]
Tau2 = Literal["DL", "PM", "REML"]

MODELS: Final = ("fixed", "random")
ESTIMATORS: Final = ("DL", "PM", "REML")
TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class Pooled:
    """Studies added up. For ratios (RR, OR) estimate, ci and prediction are ratios; se and tau2 are of logarithms.

    `statistic` is z, or t with Hartung and Knapp's variance; `q`, `q_df`, `q_p` test that all studies have one effect;
    `i2` is the share of variation beyond chance (0-1); `prediction` is the 95 % interval of the effect of a new study
    (t with studies - 2 degrees of freedom; missing for fewer than three studies or the fixed model).
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


@dataclass(frozen=True)
class MetaAnalysis:
    """`table`: the studies in the given order with study, effect, ci_low, ci_high, weight (share of 1), reason.

    `subgroups`: name -> Pooled; `between`: q, df and p of the test that the subgroups have one effect. `convention`
    names model, estimator of tau2, variance and whether tau2 is common to the subgroups.
    """

    measure: str
    table: pd.DataFrame
    pooled: Pooled
    subgroups: dict[str, Pooled]
    between: dict[str, float]
    convention: str


def meta_analysis(
    studies: pd.DataFrame,
    *,
    measure: str,
    model: Model = "random",
    tau2: Tau2 = "DL",
    subgroup: str | None = None,
    hartung_knapp: bool = False,
) -> MetaAnalysis:
    """Add up the studies of a review.

    Args:
        studies: one row a study, with the columns that `effect_sizes` names for the measure; `study` names it.
        measure: RR, OR, RD, MD, SMD (Hedges' g) or generic (effect and se on an additive scale).
        model: fixed (inverse variance) or random.
        tau2: between-study variance by DerSimonian and Laird (cut at 0), Paule and Mandel, or REML.
        subgroup: column by which the studies are also added up, each subgroup with its own tau2 (as RevMan).
        hartung_knapp: the variance of Hartung and Knapp (2001), with t and studies - 1 degrees of freedom.

    Raises:
        EvaluationError: `unknown_measure`, `unknown_model`, `unknown_estimator`, `bad_study`, `no_studies` when no
            study has an effect.
    """
    if model not in MODELS or tau2 not in ESTIMATORS:
        raise EvaluationError("unknown_model", f"model is one of {MODELS}, tau2 one of {ESTIMATORS}")
    sizes = effect_sizes(studies, measure)
    told = sizes["reason"] == ""
    if not told.any():
        raise EvaluationError("no_studies", "no study has an effect that can be added up")
    rule = _Rule(measure, model, tau2, hartung_knapp)
    pooled, weights = rule.pooled(sizes.loc[told, "y"].to_numpy(), sizes.loc[told, "v"].to_numpy())
    groups = _by_subgroup(studies, sizes[told], subgroup, rule) if subgroup else {}
    return MetaAnalysis(
        measure,
        _table(studies, sizes, weights, rule),
        rule.shown(pooled),
        {name: rule.shown(part) for name, part in groups.items()},
        _between(groups) if groups else {},
        rule.convention,
    )


def _by_subgroup(studies: pd.DataFrame, sizes: pd.DataFrame, subgroup: str, rule: "_Rule") -> dict[str, Pooled]:
    require_columns(studies, [subgroup])
    named = studies.loc[sizes.index, subgroup]
    if named.isna().any():
        raise EvaluationError("bad_study", f"a study has no {subgroup}")
    return {
        str(name): rule.pooled(part["y"].to_numpy(), part["v"].to_numpy())[0]
        for name, part in sizes.groupby(named, sort=False)
    }


def _between(groups: dict[str, Pooled]) -> dict[str, float]:
    """Cochran's Q of the subgroups' estimates."""
    y = np.array([part.estimate for part in groups.values()])
    w = 1 / np.array([part.se for part in groups.values()]) ** 2
    q, df = float(w @ (y - w @ y / w.sum()) ** 2), len(groups) - 1
    return {"q": q, "df": df, "p": float(stats.chi2.sf(q, df)) if df else float("nan")}


def _table(studies: pd.DataFrame, sizes: pd.DataFrame, weights: Array, rule: "_Rule") -> pd.DataFrame:
    reach = stats.norm.ppf(0.975) * np.sqrt(sizes["v"])
    told = sizes["reason"] == ""
    share = pd.Series(0.0, index=sizes.index)
    share[told] = weights / weights.sum()
    names = studies["study"] if "study" in studies else pd.Series(range(1, len(studies) + 1), index=studies.index)
    ends = {"effect": sizes["y"], "ci_low": sizes["y"] - reach, "ci_high": sizes["y"] + reach}
    columns = {"study": names} | {name: rule.back(values) for name, values in ends.items()}
    return pd.DataFrame(columns | {"weight": share, "reason": sizes["reason"]}).reset_index(drop=True)


@dataclass(frozen=True)
class _Rule:
    """How studies are added up; numbers are on the additive scale until they are `shown`."""

    measure: str
    model: str
    estimator: str
    hartung_knapp: bool

    @property
    def convention(self) -> str:
        variance = "Hartung-Knapp" if self.hartung_knapp else "normal"
        between = "none" if self.model == "fixed" else f"{self.estimator}, separate in subgroups"
        return f"{self.model} effects; tau2 {between}; variance {variance}"

    def back(self, value: Any) -> Any:
        return np.exp(value) if self.measure in RATIOS else value

    def shown(self, pooled: Pooled) -> Pooled:
        values = pooled.__dict__ | {
            name: float(self.back(getattr(pooled, name))) for name in ("estimate", "ci_low", "ci_high")
        }
        low, high = (float(self.back(end)) for end in pooled.prediction)
        return Pooled(**(values | {"prediction": (low, high)}))

    def pooled(self, y: Array, v: Array) -> tuple[Pooled, Array]:
        k = len(y)
        q = cochran_q(y, v, 0.0)
        tau2 = between_study_variance(y, v, self.estimator) if self.model == "random" else 0.0
        weights = 1 / (v + tau2)
        estimate = float(weights @ y / weights.sum())
        se, df = float(weights.sum() ** -0.5), np.inf
        if self.hartung_knapp and k > 1:
            se, df = float(np.sqrt(cochran_q(y, v, tau2) / (k - 1)) * se), k - 1
        reach = float(stats.t.ppf(0.975, df)) * se
        statistic = estimate / se
        found = Pooled(
            studies=k,
            estimate=estimate,
            se=se,
            ci_low=estimate - reach,
            ci_high=estimate + reach,
            statistic=statistic,
            p=float(2 * stats.t.sf(abs(statistic), df)),
            tau2=tau2,
            q=q,
            q_df=k - 1,
            q_p=float(stats.chi2.sf(q, k - 1)) if k > 1 else float("nan"),
            i2=max(0.0, (q - k + 1) / q) if q > 0 else 0.0,
            prediction=self._prediction(estimate, se, tau2, k),
        )
        return found, weights

    def _prediction(self, estimate: float, se: float, tau2: float, k: int) -> tuple[float, float]:
        """Higgins, Thompson and Spiegelhalter (2009)."""
        if self.model == "fixed" or k < 3:
            return float("nan"), float("nan")
        reach = float(stats.t.ppf(0.975, k - 2)) * float(np.sqrt(tau2 + se**2))
        return estimate - reach, estimate + reach


def cochran_q(y: Array, v: Array, tau2: float) -> float:
    """The weighted sum of squares about the weighted mean."""
    w = 1 / (v + tau2)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def between_study_variance(y: Array, v: Array, estimator: str) -> float:
    """Tau squared, never below 0."""
    k = len(y)
    if k < 2:
        return 0.0
    if estimator == "DL":
        w = 1 / v
        return max(0.0, (cochran_q(y, v, 0.0) - (k - 1)) / float(w.sum() - (w**2).sum() / w.sum()))
    slope = _paule_mandel if estimator == "PM" else _reml
    if slope(0.0, y, v) <= 0:
        return 0.0
    high = float(v.max() + np.ptp(y) ** 2)
    while slope(high, y, v) > 0:
        high *= 2
    return float(optimize.brentq(slope, 0.0, high, args=(y, v), xtol=TOLERANCE, rtol=TOLERANCE))


def _paule_mandel(tau2: float, y: Array, v: Array) -> float:
    """0 where Q is what one expects (Paule and Mandel 1982)."""
    return cochran_q(y, v, tau2) - (len(y) - 1)


def _reml(tau2: float, y: Array, v: Array) -> float:
    """The slope of the restricted likelihood, 0 at its top (Viechtbauer 2005)."""
    w = 1 / (v + tau2)
    residual = y - w @ y / w.sum()
    return float((w**2) @ residual**2 - w.sum() + (w**2).sum() / w.sum())
