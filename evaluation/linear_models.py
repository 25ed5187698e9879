"""Linear probability models: least squares with covariates, interactions, absorbed effects and clustered errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.linalg import block_diag

from evaluation.absorption import Absorbed, indicators, without_effects
from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, one_name, two_sided, whole_rows
from evaluation.model_matrix import model_columns, named_inverse
from evaluation.shares import names_of, require_columns

Array = npt.NDArray[np.float64]
Factor = Literal["stata", "nested"]
FACTORS: Final = ("stata", "nested")
CONSTANT: Final = "constant"


@dataclass(frozen=True)
class LinearModel:
    """A fitted model.

    `table`: term, estimate, se, t, p, ci_low, ci_high (95 %). `r2` is the share of the outcome's whole variance that
    terms and absorbed effects account for, `mean` the outcome's mean, `n` the rows used, `left_out` the rows with a
    value missing. `covariance` names the convention of the standard errors, `df` the degrees of freedom of t,
    `coefficients` how many the model has with the absorbed ones, `clusters` how many clusters (0 without), `alone` the
    rows that are the only one of their level of an absorbed effect: they are kept and counted, and tell nothing.
    """

    table: pd.DataFrame
    r2: float
    n: int
    mean: float
    left_out: int
    covariance: str
    df: int
    coefficients: int
    clusters: int
    alone: int
    variances: pd.DataFrame = field(repr=False)

    def combination(self, weights: Mapping[str, float], alpha: float = 0.05) -> dict[str, float]:
        """A weighted sum of terms, such as the effect in a subgroup: estimate, se, t, p, ci_low, ci_high (1 - alpha).

        Raises:
            EvaluationError: `unknown_term`.
        """
        estimates = self.table.set_index("term")["estimate"]
        unknown = [term for term in weights if term not in estimates.index]
        if unknown:
            raise EvaluationError("unknown_term", f"the model has no term {unknown[0]}")
        weight = pd.Series(weights).reindex(estimates.index, fill_value=0.0).to_numpy(dtype=float)
        se = float(np.sqrt(weight @ self.variances.to_numpy() @ weight))
        row = inference(np.array([weight @ estimates.to_numpy()]), np.array([se]), self.df, alpha)
        return {name: float(values[0]) for name, values in row.items()}


def linear_probability(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: str | Sequence[str] = (),
    interactions: str | Sequence[str | tuple[str, str]] = (),
    absorb: str | Sequence[str] = (),
    cluster: str | None = None,
    factor: Factor = "stata",
) -> LinearModel:
    """Regress `outcome` on `treatment`, covariates, interactions and absorbed effects.

    Args:
        data: one row an observation. Rows with a value missing in any column used are left out and counted.
        treatment: 0 and 1, or words with one level more than ``control``.
        covariates: numbers, or words (one term a level).
        interactions: covariates to multiply by the treatment, or pairs; main effects are brought along.
        absorb: columns whose levels each get an effect of their own, such as office and year-month.
        cluster: column of the clusters; without it standard errors are classical and t has n - k degrees of freedom.
        factor: with clusters, the small-sample factor G/(G-1) (n-1)/(n-k). ``stata`` counts every absorbed effect in k,
            as Stata's ``regress, vce(cluster)`` and ``areg`` do; ``nested`` leaves out effects that lie within
            clusters, as ``reghdfe`` and R's ``fixest`` do. t has G - 1 degrees of freedom.

    Raises:
        EvaluationError: `unknown_outcome` for a column that is not there, `duplicate_column`, `not_a_number`,
            `no_contrast` when everybody has the same treatment, `collinear` naming the term, `no_variance`, `too_few`,
            `bad_option` when the outcome is to explain itself, `unknown_factor`.
    """
    if factor not in FACTORS:
        raise EvaluationError("unknown_factor", f"factor is one of {', '.join(FACTORS)}")
    outcome, treatment = one_name(outcome, "outcome"), one_name(treatment, "treatment")
    cluster = one_name(cluster, "cluster") if cluster is not None else None
    parts = _Parts(treatment, names_of(covariates), _pairs(interactions), names_of(absorb), cluster)
    chosen = _complete(data, outcome, parts)
    terms = model_columns(chosen, treatment=treatment, covariates=parts.covariates, interactions=parts.interactions)
    fit = _fit(as_numbers(chosen[outcome]).to_numpy(dtype=float), terms, [chosen[name] for name in parts.absorb])
    groups = None if cluster is None else pd.factorize(chosen[cluster])[0]
    nested = _nested(chosen, parts.absorb, cluster) if cluster and factor == "nested" else 0
    variances, df, convention = _variances(fit, groups, nested, factor)
    numbers = inference(fit.estimates, np.sqrt(np.diag(variances)), df)
    return LinearModel(
        table=pd.DataFrame({"term": fit.terms} | numbers),
        r2=1 - float(fit.residuals @ fit.residuals) / fit.total,
        n=len(chosen),
        mean=fit.mean,
        left_out=len(data) - len(chosen),
        covariance=convention,
        df=df,
        coefficients=fit.coefficients,
        clusters=0 if groups is None else int(groups.max()) + 1,
        alone=fit.alone,
        variances=pd.DataFrame(variances, index=fit.terms, columns=fit.terms),
    )


@dataclass(frozen=True)
class _Parts:
    """The columns that a model is made of, apart from its outcome."""

    treatment: str
    covariates: list[str]
    interactions: list[str | tuple[str, str]]
    absorb: list[str]
    cluster: str | None

    @property
    def names(self) -> list[str]:
        products = [name for part in self.interactions for name in names_of(part)]
        clusters = [self.cluster] if self.cluster else []
        return list(dict.fromkeys([self.treatment, *self.covariates, *products, *self.absorb, *clusters]))


def _pairs(interactions: str | Sequence[str | tuple[str, str]]) -> list[str | tuple[str, str]]:
    pairs: list[Any] = names_of(cast(Sequence[str], interactions))
    strange = [pair for pair in pairs if not isinstance(pair, str) and not (isinstance(pair, tuple) and len(pair) == 2)]
    if strange:
        raise EvaluationError("bad_option", f"an interaction is a column or a pair of columns, not {strange[0]!r:.60}")
    return list(pairs)


def _complete(data: pd.DataFrame, outcome: str, parts: _Parts) -> pd.DataFrame:
    if outcome in parts.names:
        raise EvaluationError("bad_option", f"{outcome} is the outcome: it cannot explain itself")
    require_columns(data, [outcome, *parts.names])
    return whole_rows(data, [outcome, *parts.names])


@dataclass(frozen=True)
class _Fit:
    """Least squares on what the absorbed effects, or the mean, leave of the columns.

    `design` (rows x terms, the constant among them where nothing is absorbed) and `inverse`, that of its
    cross-products, are of the columns less their means; `back` turns estimates into those of the columns as given.
    """

    terms: list[str]
    design: Array
    inverse: Array
    back: Array
    estimates: Array
    residuals: Array
    mean: float  # of the outcome
    total: float  # its sum of squares about the mean
    coefficients: int
    alone: int


def _fit(outcome: Array, terms: pd.DataFrame, effects: Sequence[pd.Series]) -> _Fit:
    mean = float(outcome.mean())
    total = float(((outcome - mean) ** 2).sum())
    if total == 0:
        raise EvaluationError("no_variance", "the outcome does not vary, so there is nothing to explain")
    names = [str(name) for name in terms.columns]
    given = np.column_stack([outcome, terms.to_numpy(dtype=float)])
    means = given.mean(axis=0)
    absorbed = without_effects(given, effects) if effects else Absorbed(given - means, 1)
    design, y = absorbed.columns[:, 1:], absorbed.columns[:, 0]
    inverse = named_inverse(design.T @ design, names, (given[:, 1:] ** 2).sum(axis=0))
    coefficients = len(names) + absorbed.rank
    if len(y) <= coefficients:
        raise EvaluationError("too_few", f"{len(y)} rows are too few for {coefficients} coefficients")
    slopes = inverse @ (design.T @ y)
    slopes += inverse @ (design.T @ (y - design @ slopes))  # takes away what rounding left
    residuals = y - design @ slopes
    if effects:
        back = np.eye(len(names))
        return _Fit(names, design, inverse, back, slopes, residuals, mean, total, coefficients, absorbed.alone)
    back = np.eye(len(names) + 1)
    back[-1, :-1] = -means[1:]
    design = np.column_stack([design, np.ones(len(y))])
    inverse = block_diag(inverse, 1 / len(y))
    estimates = back @ np.append(slopes, means[0])
    return _Fit([*names, CONSTANT], design, inverse, back, estimates, residuals, mean, total, coefficients, 0)


def _nested(data: pd.DataFrame, absorb: Sequence[str], cluster: str) -> int:
    """Absorbed coefficients that lie within clusters: every level but the one that stands for the constant."""
    within = [name for name in absorb if (data.groupby(name, observed=True)[cluster].nunique() == 1).all()]
    return sum(data[name].nunique() for name in within) - bool(within)


def _variances(fit: _Fit, groups: Any, nested: int, factor: str) -> tuple[Array, int, str]:
    n, k = len(fit.residuals), fit.coefficients - nested
    if groups is None:
        variances = fit.inverse * (float(fit.residuals @ fit.residuals) / (n - k))
        return fit.back @ variances @ fit.back.T, n - k, "classical"
    count = int(groups.max()) + 1
    if count < 2:
        raise EvaluationError("too_few", "clustered standard errors need at least two clusters")
    scores = indicators(groups).T @ (fit.design * fit.residuals[:, None])
    bread = fit.back @ fit.inverse
    meat = scores.T @ scores * (count / (count - 1) * (n - 1) / (n - k))
    return np.asarray(bread @ meat @ bread.T), count - 1, f"cluster ({factor})"


def inference(estimates: Array, se: Array, df: int, alpha: float = 0.05) -> dict[str, Array]:
    """Columns estimate, se, t, p, ci_low, ci_high (1 - alpha) of estimates, by t with `df` degrees of freedom."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = estimates / se
    reach = stats.t.ppf(two_sided(alpha), df) * se
    p = np.asarray(2 * stats.t.sf(np.abs(t), df))
    return {
        "estimate": estimates,
        "se": se,
        "t": t,
        "p": p,
        "ci_low": estimates - reach,
        "ci_high": estimates + reach,
    }
