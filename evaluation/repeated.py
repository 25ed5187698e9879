"""Analysis of variance with one factor between persons and one within (split plot), Type III.

Each person's measurements are turned into their mean and into orthonormal contrasts over time; the effect of the groups
is tested on the means, time and its interaction with the groups on the contrasts (Winer, Brown and Michels 1991).
Type III gives every group the same weight, whatever its size, as SPSS and R's afex do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg, stats

from evaluation.errors import EvaluationError
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]


def repeated_measures(data: pd.DataFrame, *, subject: str, between: str, within: str, outcome: str) -> pd.DataFrame:
    """The split-plot analysis of variance of `outcome`.

    Args:
        data: one row a person and measurement. Persons with a measurement missing are left out and counted.
        subject, between, within: columns of the person, the group and the measurement.

    Returns:
        term (the name of `between`, of `within`, and ``between:within``), F, df1, df2, p, partial_eta_squared,
        epsilon and p_corrected (Greenhouse and Geisser; 1 and p for `between`), n (persons), left_out.

    Raises:
        EvaluationError: `changed_group` when a person is in two groups, `duplicate_measurement`, `too_few`,
            `no_variance`.
    """
    require_columns(data, [subject, between, within, outcome])
    table, group, left_out = _wide(data, subject, between, within, outcome)
    groups = pd.factorize(group, sort=True)[0]
    n, m = table.shape
    k = int(groups.max(initial=-1)) + 1
    if k < 2 or m < 2 or n <= k:
        raise EvaluationError("too_few", f"{n} whole persons in {k} groups with {m} measurements are too few")
    means, contrasts = table @ np.full((m, 1), m**-0.5), table @ linalg.helmert(m).T
    between_part = _Part.of(means, groups, k)
    within_part = _Part.of(contrasts, groups, k)
    if between_part.error == 0 or within_part.error == 0:
        raise EvaluationError("no_variance", "the persons of a group do not differ, so nothing can be tested")
    rows = [
        {"term": between} | between_part.test(between_part.of_groups(), k - 1),
        {"term": within} | within_part.test(within_part.of_level(), m - 1),
        {"term": f"{between}:{within}"} | within_part.test(within_part.of_groups(), (m - 1) * (k - 1)),
    ]
    return pd.DataFrame(rows).assign(n=n, left_out=left_out)


def _wide(
    data: pd.DataFrame, subject: str, between: str, within: str, outcome: str
) -> tuple[Array, npt.NDArray[Any], int]:
    """Persons x measurements, the group of each, and how many persons lack a measurement."""
    if data.duplicated([subject, within]).any():
        raise EvaluationError("duplicate_measurement", f"a person has two rows with the same {within}")
    groups = data.groupby(subject, observed=True)[between]
    if (groups.nunique() > 1).any():
        raise EvaluationError("changed_group", f"a person has two values of {between}")
    table = data.pivot(index=subject, columns=within, values=outcome).astype(float)
    whole = table.notna().all(axis=1) & groups.first().notna().reindex(table.index)
    return table[whole].to_numpy(), groups.first().reindex(table.index)[whole].to_numpy(), int((~whole).sum())


@dataclass(frozen=True)
class _Part:
    """Contrasts of the persons, their means by group, and the scatter of the persons about them."""

    means: Array  # groups x contrasts
    sizes: npt.NDArray[np.int64]
    scatter: Array  # contrasts x contrasts

    @classmethod
    def of(cls, contrasts: Array, groups: npt.NDArray[np.int64], k: int) -> "_Part":
        sizes = np.bincount(groups, minlength=k)
        means = np.stack([contrasts[groups == group].mean(axis=0) for group in range(k)])
        residual = contrasts - means[groups]
        return cls(means, sizes, residual.T @ residual)

    @property
    def error(self) -> float:
        return float(np.trace(self.scatter))

    @property
    def error_df(self) -> int:
        return int(self.sizes.sum() - len(self.sizes)) * len(self.scatter)

    @property
    def epsilon(self) -> float:
        """Greenhouse and Geisser's (1959) departure from sphericity."""
        return self.error**2 / (len(self.scatter) * float((self.scatter**2).sum()))

    def of_groups(self) -> float:
        """Sum of squares of the differences between the groups."""
        overall = self.sizes @ self.means / self.sizes.sum()
        return float(self.sizes @ ((self.means - overall) ** 2).sum(axis=1))

    def of_level(self) -> float:
        """Sum of squares of the groups' unweighted mean."""
        return float((self.means.mean(axis=0) ** 2).sum() * len(self.sizes) ** 2 / (1 / self.sizes).sum())

    def test(self, effect: float, df1: int) -> dict[str, float]:
        statistic = effect / df1 / (self.error / self.error_df)
        epsilon = self.epsilon
        return {
            "F": statistic,
            "df1": df1,
            "df2": self.error_df,
            "p": float(stats.f.sf(statistic, df1, self.error_df)),
            "partial_eta_squared": effect / (effect + self.error),
            "epsilon": epsilon,
            "p_corrected": float(stats.f.sf(statistic, df1 * epsilon, self.error_df * epsilon)),
        }
