"""The randomisation test: would the trial's own draw have given so large a difference if the treatment did nothing?

Under the sharp null hypothesis (Fisher 1935) every person's outcome is the same in either arm, so the statistic of
every list that could have been drawn is known. The statistic is t of the treatment in the regression with stratum
effects.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import OutcomeMatrix, person_totals
from evaluation.errors import EvaluationError
from evaluation.redraws import BATCH, Design, Lists
from evaluation.shares import names_of, require_columns

Array = npt.NDArray[np.float64]
TIE = 1e-9  # statistics this close are the same: the order of a sum must not decide a p-value
ROUNDING = 1e-12


def randomisation_test(
    panel: pd.DataFrame,
    *,
    design: Design,
    outcomes: Sequence[str],
    seed: int,
    months: tuple[int, int] = (1, 36),
    by_month: bool = False,
    draws: int = 10_000,
    strata: str = "office",
    factors: Sequence[str] = (),
    control: str = "control",
) -> pd.DataFrame:
    """Re-randomise the trial with its own design, each stratum for itself, and compare.

    Args:
        panel: person-months, the persons in the order of their enrolment.
        design: the method and arms of the protocol.
        outcomes: are summed over `months` (as `effects_on_totals`), or with `by_month` taken month by month.
        seed: the same seed gives the same p-values, whatever else is asked for beside.
        draws: lists to draw, in thousands.
        factors: columns of the panel that the design balances; minimisation keeps one list over all strata.

    Returns:
        outcome, [month], effect, t, p (two-sided), p_max_t (adjusted for all rows by the largest |t| of each draw,
        Westfall and Young 1993), n, draws, reason (`no_contrast`, `no_variance`, or empty). A p-value is (1 + lists at
        least as far out) / (1 + lists).

    Raises:
        EvaluationError: `wrong_design` when the design cannot have drawn the arms, `no_contrast`, `draws`.
    """
    if draws < BATCH or draws % BATCH:
        raise EvaluationError("draws", f"draws comes in whole thousands, not {draws}")
    outcomes, factors = names_of(outcomes), names_of(factors)
    kept = list(dict.fromkeys(["participant_number", "arm", strata, *factors]))
    require_columns(panel, kept)
    people = panel.drop_duplicates("participant_number")[kept]
    treated = treated_arm(people["arm"], control)
    design.check(sorted(people["arm"].unique()))
    keys, values = _outcomes(panel, people, outcomes, months, by_month, strata)
    lists = Lists(design, treated, _lists(people, strata, design), seed, _levels(people, factors))
    statistics = _Statistics(values, pd.factorize(people[strata])[0])
    effect, size = statistics.effect_and_size((people["arm"] == treated).to_numpy())
    if np.isnan(effect).all():
        raise EvaluationError("no_contrast", "no stratum has persons in both arms, so there is nothing to compare")
    beyond, beyond_most = _counted(statistics, np.abs(size), lists, draws // BATCH)
    found = pd.DataFrame(keys).assign(effect=effect, t=np.sign(size) * statistics.t_of(np.abs(size)))
    missing = np.isnan(size)
    for name, count in (("p", beyond), ("p_max_t", beyond_most)):
        found[name] = np.where(missing, np.nan, (1 + count) / (1 + draws))
    reason = np.where(np.isnan(effect), "no_contrast", np.where(missing, "no_variance", ""))
    return found.assign(n=(~np.isnan(values)).sum(axis=0), draws=draws, reason=reason)


def _outcomes(
    panel: pd.DataFrame,
    people: pd.DataFrame,
    outcomes: Sequence[str],
    months: tuple[int, int],
    by_month: bool,
    strata: str,
) -> tuple[dict[str, list[object]], Array]:
    """The rows' keys, and persons x rows in the order of enrolment."""
    if not by_month:
        totals = person_totals(panel, outcomes=outcomes, months=months).set_index("participant_number")
        return {"outcome": list(outcomes)}, totals.reindex(people["participant_number"])[list(outcomes)].to_numpy(float)
    matrix = OutcomeMatrix(panel, list(outcomes), months, strata)
    order = matrix.arm.index.get_indexer(pd.Index(people["participant_number"]))
    span = range(months[0], months[1] + 1)
    keys: dict[str, list[object]] = {
        "outcome": [outcome for outcome in outcomes for _month in span],
        "month": [month for _outcome in outcomes for month in span],
    }
    return keys, np.column_stack([matrix.of(outcome)[order] for outcome in outcomes])


def _levels(people: pd.DataFrame, factors: Sequence[str]) -> list[dict[str, str]]:
    known = people[list(factors)].astype("str").where(people[list(factors)].notna(), "")
    return [dict(zip(factors, row, strict=True)) for row in known.itertuples(index=False)]


def _lists(people: pd.DataFrame, strata: str, design: Design) -> list[npt.NDArray[np.int64]]:
    """The places of those who were drawn from the same list."""
    if design.method["kind"] == "minimisation":
        return [np.arange(len(people))]
    return [np.flatnonzero(people[strata] == stratum) for stratum in people[strata].unique()]


