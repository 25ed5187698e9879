"""Analysis of variance with one factor between persons and one within (split plot), Type III.

Each person's measurements are turned into their mean and into orthonormal contrasts over time; the effect of the groups
is tested on the means, time and its interaction with the groups on the contrasts (Winer, Brown and Michels 1991).
Type III gives every group the same weight, whatever its size, as SPSS and R's afex do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg, stats

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers
from evaluation.model_matrix import named_inverse
from evaluation.shares import names_of, require_columns

Array = npt.NDArray[np.float64]

CONSTANT: Final = "constant"
NOTHING: Final = 1e-24  # of the sum of squares: what rounding leaves of nothing


def repeated_measures(
    data: pd.DataFrame, *, subject: str, between: str, within: str, outcome: str, covariates: str | Sequence[str] = ()
) -> pd.DataFrame:
    """The split-plot analysis of variance of `outcome`, with covariates of the persons if asked.

    Args:
        data: one row a person and measurement. Persons with a measurement, or a covariate, missing are left out and
            counted (`mixed_measures` keeps them).
        subject, between, within: columns of the person, the group and the measurement.
        covariates: numbers that belong to the person, such as age; each is centred, and may change over time.

    Returns:
        term (the name of `between`, of `within`, ``between:within``, and for each covariate its name and
        ``covariate:within``), F, df1, df2, p, partial_eta_squared, epsilon and p_corrected (Greenhouse and Geisser; 1
        and p for what is between persons), n (persons), left_out.

    Raises:
        EvaluationError: `changed_group` when a person is in two groups or has two values of a covariate,
            `duplicate_measurement`, `missing_value` when a row does not say whose or which measurement it is,
            `not_a_number`, `too_few`, `no_variance`, `collinear`.
    """
    covariates = names_of(covariates)
    require_columns(data, [subject, between, within, outcome, *covariates])
    persons = _Persons.of(data, subject, [between, *covariates], within, outcome)
    terms, design = _design(persons.features, between, covariates)
    n, m = persons.table.shape
    k = sum(1 for term in terms if term == between) + 1
    if k < 2 or m < 2 or n <= design.shape[1]:
        raise EvaluationError("too_few", f"{n} whole persons in {k} groups with {m} measurements are too few")
    inverse = named_inverse(design.T @ design, terms, (design**2).sum(axis=0))
    means = _Part.of(persons.table @ np.full((m, 1), m**-0.5), design, inverse)
    over_time = _Part.of(persons.table @ linalg.helmert(m).T, design, inverse)
    least = NOTHING * float((persons.table**2).sum())
    if means.error <= least or over_time.error <= least:
        raise EvaluationError("no_variance", "the persons of a group do not differ, so nothing can be tested")
    place = {term: [at for at, name in enumerate(terms) if name == term] for term in dict.fromkeys(terms)}
    rows = [
        {"term": between} | means.test(place[between]),
        {"term": within} | over_time.test(place[CONSTANT]),
        {"term": f"{between}:{within}"} | over_time.test(place[between]),
    ]
    for name in covariates:
        rows += [{"term": name} | means.test(place[name]), {"term": f"{name}:{within}"} | over_time.test(place[name])]
    return pd.DataFrame(rows).assign(n=n, left_out=persons.left_out)


@dataclass(frozen=True)
class _Persons:
    """`table`: persons x measurements, those with every value; `features`: what each is; `left_out`: how many lack."""

    table: Array
    features: pd.DataFrame
    left_out: int

    @classmethod
    def of(cls, data: pd.DataFrame, subject: str, features: Sequence[str], within: str, outcome: str) -> "_Persons":
        for name in (subject, within):
            if data[name].isna().any():
                raise EvaluationError("missing_value", f"{int(data[name].isna().sum())} rows have no {name}")
        if data.duplicated([subject, within]).any():
            raise EvaluationError("duplicate_measurement", f"a person has two rows with the same {within}")
        grouped = data.groupby(subject, observed=True)[list(features)]
        changed = (grouped.nunique() > 1).any()
        if changed.any():
            raise EvaluationError("changed_group", f"a person has two values of {changed.idxmax()}")
        numbers = data[[subject, within]].assign(**{outcome: as_numbers(data[outcome])})
        table = numbers.pivot(index=subject, columns=within, values=outcome)
        known = grouped.first().reindex(table.index)
        whole = table.notna().all(axis=1) & known.notna().all(axis=1)
        return cls(table[whole].to_numpy(), known[whole], int((~whole).sum()))


def _design(features: pd.DataFrame, between: str, covariates: Sequence[str]) -> tuple[list[str], Array]:
    """A constant, the groups as sums to zero (so that each weighs the same), and the covariates less their means."""
    codes, levels = pd.factorize(features[between], sort=True)
    sums = np.eye(len(levels))[codes]
    columns = [np.ones((len(features), 1)), sums[:, :-1] - sums[:, -1:]]
    for name in covariates:
        values = as_numbers(features[name])
        columns.append((values - values.mean()).to_numpy(dtype=float)[:, None])
    return [CONSTANT, *[between] * (len(levels) - 1), *covariates], np.hstack(columns)


@dataclass(frozen=True)
class _Part:
    """Contrasts of the persons (q of them), regressed on the design."""

    slopes: Array  # terms x q
    inverse: Array  # (X'X)^-1
    scatter: Array  # q x q, of the persons about what the design foretells
    persons: int

    @classmethod
    def of(cls, contrasts: Array, design: Array, inverse: Array) -> "_Part":
        slopes = inverse @ (design.T @ contrasts)
        residual = contrasts - design @ slopes
        return cls(slopes, inverse, residual.T @ residual, len(contrasts))

    @property
    def error(self) -> float:
        return float(np.trace(self.scatter))

    @property
    def error_df(self) -> int:
        return (self.persons - len(self.slopes)) * len(self.scatter)

    @property
    def epsilon(self) -> float:
        """Greenhouse and Geisser's (1959) departure from sphericity."""
        return self.error**2 / (len(self.scatter) * float((self.scatter**2).sum()))

    def test(self, places: Sequence[int]) -> dict[str, float]:
        """That the slopes at these places of the design are nothing."""
        chosen = self.slopes[list(places)]
        effect = float(np.trace(chosen.T @ np.linalg.solve(self.inverse[np.ix_(places, places)], chosen)))
        df1, epsilon = len(places) * len(self.scatter), self.epsilon
        statistic = effect / df1 / (self.error / self.error_df)
        return {
            "F": statistic,
            "df1": df1,
            "df2": self.error_df,
            "p": float(stats.f.sf(statistic, df1, self.error_df)),
            "partial_eta_squared": effect / (effect + self.error),
            "epsilon": epsilon,
            "p_corrected": float(stats.f.sf(statistic, df1 * epsilon, self.error_df * epsilon)),
        }
