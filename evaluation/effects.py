"""Effects on totals (table 2) and by month (figures 6-8): one regression an outcome, with stratum effects."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.regression import Covariance, Effects, treatment_effects
from evaluation.shares import require_columns

WEEKS_PER_MONTH: Final = 52 / 12

Array = npt.NDArray[np.float64]


class Total(NamedTuple):
    """An outcome of the whole window: a monthly column, summed or averaged, times a factor."""

    column: str
    how: str = "sum"
    factor: float = 1.0


TOTALS: Final[dict[str, Total]] = {
    "mean_hours_per_week": Total("hours", "mean"),
    "total_hours": Total("hours", "sum", WEEKS_PER_MONTH),
}


def person_totals(
    panel: pd.DataFrame, *, outcomes: Sequence[str], months: tuple[int, int] = (1, 36), keep: Sequence[str] = ()
) -> pd.DataFrame:
    """One row a person: participant_number, arm, the columns of `keep`, and each outcome over `months`.

    States are summed to months; `mean_hours_per_week` is a mean and `total_hours` is hours (52/12 weeks a month). A
    person with a month missing has the total missing.
    """
    declared = {outcome: TOTALS.get(outcome, Total(outcome)) for outcome in outcomes}
    columns = list(dict.fromkeys(total.column for total in declared.values()))
    kept = list(dict.fromkeys(("arm", *keep)))
    require_columns(panel, [*columns, *kept, "month", "participant_number"])
    inside = panel[panel["month"].between(*months)]
    grouped = inside.groupby("participant_number", sort=False)
    width = months[1] - months[0] + 1
    sums = grouped[columns].sum(min_count=1).where(grouped[columns].count() == width)
    people = grouped[kept].first()
    for outcome, total in declared.items():
        people[outcome] = sums[total.column] * (total.factor / (width if total.how == "mean" else 1))
    return people.reset_index()


def effects_on_totals(
    panel: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (1, 36),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
) -> pd.DataFrame:
    """Regress each outcome's total over `months` on treatment and stratum effects.

    Returns:
        outcome, treated_mean, control_mean, effect, se, t, p, ci_low, ci_high, n, covariance. Persons with a month
        missing are left out of that outcome; `n` says how many are in.
    """
    people = person_totals(panel, outcomes=outcomes, months=months, keep=(strata,))
    treated = treated_arm(people["arm"], control)
    rows = []
    for outcome in outcomes:
        known = people[people[outcome].notna()]
        is_treated = (known["arm"] == treated).to_numpy()
        values = known[outcome].to_numpy(dtype=float)
        found = treatment_effects(values[:, None], is_treated, known[strata].to_numpy(), covariance)
        means = {"treated_mean": values[is_treated].mean(), "control_mean": values[~is_treated].mean()}
        rows.append({"outcome": outcome} | means | next(_rows(found)))
    return pd.DataFrame(rows)


def effects_by_month(
    panel: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (-36, 36),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
) -> pd.DataFrame:
    """Regress each outcome on treatment and stratum effects, one regression a month.

    Returns:
        outcome, month, effect, se, t, p, ci_low, ci_high, n, covariance; 95 % intervals. A month in which nobody, or
        only one arm, could be observed has n 0 and missing numbers.
    """
    require_columns(panel, [*outcomes, "month", "arm", strata])
    matrix = _Matrix(panel, list(outcomes), months, strata)
    treated = treated_arm(matrix.arm, control)
    is_treated = (matrix.arm == treated).to_numpy()
    found = [row for outcome in outcomes for row in _monthly(matrix.of(outcome), is_treated, matrix.strata, covariance)]
    index = pd.MultiIndex.from_product([list(outcomes), range(months[0], months[1] + 1)], names=["outcome", "month"])
    return pd.DataFrame(found, index=index).reset_index()


def pre_period_test(
    panel: pd.DataFrame,
    *,
    outcome: str,
    months: tuple[int, int] = (-36, -1),
    strata: str = "office",
    control: str = "control",
) -> dict[str, float]:
    """Joint test that the arms did not differ in any month before the start.

    A Wald test on the monthly coefficients with the covariance between months from the persons' influence (HC0), as F
    with as many numerator degrees of freedom as the covariance has rank: months in which nobody changed state say
    nothing new. Persons observed in every one of the months are used.

    Returns:
        F, df1, df2, p, n.
    """
    matrix = _Matrix(panel, [outcome], months, strata)
    values = matrix.of(outcome)
    whole = ~np.isnan(values).any(axis=1)
    is_treated = (matrix.arm == treated_arm(matrix.arm, control)).to_numpy()
    return _wald(values[whole], is_treated[whole], matrix.strata[whole])


def _wald(values: Array, treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any]) -> dict[str, float]:
    dummies = pd.get_dummies(pd.Series(strata)).to_numpy(dtype=float)
    design = np.column_stack([treated.astype(float), dummies])
    solution = np.linalg.pinv(design)
    coefficients = solution @ values
    influence = solution[0][:, None] * (values - design @ coefficients)
    covariance = influence.T @ influence
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    n, df2 = len(values), len(values) - design.shape[1]
    if rank == 0:
        return {"F": float("nan"), "df1": 0, "df2": df2, "p": float("nan"), "n": n}
    effect = coefficients[0]
    statistic = float(effect @ np.linalg.pinv(covariance, hermitian=True) @ effect) / rank
    return {"F": statistic, "df1": rank, "df2": df2, "p": float(stats.f.sf(statistic, rank, df2)), "n": n}


class _Matrix:
    """The panel as one persons x months matrix an outcome, with arm and stratum of each person."""

    def __init__(self, panel: pd.DataFrame, outcomes: list[str], months: tuple[int, int], strata: str) -> None:
        inside = panel[panel["month"].between(*months)]
        wide = inside.pivot_table(
            index="participant_number", columns="month", values=outcomes, sort=True, dropna=False, aggfunc="first"
        )
        people = inside.groupby("participant_number", sort=True)[list(dict.fromkeys(("arm", strata)))].first()
        self._wide = wide
        self._months = range(months[0], months[1] + 1)
        self.arm = people["arm"]
        self.strata: npt.NDArray[Any] = people[strata].to_numpy()

    def of(self, outcome: str) -> Array:
        return self._wide.reindex(columns=[(outcome, month) for month in self._months]).to_numpy(dtype=float)


NOTHING: Final = dict.fromkeys(("effect", "se", "t", "p", "ci_low", "ci_high"), float("nan"))


def _monthly(
    values: Array, treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any], covariance: Covariance
) -> list[dict[str, Any]]:
    """One row a month; months in which the same persons are observed are estimated together."""
    rows: list[dict[str, Any]] = [{}] * values.shape[1]
    seen = ~np.isnan(values)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for number, persons in enumerate(patterns.T):
        columns = np.flatnonzero(which.ravel() == number)
        found = _of_pattern(values[np.ix_(persons, columns)], treated[persons], strata[persons], covariance)
        for column, row in zip(columns, found, strict=True):
            rows[column] = row
    return rows


def _of_pattern(
    values: Array, treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any], covariance: Covariance
) -> list[dict[str, Any]]:
    if not treated.any() or treated.all():
        return [NOTHING | {"n": 0, "covariance": covariance}] * values.shape[1]
    return list(_rows(treatment_effects(values, treated, strata, covariance)))


def _rows(found: Effects) -> Iterator[dict[str, Any]]:
    low, high = found.interval()
    columns = {"effect": found.effect, "se": found.se, "t": found.t, "p": found.p, "ci_low": low, "ci_high": high}
    for place in range(len(found.effect)):
        yield {name: float(values[place]) for name, values in columns.items()} | {
            "n": found.n,
            "covariance": found.covariance,
        }