def _counted(
    statistics: "_Statistics", observed: Array, lists: Lists, batches: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many lists lie at least as far out: in each row, and in their most extreme row."""
    told = ~np.isnan(observed)
    limit = np.where(told, observed, np.inf) - TIE
    beyond = np.zeros(len(observed), dtype=np.int64)
    most = []
    for batch in range(batches):
        size = statistics.sizes(lists.batch(batch))
        beyond += np.count_nonzero(size >= limit, axis=0)
        most.append(statistics.largest_t(size, told))
    farthest = np.sort(np.concatenate(most))
    t = statistics.t_of(observed)
    beyond_most = len(farthest) - np.searchsorted(farthest, t - TIE, side="left")
    return beyond, beyond_most


class _Statistics:
    """The size of the treatment's effect given the strata, for many lists and many outcomes: one matrix product.

    The size is the partial correlation r of treatment and outcome, of which t = r sqrt(df / (1 - r^2)) is a rising
    function. Outcomes are centred within strata and of length one, so that r is a list's product with them over the
    root of what the list itself varies within strata.
    """

    def __init__(self, values: Array, stratum: npt.NDArray[np.int64]) -> None:
        self.columns = values.shape[1]
        self.parts = [
            _Part.of(columns, persons, values[np.ix_(persons, columns)], stratum[persons])
            for columns, persons in _alike_observed(values)
        ]
        self.df = np.full(self.columns, -1)
        for part in self.parts:
            self.df[part.columns] = part.df

    def effect_and_size(self, drawn: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
        """Of one list: effects in the unit of the outcomes, and sizes; missing where it has no contrast."""
        effect, size = np.full((2, self.columns), np.nan)
        for part in self.parts:
            product, spread = part.products(drawn[None, :])
            if part.df > 0 and spread[0] > 0:
                effect[part.columns] = product[0] * part.length / spread[0]
                size[part.columns] = np.where(part.length > 0, product[0] / np.sqrt(spread[0]), np.nan)
        return effect, size

    def sizes(self, drawn: npt.NDArray[np.bool_]) -> Array:
        """Lists x outcomes; a list without any contrast speaks for the null, and has size 1."""
        if len(self.parts) == 1:
            return self.parts[0].sizes(drawn)
        size = np.empty((len(drawn), self.columns))
        for part in self.parts:
            size[:, part.columns] = part.sizes(drawn)
        return size

    def t_of(self, size: Array) -> Array:
        return _t(size, self.df)

    def largest_t(self, size: Array, told: npt.NDArray[np.bool_]) -> Array:
        """Of each list, the largest |t| among the rows that are told."""
        if not told.any():
            return np.zeros(len(size))
        chosen = size if told.all() else size[:, told]
        alike = np.unique(self.df[told])
        if len(alike) == 1:
            return _t(chosen.max(axis=1), alike[0])
        return np.asarray(_t(chosen, self.df[told]).max(axis=1))


@dataclass(frozen=True)
class _Part:
    """Outcomes that are observed for the same persons: centred within strata, of length one (`length` before)."""

    columns: npt.NDArray[np.int64]
    persons: npt.NDArray[np.int64]
    centred: Array
    length: Array
    strata: Array  # persons x strata, 1 where the person is of the stratum
    df: int

    @classmethod
    def of(cls, columns: Any, persons: Any, values: Array, stratum: npt.NDArray[np.int64]) -> "_Part":
        _levels, present = np.unique(stratum, return_inverse=True)
        strata = np.eye(int(present.max(initial=-1)) + 1)[present]
        sizes = np.maximum(strata.sum(axis=0), 1)
        centred = values - strata @ ((strata.T @ values) / sizes[:, None])
        length = np.sqrt((centred**2).sum(axis=0))
        length[length <= ROUNDING * np.abs(values).max(axis=0, initial=0) * len(values)] = 0
        unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
        return cls(columns, persons, unit, length, strata, len(values) - strata.shape[1] - 1)

    def products(self, drawn: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
        """Lists x outcomes: the product with each outcome; and what each list varies within strata."""
        lists = drawn[:, self.persons].astype(float)
        treated = lists @ self.strata
        spread = treated.sum(axis=1) - (treated**2 / np.maximum(self.strata.sum(axis=0), 1)).sum(axis=1)
        return lists @ self.centred, np.where(spread > ROUNDING, spread, 0)

    def sizes(self, drawn: npt.NDArray[np.bool_]) -> Array:
        product, spread = self.products(drawn)
        np.abs(product, out=product)
        product /= np.sqrt(np.where(spread > 0, spread, 1))[:, None]
        product[spread == 0] = 1
        return product


def _t(size: Array, df: Any) -> Array:
    """|t| of a partial correlation; without bound for a perfect one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(size * np.sqrt(df / np.clip(1 - size**2, 0, None)))


def _alike_observed(values: Array) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Columns that are observed for the same persons, and those persons."""
    patterns, which = np.unique(~np.isnan(values), axis=1, return_inverse=True)
    for number, persons in enumerate(patterns.T):
        yield np.flatnonzero(which.ravel() == number), np.flatnonzero(persons)
