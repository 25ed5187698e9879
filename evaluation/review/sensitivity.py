"""How much a review rests on each of its studies."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.review.meta import MetaAnalysis, study_names
from evaluation.review.pooling import Pooled, Sizes
from evaluation.review.weighting import Array

LEAST_STUDIES: Final = 3
MEDIAN_CHI2: Final = float(stats.chi2.ppf(0.5, 1))


def leave_one_out(studies: pd.DataFrame, found: MetaAnalysis) -> pd.DataFrame:
    """The review without each of its studies in turn, added up by the same rule.

    Args:
        studies: the rows that `found` was made from.
        found: the meta-analysis of all of them.

    Returns:
        study (left out), estimate, ci_low, ci_high, p, tau2, q, i2 of the others.

    Raises:
        EvaluationError: `too_few` below three studies with an effect.
    """
    sizes = _enough(studies, found)
    rows = [_summary(found.rule.shown(found.rule.pooled(sizes.only(kept))[0])) for kept in _without_each(sizes)]
    return pd.DataFrame(rows).assign(study=study_names(sizes.studies).to_numpy())[["study", *rows[0]]]


def influence(studies: pd.DataFrame, found: MetaAnalysis) -> pd.DataFrame:
    """What each study does to the sum (Viechtbauer and Cheung 2010), on the additive scale.

    Returns:
        study, rstudent (standardised distance from the others' sum), dffits, cook (Cook's distance), cov_ratio,
        tau2_without, q_without, weight (share of 1; also the study's leverage), influential: beyond the limits of that
        paper (dffits above 3 sqrt(1 / (k - 1)), Cook's distance beyond the median of chi-square with one degree of
        freedom, weight above 3 / k).

    Raises:
        EvaluationError: `too_few` below three studies; `unknown_model` for Mantel-Haenszel weights.
    """
    if found.rule.weights != "IV":
        raise EvaluationError("unknown_model", "influence is defined for inverse-variance weights")
    sizes = _enough(studies, found)
    whole, weights = found.rule.pooled(sizes)
    share = weights / weights.sum()
    others = [found.rule.pooled(sizes.only(kept))[0] for kept in _without_each(sizes)]
    columns = _distances(sizes, whole, others, share)
    k = len(sizes)
    beyond = (np.abs(columns["dffits"]) > 3 * np.sqrt(1 / (k - 1))) | (columns["cook"] > MEDIAN_CHI2) | (share > 3 / k)
    return pd.DataFrame(
        {"study": study_names(sizes.studies).to_numpy()} | columns | {"weight": share, "influential": beyond}
    )


def _distances(sizes: Sizes, whole: Pooled, others: list[Pooled], hat: Array) -> dict[str, Array]:
    estimate, se, tau2 = (np.array([getattr(part, name) for part in others]) for name in ("estimate", "se", "tau2"))
    moved = whole.estimate - estimate
    return {
        "rstudent": (sizes.y - estimate) / np.sqrt(sizes.v + se**2 + tau2),
        "dffits": moved / np.sqrt(hat * (tau2 + sizes.v)),
        "cook": moved**2 / whole.se**2,
        "cov_ratio": se**2 / whole.se**2,
        "tau2_without": tau2,
        "q_without": np.array([part.q for part in others]),
    }


def _enough(studies: pd.DataFrame, found: MetaAnalysis) -> Sizes:
    sizes = found.rule.sizes(studies)[1]
    if len(sizes) < LEAST_STUDIES:
        raise EvaluationError("too_few", f"{len(sizes)} studies: nothing is learnt by leaving one out")
    return sizes


def _without_each(sizes: Sizes) -> Iterator[np.ndarray]:
    places = np.arange(len(sizes))
    return (places != place for place in places)


def _summary(pooled: Pooled) -> dict[str, float]:
    return {name: getattr(pooled, name) for name in ("estimate", "ci_low", "ci_high", "p", "tau2", "q", "i2")}
