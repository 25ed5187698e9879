"""Meta-regression: whether something about the studies explains why their effects differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.model_matrix import refuse_collinear, terms_of
from evaluation.review.effect_sizes import measure_called
from evaluation.review.meta import Tau2
from evaluation.review.pooling import Rule, heterogeneity_share
from evaluation.review.weighting import Array, Weighted, between_study_variance, weighted
from evaluation.shares import names_of, require_columns

Places = npt.NDArray[np.intp]

INTERCEPT = "intercept"


@dataclass(frozen=True)
class MetaRegression:
    """`table`: term, estimate, se, statistic, p, ci_low, ci_high, on the additive scale (logarithms for ratios).

    `tau2` is what is left between the studies, `i2` its share of all variation, `r2` the share of the variance between
    studies that the moderators explain (missing where there was none). `q_e` tests what is left (`q_e_df`, `q_e_p`),
    `q_m` the moderators together: chi-square with `q_m_df` degrees of freedom, or F after Hartung and Knapp.
    """

    table: pd.DataFrame
    studies: int
    tau2: float
    i2: float
    r2: float
    q_e: float
    q_e_df: int
    q_e_p: float
    q_m: float
    q_m_df: int
    q_m_p: float
    convention: str


def meta_regression(
    studies: pd.DataFrame,
    *,
    measure: str,
    moderators: str | Sequence[str],
    tau2: Tau2 = "REML",
    hartung_knapp: bool = False,
) -> MetaRegression:
    """Explain the effects of the studies by their own features (Thompson and Higgins 2002; Viechtbauer 2010).

    Args:
        studies: one row a study, as `meta_analysis`.
        measure: as `meta_analysis`.
        moderators: columns of `studies`: numbers as they are, words as one term a level but the first.
        tau2: estimator of the variance left between studies: DL, PM, REML or SJ.
        hartung_knapp: Knapp and Hartung's (2003) variance, with t and F.

    Raises:
        EvaluationError: `no_moderators`; `bad_study` where a study lacks a moderator; `too_few` where there are no
            more studies than terms; `collinear`; and as `meta_analysis`.
    """
    if not moderators:
        raise EvaluationError("no_moderators", "name at least one column that may explain the effects")
    moderators = names_of(moderators)
    rule = Rule(measure_called(measure), tau2=tau2, hartung_knapp=hartung_knapp)
    effects, sizes = rule.sizes(studies)
    columns = _columns(sizes.studies, moderators, np.flatnonzero(effects["reason"] == ""))
    x, y, v = columns.to_numpy(dtype=float), sizes.y, sizes.v
    between = between_study_variance(y, v, tau2, x)
    fit = weighted(y, v, x, between)
    scale = fit.q / fit.df if hartung_knapp else 1.0
    left = weighted(y, v, x)
    before = between_study_variance(y, v, tau2)
    q_m, q_m_p = _moderators_test(fit, scale, hartung_knapp=hartung_knapp)
    return MetaRegression(
        table=_table(columns, fit, scale, hartung_knapp=hartung_knapp),
        studies=len(y),
        tau2=between,
        i2=heterogeneity_share(sizes, between, x),
        r2=max(0.0, 1 - between / before) if before else float("nan"),
        q_e=left.q,
        q_e_df=left.df,
        q_e_p=float(stats.chi2.sf(left.q, left.df)),
        q_m=q_m,
        q_m_df=x.shape[1] - 1,
        q_m_p=q_m_p,
        convention=f"mixed effects; tau2 {tau2}; variance {'Knapp-Hartung' if hartung_knapp else 'normal'}",
    )


def _columns(studies: pd.DataFrame, moderators: Sequence[str], places: Places) -> pd.DataFrame:
    """The terms of the studies that have an effect, which stand at these places among all of them."""
    require_columns(studies, list(moderators))
    lacking = studies[list(moderators)].isna().any(axis=1)
    if lacking.any():
        raise EvaluationError("bad_study", f"row {int(places[lacking.to_numpy().argmax()]) + 1} lacks a moderator")
    terms = {term: column for name in moderators for term, column in terms_of(studies[name]).items()}
    columns = pd.DataFrame({INTERCEPT: 1.0} | terms, index=studies.index)
    if len(columns) <= columns.shape[1]:
        raise EvaluationError("too_few", f"{len(columns)} studies cannot carry {columns.shape[1]} terms")
    refuse_collinear(columns.to_numpy(dtype=float), [str(term) for term in columns])
    return columns


def _table(columns: pd.DataFrame, fit: Weighted, scale: float, *, hartung_knapp: bool) -> pd.DataFrame:
    se: Array = np.sqrt(scale * np.diag(fit.cov))
    df = fit.df if hartung_knapp else np.inf
    statistic, reach = fit.beta / se, stats.t.ppf(0.975, df) * se
    return pd.DataFrame(
        {
            "term": list(columns),
            "estimate": fit.beta,
            "se": se,
            "statistic": statistic,
            "p": 2 * stats.t.sf(np.abs(statistic), df),
            "ci_low": fit.beta - reach,
            "ci_high": fit.beta + reach,
        }
    )


def _moderators_test(fit: Weighted, scale: float, *, hartung_knapp: bool) -> tuple[float, float]:
    beta, cov = fit.beta[1:], scale * fit.cov[1:, 1:]
    wald = float(beta @ np.linalg.solve(cov, beta))
    if hartung_knapp:
        return wald / len(beta), float(stats.f.sf(wald / len(beta), len(beta), fit.df))
    return wald, float(stats.chi2.sf(wald, len(beta)))
