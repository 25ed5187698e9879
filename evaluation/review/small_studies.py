"""Whether small studies show larger effects, as they do when those without an effect stay in a drawer."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.review.meta import MetaAnalysis
from evaluation.review.pooling import Pooled, Rule, Sizes
from evaluation.review.weighting import Array, between_study_variance, weighted

LEAST_STUDIES: Final = 3
RECOMMENDED_STUDIES: Final = 10  # the Cochrane handbook asks for ten before asymmetry is tested
MOST_ROUNDS: Final = 100


@dataclass(frozen=True)
class Asymmetry:
    """Egger's test: `slope` of the effect on its standard error, its `se`, `t`, `df`, `p`; `limit` is the effect that
    a study without sampling error would show, with its interval (on the measure's own scale).

    `too_few`: fewer than ten studies, of which the Cochrane handbook says that the test tells little.
    """

    slope: float
    se: float
    t: float
    df: int
    p: float
    limit: float
    limit_ci: tuple[float, float]
    too_few: bool


@dataclass(frozen=True)
class TrimAndFill:
    """`missing`: how many studies seem to lack on `side`, with its standard error (NaN where the formula has none);
    `filled`: their effect, ci_low, ci_high and se (se on the additive scale); `pooled`: the review with them."""

    side: Literal["left", "right"]
    missing: int
    missing_se: float
    filled: pd.DataFrame
    pooled: Pooled


def egger(studies: pd.DataFrame, found: MetaAnalysis) -> Asymmetry:
    """Egger's regression test of the funnel's asymmetry (Egger, Davey Smith, Schneider and Minder 1997).

    Raises:
        EvaluationError: `too_few` below three studies with an effect, `no_variance` where all are equally large.
    """
    sizes = _enough(studies, found.rule)
    root = np.sqrt(sizes.v)
    if np.ptp(root) < 1e-12 * root.max():
        raise EvaluationError("no_variance", "all studies are equally large: no funnel can be lopsided")
    fit = weighted(sizes.y, sizes.v, np.column_stack([np.ones_like(root), root]))
    limit_se, slope_se = np.sqrt(np.diag(fit.cov) * fit.q / fit.df)
    limit, slope = fit.beta
    t = float(slope / slope_se) if slope_se else float("nan")
    reach = stats.t.ppf(0.975, fit.df) * limit_se
    low, high = (float(found.rule.back(end)) for end in (limit - reach, limit + reach))
    return Asymmetry(
        slope=float(slope),
        se=float(slope_se),
        t=t,
        df=fit.df,
        p=float(2 * stats.t.sf(abs(t), fit.df)),
        limit=float(found.rule.back(limit)),
        limit_ci=(low, high),
        too_few=len(sizes) < RECOMMENDED_STUDIES,
    )


def trim_and_fill(
    studies: pd.DataFrame, found: MetaAnalysis, *, side: Literal["left", "right"] | None = None
) -> TrimAndFill:
    """Add the mirror images of the studies that have no counterpart (Duval and Tweedie 2000, estimator L0).

    Args:
        studies: the rows that `found` was made from.
        found: the review, whose model and estimator are used in every round.
        side: where studies lack; by default the side that the regression of the effects on their errors points to.

    Raises:
        EvaluationError: `too_few` below three studies; `unknown_model` for Mantel-Haenszel weights, which imagined
            studies have no counts for.
    """
    if found.rule.weights != "IV":
        raise EvaluationError("unknown_model", "trim and fill needs inverse-variance weights")
    sizes = _enough(studies, found.rule)
    side = side or _empty_side(sizes, found.rule)
    mirrored = -1.0 if side == "right" else 1.0
    order = np.argsort(mirrored * sizes.y, kind="stable")
    y, v = mirrored * sizes.y[order], sizes.v[order]
    missing, centre, missing_se = _trim(y, v, found.rule)
    extra_y, extra_v = mirrored * (2 * centre - y[len(y) - missing :]), v[len(v) - missing :]
    whole = Sizes(sizes.studies, np.append(sizes.y, extra_y), np.append(sizes.v, extra_v))
    pooled, _ = found.rule.pooled(whole)
    return TrimAndFill(side, missing, missing_se, _filled(extra_y, extra_v, found.rule), found.rule.shown(pooled))


def _trim(y: Array, v: Array, rule: Rule) -> tuple[int, float, float]:
    """How many of the highest effects have no mirror image, the centre without them, and the number's error."""
    k, missing = len(y), 0
    plain = replace(rule, hartung_knapp=False)
    for _ in range(MOST_ROUNDS):
        kept = Sizes(pd.DataFrame(), y[: k - missing], v[: k - missing])
        centre = plain.pooled(kept)[0].estimate
        estimated = _unmatched(y - centre)
        before, missing = missing, round(max(0.0, estimated))
        if missing == before:
            return missing, centre, _error_of(estimated, k)
    raise EvaluationError("no_convergence", f"the number of missing studies did not settle in {MOST_ROUNDS} rounds")


def _unmatched(away: Array) -> float:
    """L0: how far the ranks of the effects above the centre exceed what a symmetric funnel gives."""
    k = len(away)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(away), kind="stable")] = np.arange(1, k + 1)
    return float((4 * ranks[away > 0].sum() - k * (k + 1)) / (2 * k - 1))


def _error_of(missing: float, k: int) -> float:
    variance = (
        k * (k + 1) * (2 * k + 1)
        + 10 * missing**3
        + 27 * missing**2
        + 17 * missing
        - 18 * k * missing**2
        - 18 * k * missing
        + 6 * k**2 * missing
    ) / 24
    return float(4 * np.sqrt(variance) / (2 * k - 1)) if variance >= 0 else float("nan")


def _empty_side(sizes: Sizes, rule: Rule) -> Literal["left", "right"]:
    x = np.column_stack([np.ones_like(sizes.y), np.sqrt(sizes.v)])
    tau2 = between_study_variance(sizes.y, sizes.v, rule.tau2, x) if rule.model == "random" else 0.0
    return "right" if weighted(sizes.y, sizes.v, x, tau2).beta[1] < 0 else "left"


def _filled(y: Array, v: Array, rule: Rule) -> pd.DataFrame:
    reach = stats.norm.ppf(0.975) * np.sqrt(v)
    return pd.DataFrame(
        {
            "effect": rule.back(y),
            "ci_low": rule.back(y - reach),
            "ci_high": rule.back(y + reach),
            "se": np.sqrt(v),
        }
    )


def _enough(studies: pd.DataFrame, rule: Rule) -> Sizes:
    sizes = rule.sizes(studies)[1]
    if len(sizes) < LEAST_STUDIES:
        raise EvaluationError("too_few", f"{len(sizes)} studies: a funnel needs three")
    return sizes
