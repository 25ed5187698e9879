"""Nested linear models side by side, all from one set of cross-products: what each step does to the treatment.

The columns of every step stand in the order of the steps, so that model k is the leading block of the same matrix; the
cross-products are kept by cluster, from which come the scores of clustered errors and, where the clusters themselves
are absorbed in a step, the differences from their means. Nothing is fitted twice and no dummy of a cluster is made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, one_name, whole_rows
from evaluation.linear_models import inference
from evaluation.model_matrix import named_inverse, refuse_one_level, terms_of
from evaluation.shares import names_of, require_columns

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NestedModels:
    """`table`: model (1, 2, ...), added (the step's columns, joined by " + "), estimate, se, t, p, ci_low, ci_high of
    the treatment, change (of its estimate from the model before), r2, coefficients, n.

    `names`: every column that the steps add, in their order. `terms`: model, term, estimate, se, t, p, ci_low, ci_high
    of every term but the constant and the clusters. `n` rows, the same in every model; `left_out` rows with a value
    missing in any; `mean` of the outcome; `covariance` names the convention.
    """

    table: pd.DataFrame
    terms: pd.DataFrame
    names: tuple[str, ...]
    n: int
    left_out: int
    mean: float
    clusters: int
    covariance: str


def nested_models(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    steps: Sequence[str | Sequence[str]],
    cluster: str | None = None,
) -> NestedModels:
    """Regress the outcome on the treatment, then on what each step adds.

    Args:
        data: one row an observation; all models use the rows that have every column.
        treatment: 0 and 1, or two words; the first in the alphabet is compared with, or ``control``.
        steps: columns that each model adds to the one before; an empty step is the treatment alone. Numbers are terms,
            words give one a level but the first. The column of the clusters is absorbed: each cluster then has an
            effect of its own in this model and all after it.
        cluster: column of the clusters: errors are clustered with the factor that counts absorbed effects (Stata's
            ``areg, vce(cluster)``) and t has clusters - 1 degrees of freedom. Without it they are classical.

    Raises:
        EvaluationError: `no_steps`, `unknown_outcome`, `not_a_number`, `no_contrast` unless the treatment has two
            levels, `collinear` naming the term, `no_variance`, `too_few`, `bad_option` when the outcome is a step.
    """
    if not steps:
        raise EvaluationError("no_steps", "name at least one step; an empty one is the treatment alone")
    outcome, treatment = one_name(outcome, "outcome"), one_name(treatment, "treatment")
    cluster = one_name(cluster, "cluster") if cluster is not None else None
    steps = [names_of(step) for step in _in_order(steps)]
    names = [name for step in steps for name in step]
    used = list(dict.fromkeys([treatment, *names, *([cluster] if cluster else [])]))
    if outcome in used:
        raise EvaluationError("bad_option", f"{outcome} is the outcome: it cannot explain itself")
    require_columns(data, [outcome, *used])
    rows = whole_rows(data, [outcome, *used])
    plan = _Plan.of(rows, treatment, steps, cluster)
    told = as_numbers(rows[outcome]).to_numpy(dtype=float)
    sums = _Sums.of(plan.columns, told, rows[cluster] if cluster else None)
    fits = [sums.fit(width, plan.terms, absorbed=absorbed) for width, absorbed in plan.models]
    return NestedModels(
        table=_table(fits, steps),
        terms=pd.concat([fit.table.assign(model=place) for place, fit in enumerate(fits, start=1)], ignore_index=True),
        names=tuple(names),
        n=len(rows),
        left_out=len(data) - len(rows),
        mean=float(told.mean()),
        clusters=len(sums.sizes) if cluster else 0,
        covariance="cluster (stata)" if cluster else "classical",
    )


def _in_order(steps: str | Sequence[str | Sequence[str]]) -> Sequence[str | Sequence[str]]:
    if not isinstance(steps, Iterable):
        raise EvaluationError("bad_option", f"steps are a list of columns, or of lists of them: not {steps!r:.60}")
    return [steps] if isinstance(steps, str) else list(steps)


def _table(fits: Sequence["_Fitted"], steps: Sequence[Sequence[str]]) -> pd.DataFrame:
    first = pd.concat([fit.table.iloc[:1] for fit in fits], ignore_index=True).drop(columns="term")
    first.insert(0, "model", range(1, len(fits) + 1))
    first.insert(1, "added", [" + ".join(step) for step in steps])
    return first.assign(
        change=first["estimate"].diff(),
        r2=[fit.r2 for fit in fits],
        coefficients=[fit.coefficients for fit in fits],
        n=[fit.n for fit in fits],
    )


@dataclass(frozen=True)
class _Plan:
    """`columns` (rows x terms) in the order of the steps; `models`: how many terms each has, and whether the clusters
    are absorbed."""

    columns: Array
    terms: list[str]
    models: list[tuple[int, bool]]

    @classmethod
    def of(cls, rows: pd.DataFrame, treatment: str, steps: Sequence[Sequence[str]], cluster: str | None) -> "_Plan":
        columns = dict(terms_of(rows[treatment]))
        if len(columns) != 1 or rows[treatment].nunique() != 2:
            raise EvaluationError("no_contrast", f"{treatment} has {rows[treatment].nunique()} levels, not two")
        models, absorbed = [], False
        for step in steps:
            absorbed = absorbed or cluster in step
            added = {name: terms_of(rows[name]) for name in step if name != cluster}
            refuse_one_level(added)
            for terms in added.values():
                columns |= terms
            models.append((len(columns), absorbed))
        return cls(np.column_stack(list(columns.values())), list(columns), models)


@dataclass(frozen=True)
class _Fitted:
    table: pd.DataFrame
    r2: float
    coefficients: int
    n: int


@dataclass(frozen=True)
class _Sums:
    """By cluster: rows (sizes), sums and cross-products of the centred columns, the outcome last.

    `raw`: each column's sum of squares as it was given.
    """

    sizes: Array
    sums: Array
    cross: Array
    raw: Array
    clustered: bool

    @classmethod
    def of(cls, columns: Array, outcome: Array, clusters: "pd.Series[Any] | None") -> "_Sums":
        given = np.column_stack([columns, outcome])
        codes = np.zeros(len(given), dtype=np.int64) if clusters is None else pd.factorize(clusters)[0]
        order = np.argsort(codes, kind="stable")
        raw = np.einsum("ij,ij->j", given, given)
        given -= given.mean(axis=0)
        centred = given[order]
        sizes = np.bincount(codes)
        blocks = np.split(centred, np.cumsum(sizes)[:-1])
        cross = np.stack([block.T @ block for block in blocks])
        sums = np.stack([block.sum(axis=0) for block in blocks])
        return cls(sizes.astype(float), sums, cross, raw, clusters is not None)

    def fit(self, width: int, terms: Sequence[str], *, absorbed: bool) -> _Fitted:
        """The model of the first `width` terms."""
        cross = self.cross
        if absorbed:
            cross = cross - self.sums[:, :, None] * self.sums[:, None, :] / self.sizes[:, None, None]
        gram, moments = cross[:, :width, :width], cross[:, :width, -1]
        n, total = int(self.sizes.sum()), float(self.cross[:, -1, -1].sum())
        coefficients = width + (len(self.sizes) if absorbed else 1)
        if total == 0:
            raise EvaluationError("no_variance", "the outcome does not vary, so there is nothing to explain")
        if n <= coefficients:
            raise EvaluationError("too_few", f"{n} rows are too few for {coefficients} coefficients")
        whole, moment = gram.sum(axis=0), moments.sum(axis=0)
        inverse = named_inverse(whole, terms[:width], self.raw[:width])
        slopes = inverse @ moment
        slopes += inverse @ (moment - whole @ slopes)
        left = float(cross[:, -1, -1].sum() - slopes @ moment)
        variances, df = self._variances(inverse, moments - gram @ slopes, left / (n - coefficients), coefficients)
        numbers = inference(slopes, np.sqrt(np.diag(variances)), df)
        return _Fitted(pd.DataFrame({"term": list(terms[:width])} | numbers), 1 - left / total, coefficients, n)

    def _variances(self, inverse: Array, scores: Array, variance: float, coefficients: int) -> tuple[Array, int]:
        n, count = int(self.sizes.sum()), len(self.sizes)
        if not self.clustered:
            return inverse * variance, n - coefficients
        if count < 2:
            raise EvaluationError("too_few", "clustered standard errors need at least two clusters")
        meat = scores.T @ scores * (count / (count - 1) * (n - 1) / (n - coefficients))
        return inverse @ meat @ inverse, count - 1
