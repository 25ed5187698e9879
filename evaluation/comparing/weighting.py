"""Who comes into which measure, and the difference between groups that are made alike by weights.

The probability of the measure is a logit of what is known at the start. Weighting by its inverse (Hájek's ratio) makes
the groups alike; the doubly robust estimate (Robins, Rotnitzky and Zhao 1994) also predicts the outcome in each group,
and is right when either of the two models is. Standard errors come from the estimates' influence functions, summed by
cluster; that of the weighted one knows that the probabilities were estimated (Lunceford and Davidian 2004).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, one_name
from evaluation.model_matrix import named_inverse, terms_of
from evaluation.shares import names_of, require_columns

Array = npt.NDArray[np.float64]

ROUNDS: Final = 50
SETTLED: Final = 1e-10
CERTAIN: Final = 1e-6  # nobody's place may be as good as certain: no one in the other group is then like them


@dataclass(frozen=True)
class Selection:
    """The model of the probability of the treatment.

    `table`: term, estimate (log odds), se, z, p, odds_ratio, ci_low, ci_high (of the odds ratio); `probability`: one a
    row, in the order of the data; `pseudo_r2`: McFadden's.
    """

    table: pd.DataFrame
    probability: Array
    pseudo_r2: float
    n: int


def selection_model(data: pd.DataFrame, *, treatment: str, covariates: Sequence[str]) -> Selection:
    """Logistic regression of the treatment on what was known before it.

    Args:
        data: one row a person, complete in every column used.
        covariates: numbers, or words (a term a level but the first).

    Raises:
        EvaluationError: `missing_value`, `not_a_number`, `no_contrast` when only one group is there or the treatment
            is not told by 0 and 1, `collinear`, `no_overlap` when the covariates foretell somebody's group for certain.
    """
    treatment, covariates = one_name(treatment, "treatment"), names_of(covariates)
    z, terms = _design(data, treatment, covariates)
    treated = _zero_or_one(data[treatment])
    if not 0 < treated.mean() < 1:
        raise EvaluationError("no_contrast", "everybody is in the same group")
    estimates, inverse, probability = _logit(z, treated, terms)
    se = np.sqrt(np.diag(inverse))
    reach = stats.norm.ppf(0.975) * se
    known = np.log(np.where(treated == 1, probability, 1 - probability)).sum()
    share = treated.mean()
    nothing = len(treated) * (share * np.log(share) + (1 - share) * np.log(1 - share))
    table = pd.DataFrame(
        {
            "term": terms,
            "estimate": estimates,
            "se": se,
            "z": estimates / se,
            "p": 2 * stats.norm.sf(np.abs(estimates / se)),
            "odds_ratio": np.exp(estimates),
            "ci_low": np.exp(estimates - reach),
            "ci_high": np.exp(estimates + reach),
        }
    )
    return Selection(table, probability, float(1 - known / nothing), len(treated))


def balance(data: pd.DataFrame, *, treatment: str, covariates: Sequence[str], probability: Array) -> pd.DataFrame:
    """How far apart the groups are before and after weighting, in standard deviations (Austin 2009).

    Returns:
        term, smd_before, smd_after: difference of the means over the root of the groups' mean variance before
        weighting.
    """
    treatment, covariates = one_name(treatment, "treatment"), names_of(covariates)
    z, terms = _design(data, treatment, covariates)
    treated = _zero_or_one(data[treatment])
    columns = z[:, 1:]
    weights = treated / probability + (1 - treated) / (1 - probability)
    spread = np.sqrt((columns[treated == 1].var(axis=0, ddof=1) + columns[treated == 0].var(axis=0, ddof=1)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = [_apart(columns, treated, weight) / spread for weight in (np.ones_like(weights), weights)]
    return pd.DataFrame({"term": terms[1:], "smd_before": apart[0], "smd_after": apart[1]})


def weighted_difference(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    cluster: str | None = None,
) -> pd.DataFrame:
    """The average difference that the treatment makes, raw, weighted and doubly robust.

    Args:
        data: one row a person, complete in every column used.

    Returns:
        estimator (raw, weighted, doubly_robust), estimate, se, z, p, ci_low, ci_high, n, clusters.

    Raises:
        EvaluationError: as `selection_model`, and for an outcome that is not there; `no_variance`; `too_few` clusters.
    """
    treatment, covariates = one_name(treatment, "treatment"), names_of(covariates)
    outcome, cluster = one_name(outcome, "outcome"), None if cluster is None else one_name(cluster, "cluster")
    require_columns(data, [outcome, *([] if cluster is None else [cluster])])
    chosen = selection_model(data, treatment=treatment, covariates=covariates)
    z, terms = _design(data, treatment, covariates)
    y, treated = (as_numbers(data[name]).to_numpy() for name in (outcome, treatment))
    if np.isnan(y).any():
        raise EvaluationError("missing_value", f"{outcome} is missing for somebody")
    if np.ptp(y) == 0:
        raise EvaluationError("no_variance", "the outcome does not vary, so there is nothing to explain")
    if cluster is not None and data[cluster].isna().any():
        raise EvaluationError("missing_value", f"{cluster} is missing for somebody")
    codes = np.arange(len(y)) if cluster is None else pd.factorize(data[cluster])[0]
    if codes.max() < 1:
        raise EvaluationError("too_few", "clustered standard errors need at least two clusters")
    part = _Parts(y, treated, z, chosen.probability, terms)
    found = {"raw": part.raw(), "weighted": part.weighted(), "doubly_robust": part.doubly_robust()}
    rows = [{"estimator": name} | _inference(*pair, codes) for name, pair in found.items()]
    return pd.DataFrame(rows).assign(n=len(y), clusters=0 if cluster is None else int(codes.max()) + 1)


@dataclass(frozen=True)
class _Parts:
    y: Array
    treated: Array
    z: Array
    probability: Array
    terms: list[str]

    def raw(self) -> tuple[float, Array]:
        return self._ratio(np.full_like(self.y, self.treated.mean()))

    def weighted(self) -> tuple[float, Array]:
        """Hájek's difference, with its influence less what the estimated probabilities account for."""
        estimate, influence = self._ratio(self.probability)
        e, t = self.probability, self.treated
        first, second = self._levels(e)
        slope = t * (self.y - first) * (1 - e) / e + (1 - t) * (self.y - second) * e / (1 - e)
        information = (self.z * (e * (1 - e))[:, None]).T @ self.z
        along = np.linalg.solve(information, (self.z * slope[:, None]).sum(axis=0))
        return estimate, influence - (self.z * (t - e)[:, None]) @ along

    def doubly_robust(self) -> tuple[float, Array]:
        e, t = self.probability, self.treated
        first, second = (self._predicted(t == arm) for arm in (1, 0))
        gain = first - second + t * (self.y - first) / e - (1 - t) * (self.y - second) / (1 - e)
        return float(gain.mean()), gain - gain.mean()

    def _predicted(self, rows: npt.NDArray[np.bool_]) -> Array:
        """Everybody's outcome as a regression among one group foretells it."""
        part = self.z[rows]
        inverse = named_inverse(part.T @ part, self.terms, (part**2).sum(axis=0))
        return np.asarray(self.z @ (inverse @ (part.T @ self.y[rows])))

    def _levels(self, e: Array) -> tuple[float, float]:
        t = self.treated
        one, other = t / e, (1 - t) / (1 - e)
        return float(one @ self.y / one.sum()), float(other @ self.y / other.sum())

    def _ratio(self, e: Array) -> tuple[float, Array]:
        t, (first, second) = self.treated, self._levels(e)
        influence = t * (self.y - first) / e - (1 - t) * (self.y - second) / (1 - e)
        return first - second, influence


