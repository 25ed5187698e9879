"""The randomisation test: would the trial's own draw have given so large a difference if the treatment did nothing?

Under the sharp null hypothesis (Fisher 1935) every person's outcome is the same in either arm, so the statistic of
every list that could have been drawn is known. The statistic is t of the treatment in the regression with stratum
effects.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import OutcomeMatrix, person_totals
from evaluation.errors import EvaluationError
from evaluation.redraws import BATCH, Design, Lists
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]
TIE = 1e-9  # statistics this close are the same: the order of a sum must not decide a p-value


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
        Westfall and Young 1993), n, draws. A p-value is (1 + lists at least as far out) / (1 + lists).

    Raises:
        EvaluationError: `wrong_design` when the design cannot have drawn the arms, `no_contrast`, `draws`.
    """
    if draws < BATCH or draws % BATCH:
        raise EvaluationError("draws", f"draws comes in whole thousands, not {draws}")
    kept = list(dict.fromkeys(["participant_number", "arm", strata, *factors]))
    require_columns(panel, kept)
    people = panel.drop_duplicates("participant_number")[kept]
    treated = treated_arm(people["arm"], control)
    design.check(sorted(people["arm"].unique()))
    keys, values = _outcomes(panel, people, outcomes, months, by_month, strata)
    lists = Lists(design, treated, _lists(people, strata, design), seed, _levels(people, factors))
    statistics = _Statistics(values, pd.factorize(people[strata])[0])
    effect, observed = statistics.of((people["arm"] == treated).to_numpy()[None, :])
    if np.isnan(observed).all():
        raise EvaluationError("no_contrast", "no stratum has persons in both arms, so there is nothing to compare")
    beyond, beyond_most = _counted(statistics, np.abs(observed[0]), lists, draws // BATCH)
    found = pd.DataFrame(keys).assign(effect=effect[0], t=observed[0])
    missing = np.isnan(observed[0])
    for name, count in (("p", beyond), ("p_max_t", beyond_most)):
        found[name] = np.where(missing, np.nan, (1 + count) / (1 + draws))
    return found.assign(n=(~np.isnan(values)).sum(axis=0), draws=draws)


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
    beyond = np.zeros(len(observed), dtype=np.int64)
    beyond_most = np.zeros(len(observed), dtype=np.int64)
    for batch in range(batches):
        _effect, t = statistics.of(lists.batch(batch))
        size = np.where(np.isnan(t), np.inf, np.abs(t))  # a list without any contrast speaks for the null
        size[:, np.isnan(observed)] = 0
        beyond += (size >= observed - TIE).sum(axis=0)
        beyond_most += (size.max(axis=1)[:, None] >= observed - TIE).sum(axis=0)
    return beyond, beyond_most


class _Statistics:
    """Effect and t of the treatment given the strata, for many lists and many outcomes: two matrix products."""

    def __init__(self, values: Array, stratum: npt.NDArray[np.int64]) -> None:
        self.columns = values.shape[1]
        self.parts = [
            (columns, persons, *_without_strata(values[np.ix_(persons, columns)], stratum[persons]))
            for columns, persons in _alike_observed(values)
        ]

    def of(self, drawn: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
        """Lists x persons to effect and t, lists x outcomes; missing where a list has no contrast."""
        effect, t = np.full((2, len(drawn), self.columns), np.nan)
        for columns, persons, centred, stratum, df in self.parts:
            if df < 1:
                continue
            treatment = _without_strata(drawn[:, persons].T.astype(float), stratum)[0]
            with np.errstate(divide="ignore", invalid="ignore"):
                square = (treatment**2).sum(axis=0)[:, None]
                slope = treatment.T @ centred / square
                rest = (centred**2).sum(axis=0) - slope**2 * square
                t[:, columns] = slope / np.sqrt(np.clip(rest, 0, None) / df / square)
            effect[:, columns] = slope
        return effect, t


def _alike_observed(values: Array) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Columns that are observed for the same persons, and those persons."""
    patterns, which = np.unique(~np.isnan(values), axis=1, return_inverse=True)
    for number, persons in enumerate(patterns.T):
        yield np.flatnonzero(which.ravel() == number), np.flatnonzero(persons)


def _without_strata(values: Array, stratum: npt.NDArray[np.int64]) -> tuple[Array, npt.NDArray[np.int64], int]:
    """Columns less their stratum's mean, the strata that are there, and the degrees of freedom beside a treatment."""
    _levels, present = np.unique(stratum, return_inverse=True)
    dummies = np.eye(int(present.max(initial=-1)) + 1)[present]
    sizes = np.maximum(dummies.sum(axis=0), 1)
    return values - dummies @ ((dummies.T @ values) / sizes[:, None]), stratum, len(values) - dummies.shape[1] - 1
