"""Repeated measurements when some are missing: a mixed model, which keeps everybody with at least one.

A level of each person (random intercept) and fixed effects of group, measurement and both, by restricted maximum
likelihood (Laird and Ware 1982). Right when what is missing depends on what was measured, not on what was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers
from evaluation.model_matrix import named_inverse
from evaluation.shares import names_of, require_columns


@dataclass(frozen=True)
class MixedMeasures:
    """`tests`: term, chi2, df, p (Wald). `estimates`: term, estimate, se, z, p, ci_low, ci_high; each level against
    the unweighted mean of all. `person_variance` and `residual_variance` in squared units of the outcome;
    `persons`, `measurements`: how many were used."""

    tests: pd.DataFrame
    estimates: pd.DataFrame
    person_variance: float
    residual_variance: float
    persons: int
    measurements: int


def mixed_measures(
    data: pd.DataFrame, *, subject: str, between: str, within: str, outcome: str, covariates: str | Sequence[str] = ()
) -> MixedMeasures:
    """Group, time and their interaction from every measurement there is.

    Args:
        data: one row a person and measurement; rows without the outcome, the group or a covariate are left out.
        covariates: numbers, such as age; each is centred.

    Raises:
        EvaluationError: `too_few` (two groups and two measurements, and more rows than terms), `no_variance`,
            `collinear` where a group has no measurement of a kind, `not_a_number`, `no_convergence`,
            `duplicate_measurement`, `changed_group` when a person is in two groups.
    """
    covariates = names_of(covariates)
    used = [subject, between, within, outcome, *covariates]
    require_columns(data, used)
    rows = data[used].dropna()
    rows = rows.assign(**{name: as_numbers(rows[name]) for name in (outcome, *covariates)})
    _refuse_contradictions(rows, subject, between, within)
    if rows[between].nunique() < 2 or rows[within].nunique() < 2:
        raise EvaluationError("too_few", "two groups and two measurements are needed")
    design, terms = _design(rows, between, within, covariates)
    if len(rows) <= design.shape[1] + 1 or rows[subject].nunique() == len(rows):
        raise EvaluationError("too_few", f"{len(rows)} measurements are too few, or nobody has more than one")
    if np.ptp(rows[outcome].to_numpy(dtype=float)) == 0:
        raise EvaluationError("no_variance", "the outcome does not vary, so there is nothing to explain")
    x = design.to_numpy()
    names = [str(name) for name in design]
    named_inverse(x.T @ x, names, (x**2).sum(axis=0))
    model = MixedLM(rows[outcome].to_numpy(dtype=float), x, groups=rows[subject].to_numpy())
    fit = model.fit(reml=True, method=["bfgs", "lbfgs", "powell"])
    if not fit.converged:
        raise EvaluationError("no_convergence", "the mixed model did not settle")
    covariance = np.asarray(fit.cov_params())[: x.shape[1], : x.shape[1]]
    return MixedMeasures(
        tests=_tests(np.asarray(fit.fe_params), covariance, terms),
        estimates=_estimates(np.asarray(fit.fe_params), covariance, names),
        person_variance=float(np.asarray(fit.cov_re)[0, 0]),
        residual_variance=float(fit.scale),
        persons=int(rows[subject].nunique()),
        measurements=len(rows),
    )


def _refuse_contradictions(rows: pd.DataFrame, subject: str, between: str, within: str) -> None:
    if rows.duplicated([subject, within]).any():
        raise EvaluationError("duplicate_measurement", f"a person has two rows with the same {within}")
    if (rows.groupby(subject, observed=True)[between].nunique() > 1).any():
        raise EvaluationError("changed_group", f"a person has two values of {between}")


def _design(
    rows: pd.DataFrame, between: str, within: str, covariates: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """Columns by name, and which of them belong to each term; group and time weigh their levels the same."""
    columns: dict[str, Any] = {"constant": np.ones(len(rows))}
    sides = {name: _sums(rows[name]) for name in (between, within)}
    terms: dict[str, list[str]] = {name: list(part) for name, part in sides.items()}
    for part in sides.values():
        columns |= part
    both = f"{between}:{within}"
    products = {f"{a}:{b}": x * y for a, x in sides[between].items() for b, y in sides[within].items()}
    terms[both] = list(products)
    columns |= products
    for name in covariates:
        values = rows[name].to_numpy(dtype=float)
        columns[name], terms[name] = values - values.mean(), [name]
    place = {name: at for at, name in enumerate(columns)}
    return pd.DataFrame(columns), {name: [place[part] for part in parts] for name, parts in terms.items()}


def _sums(column: "pd.Series[Any]") -> dict[str, Any]:
    """One column a level but the last, which is less all the others."""
    codes, levels = pd.factorize(column, sort=True)
    last = codes == len(levels) - 1
    return {f"{column.name}[{level}]": (codes == at).astype(float) - last for at, level in enumerate(levels[:-1])}


def _tests(estimates: Any, covariance: Any, terms: dict[str, list[int]]) -> pd.DataFrame:
    rows = []
    for term, places in terms.items():
        part = covariance[np.ix_(places, places)]
        chi2 = float(estimates[places] @ np.linalg.solve(part, estimates[places]))
        rows.append({"term": term, "chi2": chi2, "df": len(places), "p": float(stats.chi2.sf(chi2, len(places)))})
    return pd.DataFrame(rows)


def _estimates(estimates: Any, covariance: Any, names: list[str]) -> pd.DataFrame:
    se = np.sqrt(np.diag(covariance))
    reach = stats.norm.ppf(0.975) * se
    return pd.DataFrame(
        {
            "term": names,
            "estimate": estimates,
            "se": se,
            "z": estimates / se,
            "p": 2 * stats.norm.sf(np.abs(estimates / se)),
            "ci_low": estimates - reach,
            "ci_high": estimates + reach,
        }
    )