def _inference(estimate: float, influence: Array, codes: npt.NDArray[np.int64]) -> dict[str, float]:
    sums = np.bincount(codes, influence)
    count = len(sums)
    se = float(np.sqrt((sums**2).sum() * count / (count - 1))) / len(influence)
    reach = float(stats.norm.ppf(0.975)) * se
    z = estimate / se
    return {
        "estimate": estimate,
        "se": se,
        "z": z,
        "p": float(2 * stats.norm.sf(abs(z))),
        "ci_low": estimate - reach,
        "ci_high": estimate + reach,
    }


def _design(data: pd.DataFrame, treatment: str, covariates: Sequence[str]) -> tuple[Array, list[str]]:
    used = [treatment, *covariates]
    require_columns(data, used)
    missing = [name for name in used if data[name].isna().any()]
    if missing:
        raise EvaluationError("missing_value", f"{missing[0]} is missing for somebody")
    columns = {"constant": np.ones(len(data))}
    for name in covariates:
        columns |= {term: values.to_numpy() for term, values in terms_of(data[name]).items()}
    return np.column_stack(list(columns.values())), list(columns)


def _zero_or_one(treatment: "pd.Series[Any]") -> Array:
    treated = as_numbers(treatment).to_numpy()
    if not np.isin(treated, (0, 1)).all():
        raise EvaluationError("no_contrast", f"{treatment.name} is 1 for the treated and 0 for the others")
    return np.asarray(treated, dtype=np.float64)


def _logit(z: Array, treated: Array, terms: list[str]) -> tuple[Array, Array, Array]:
    """Newton's steps on standardised columns; estimates, their variances, and everybody's probability."""
    scale = np.where(z.std(axis=0) > 0, z.std(axis=0), 1.0)
    columns = z / scale
    estimates = np.zeros(z.shape[1])
    given = (columns**2).sum(axis=0)
    named_inverse(columns.T @ columns, terms, given)
    for _ in range(ROUNDS):
        probability = special.expit(columns @ estimates)
        if ((probability < CERTAIN) | (probability > 1 - CERTAIN)).any():
            raise EvaluationError("no_overlap", "the covariates foretell somebody's group for certain")
        weights = probability * (1 - probability)
        inverse = np.linalg.inv((columns * weights[:, None]).T @ columns)
        step = inverse @ (columns.T @ (treated - probability))
        estimates = estimates + step
        if np.abs(step).max() < SETTLED:
            return estimates / scale, inverse / np.outer(scale, scale), special.expit(columns @ estimates)
    raise EvaluationError("no_overlap", f"the model of the groups did not settle in {ROUNDS} rounds")


def _apart(columns: Array, treated: Array, weights: Array) -> Array:
    one, other = treated == 1, treated == 0
    return np.asarray(
        np.average(columns[one], axis=0, weights=weights[one])
        - np.average(columns[other], axis=0, weights=weights[other])
    )
