"""Effects by month from cells: the same numbers as from persons, whatever their number.

In a cell everyone has the same treatment and stratum, and so the same weight c and leverage h in the regression; what
differs is the residual, whose sum and sum of squares follow from the cell's. The formulas are those of `regression`,
with persons added up.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.given import two_sided
from evaluation.labels import UNITS
from evaluation.monthly_cells import TREATED, Cells
from evaluation.regression import CLUSTERED, Covariance, covariance_called

Array = npt.NDArray[np.float64]

ROUNDING = 1e-12
REST, WITH_WORK = "_only", "_and_employed"  # how the two parts of a benefit are called
COLUMNS = ("outcome", "month", "effect", "se", "t", "p", "ci_low", "ci_high", "df", "n", "covariance", "reason")


def effects_from_cells(cells: Cells, *, covariance: Covariance = "classical", alpha: float = 0.05) -> pd.DataFrame:
    """Regress each outcome on treatment and stratum effects, month by month; as `effects_by_month` says.

    Raises:
        EvaluationError: `unknown_covariance`.
    """
    covariance = covariance_called(covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _Regressions(cells).estimated(covariance, alpha)
    outcome = np.repeat(cells.outcomes, len(cells.months))
    frame = pd.DataFrame({"outcome": outcome, "month": np.tile(cells.months, len(cells.outcomes))})
    for name, values in found.items():
        frame[name] = values.ravel()
    return frame.assign(covariance=covariance)[list(COLUMNS)]


def shares_from_cells(cells: Cells, *, by: str = "arm") -> pd.DataFrame:
    """Mean and number of each arm by month, as `monthly_shares`: outcome, month, <by>, mean, n."""
    n, total = cells.n.sum(axis=2), cells.total.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n + cells.shift[:, :, None]
    index = pd.MultiIndex.from_product([cells.outcomes, cells.months, cells.arms], names=["outcome", "month", by])
    frame = pd.DataFrame({"mean": mean.ravel(), "n": n.ravel().astype(int)}, index=index).reset_index()
    order = {name: place for place, name in enumerate(cells.outcomes)}
    return frame.sort_values(
        ["outcome", "month", by], key=lambda column: column.map(order) if column.name == "outcome" else column
    ).reset_index(drop=True)


def fewest_of(cells: Cells) -> dict[tuple[str, int], int | None]:
    """By outcome and month, how few persons of an arm have, or lack, a state; None for what is no state.

    Of one of two parts, no more than of what it is hidden with: see `fewest_beside`.
    """
    few, beside = _few(cells).min(axis=2), _hidden_with(cells)
    return {
        (outcome, int(month)): None if outcome in UNITS else int(few[[row, *beside.get(outcome, ())], column].min())
        for row, outcome in enumerate(cells.outcomes)
        for column, month in enumerate(cells.months)
    }


def fewest_beside(cells: Cells) -> dict[tuple[str, int, Any], int]:
    """By outcome, month and arm, for the two parts of a benefit that is told beside them: how few persons have, or
    lack, what the part is hidden with. One hidden number of the three could be told from the other two."""
    few = _few(cells)
    return {
        (outcome, int(month), arm): int(few[rows, column, side].min())
        for outcome, rows in _hidden_with(cells).items()
        for column, month in enumerate(cells.months)
        for side, arm in enumerate(cells.arms)
    }


def _few(cells: Cells) -> Array:
    """Outcomes x months x arms: how few persons have, or lack, the state."""
    n = cells.n.sum(axis=2)
    having = cells.total.sum(axis=2) + cells.shift[:, :, None] * n
    return np.minimum(having, n - having).round()


def _hidden_with(cells: Cells) -> dict[str, list[int]]:
    """Part of a benefit -> the places of what it is hidden with: the benefit and the other part. Both parts then have
    one fate, which does not say which of the three has few."""
    place = {outcome: row for row, outcome in enumerate(cells.outcomes)}
    found: dict[str, list[int]] = {}
    for whole, row in place.items():
        working, rest = f"{whole}{WITH_WORK}", f"{whole}{REST}"
        if working in place and rest in place:
            found |= {rest: [row, place[working]], working: [row, place[rest]]}
    return found


class _Regressions:
    """Every month of every outcome at once: arrays of outcomes x months, x strata, x arms."""

    def __init__(self, cells: Cells) -> None:
        n, total = cells.n, cells.total
        if (n == n[:1]).all():
            n = n[:1]  # the same persons in every outcome: what follows from them is computed once
        self.counts = n
        self.persons = n.sum(axis=3)  # of a stratum
        share = n[..., TREATED] / np.maximum(self.persons, 1)
        self.treatment = np.stack([-share, np.where(self.persons > 0, 1 - share, 0)], axis=3)
        spread = (n * self.treatment**2).sum(axis=3)
        self.spread = spread.sum(axis=2)
        self.shares = spread / self.spread[..., None]
        self.weight = self.treatment / self.spread[..., None, None]
        self.effect = (self.weight * total).sum(axis=(2, 3))
        mean = total / np.maximum(n, 1)
        level = total.sum(axis=3) / np.maximum(self.persons, 1)
        gap = np.where(n > 0, mean - level[..., None] - self.treatment * self.effect[..., None, None], 0)
        within = np.clip(cells.square - total * mean, 0, None)
        self.squares = np.where(within > ROUNDING * cells.square, within, 0) + n * gap**2
        self.sums = n * gap
        largest = np.abs(cells.shift) + np.sqrt(cells.square.max(axis=(2, 3), initial=0))
        self.still = self.squares.sum(axis=(2, 3)) <= (ROUNDING * largest) ** 2 * n.sum(axis=(2, 3))
        self.n = np.broadcast_to(n.sum(axis=(2, 3)), self.effect.shape)
        self.groups = (self.persons > 0).sum(axis=2)
        self.k = self.groups + 1

    def estimated(self, covariance: Covariance, alpha: float) -> dict[str, npt.NDArray[Any]]:
        variance, df = self._clustered(covariance) if covariance in CLUSTERED else self._of_persons(covariance)
        still = self.still
        effect, se = np.where(still & (np.abs(self.effect) < 1e-9), 0.0, self.effect), np.sqrt(variance)
        se = np.where(still, 0.0, se)
        reason = self._reasons(covariance, still, se)
        gap = (reason == "no_contrast") | (reason == "too_few")
        t = np.where(se > 0, effect / se, np.nan)
        reach = stats.t.ppf(two_sided(alpha), np.where(gap, np.nan, df)) * se
        numbers = {"effect": effect, "se": se, "t": t, "p": 2 * stats.t.sf(np.abs(t), df), "df": df}
        numbers |= {"ci_low": effect - reach, "ci_high": effect + reach}
        found: dict[str, npt.NDArray[Any]] = {name: np.where(gap, np.nan, each) for name, each in numbers.items()}
        return found | {"n": np.where(gap, 0, self.n).astype(int), "reason": reason}

    def _reasons(self, covariance: Covariance, still: npt.NDArray[np.bool_], se: Array) -> npt.NDArray[Any]:
        few = self.n <= self.k
        if covariance in ("HC2", "HC3"):
            few |= self._single_person_arm()
        if covariance in CLUSTERED:
            few |= (self.groups < 2) | (np.nan_to_num(self.shares).max(axis=2, initial=0) > 1 - 1e-12)
        reason = np.where(still | ~(se > 0), "no_variance", "").astype(object)
        reason[few] = "too_few"
        reason[np.broadcast_to(~(self.spread > 0), few.shape)] = "no_contrast"
        return reason

    def _of_persons(self, covariance: Covariance) -> tuple[Array, Array]:
        df = self.n - self.k
        if covariance == "classical":
            return self.squares.sum(axis=(2, 3)) / df / self.spread, df
        scores = self.weight**2 * self.squares
        if covariance == "HC1":
            return scores.sum(axis=(2, 3)) * self.n / df, df
        # A person alone in a stratum has leverage 1, residual 0 and weight 0: nothing to add.
        alone = self._alone()
        slack = np.where(alone, 1.0, 1 - self._leverage()) ** (1 if covariance == "HC2" else 2)
        return np.where(alone, 0, scores / slack).sum(axis=(2, 3)), df

    def _leverage(self) -> Array:
        return np.asarray(1 / np.maximum(self.persons, 1)[..., None] + self.treatment * self.weight)

    def _alone(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._leverage() > 1 - 1e-12)

    def _single_person_arm(self) -> npt.NDArray[np.bool_]:
        """Where one person is all of an arm that is compared, so that nothing tells how the arm varies."""
        held = (self.counts > 0) & self._alone() & (np.nan_to_num(self.weight) != 0)
        return np.asarray(held.any(axis=(2, 3)))

    def _clustered(self, covariance: Covariance) -> tuple[Array, Array]:
        score = (self.weight * self.sums).sum(axis=3)
        if covariance == "cluster":
            factor = self.groups / (self.groups - 1) * (self.n - 1) / (self.n - self.k)
            return (score**2).sum(axis=2) * factor, self.groups - 1
        slack = np.where(self.shares < 1 - 1e-12, 1 - self.shares, np.nan)
        root = self.shares / np.sqrt(slack)
        # Bell and McCaffrey: the squares of the products of root, with the shares in the diagonal.
        products = (root**2).sum(axis=2) ** 2 - (root**4).sum(axis=2) + (self.shares**2).sum(axis=2)
        return (score**2 / slack).sum(axis=2), 1 / products
