"""Effects on totals (table 2) and by month (figures 6-8): one regression an outcome, with stratum effects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.cell_effects import effects_from_cells
from evaluation.errors import EvaluationError
from evaluation.given import given, in_months, month_span, refuse_twice
from evaluation.monthly_cells import cells_of
from evaluation.regression import Covariance, Effects, covariance_called, treatment_effects
from evaluation.shares import names_of

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

    Raises:
        EvaluationError: `month_twice` when a person has two rows in a month, and what `given` and `month_span` raise.
    """
    declared = {outcome: TOTALS.get(outcome, Total(outcome)) for outcome in names_of(outcomes)}
    columns = list(dict.fromkeys(total.column for total in declared.values()))
    kept = list(dict.fromkeys(("arm", *names_of(keep))))
    panel = given(panel, numbers=columns, keys=[*kept, "month", "participant_number"])
    span = month_span(months)
    inside, place = in_months(panel, span)
    grouped = inside.groupby("participant_number", sort=False, observed=True)
    width = len(span)
    refuse_twice(grouped.ngroup().to_numpy(), place, width)
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
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Regress each outcome's total over `months` on treatment and stratum effects.

    Returns:
        outcome, treated_mean, control_mean, effect, se, t, p, ci_low, ci_high (of the 1 - alpha interval), df (of t),
        n, covariance, reason. Persons with a month missing are left out of that outcome; `n` says how many are in.
        `reason` is `no_variance` where nobody differed, so that there is no t or p, and else empty.

    Raises:
        EvaluationError: `no_contrast` when no stratum holds both arms, `too_few`, naming the outcome.
    """
    found = totals_or_reasons(
        panel, outcomes=outcomes, months=months, strata=strata, covariance=covariance, control=control, alpha=alpha
    )
    for row in found.to_dict("records"):
        if row["reason"] in REASONS:
            raise EvaluationError(row["reason"], f"{row['outcome']}: {REASONS[row['reason']]}")
    return found


def totals_or_reasons(
    panel: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int],
    strata: str,
    covariance: Covariance,
    control: str,
    alpha: float,
) -> pd.DataFrame:
    """As `effects_on_totals`; where there is no estimate n is 0, the numbers are missing and `reason` says why, so that
    one outcome does not keep back the others."""
    outcomes = names_of(outcomes)
    people = person_totals(panel, outcomes=outcomes, months=months, keep=(strata,))
    return pd.DataFrame(
        comparison_rows(people, outcomes, treated_arm(panel["arm"], control), strata, covariance, alpha)
    )


def comparison_rows(
    people: pd.DataFrame, outcomes: Sequence[str], treated: Any, strata: str, covariance: Covariance, alpha: float
) -> list[dict[str, Any]]:
    """One row an outcome of a frame of persons: treated_mean, control_mean, and the effect or the reason for none."""
    covariance, rows = covariance_called(covariance), []
    for outcome in outcomes:
        known = people[people[outcome].notna()]
        is_treated = (known["arm"] == treated).to_numpy()
        values = known[outcome].to_numpy(dtype=float)
        means = {"treated_mean": _mean(values[is_treated]), "control_mean": _mean(values[~is_treated])}
        comparison = _Comparison(is_treated, known[strata].to_numpy(), covariance, alpha)
        rows.append({"outcome": outcome} | means | next(comparison.rows_or_reason(values[:, None])))
    return rows


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def effects_by_month(
    panel: pd.DataFrame | Path,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (-36, 36),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Regress each outcome on treatment and stratum effects, one regression a month.

    All regressions follow from one scan of the panel for the sums of each month, stratum and arm (`monthly_cells`).

    Args:
        panel: person-months; or the path of a Parquet file with them, of any size, which DuckDB reads.

    Returns:
        outcome, month, effect, se, t, p, ci_low, ci_high (of the 1 - alpha interval), df (of t), n, covariance, reason.
        Where there is no estimate n is 0, the numbers are missing and `reason` says why: `no_contrast` when no stratum
        has persons of both arms that month (as when nobody was observed), `too_few`. `no_variance`: the effect is 0
        since nobody differed, and there is no t or p.
    """
    cells = cells_of(panel, outcomes=outcomes, months=months, strata=strata, control=control)
    return effects_from_cells(cells, covariance=covariance, alpha=alpha)


class OutcomeMatrix:
    """The panel as one persons x months matrix an outcome, with arm (by number) and stratum of each person."""

    def __init__(self, panel: pd.DataFrame, outcomes: list[str], months: tuple[int, int], strata: str) -> None:
        panel = given(panel, numbers=outcomes, keys=["participant_number", "month", "arm", strata])
        span = month_span(months)
        inside, month = in_months(panel, span)
        person, numbers = pd.factorize(inside["participant_number"], sort=True)
        refuse_twice(person, month, len(span))
        self._values = np.full((len(outcomes), len(numbers), len(span)), np.nan)
        for place, outcome in enumerate(outcomes):
            self._values[place, person, month] = inside[outcome].to_numpy(dtype=float)
        self._place = {outcome: place for place, outcome in enumerate(outcomes)}
        first = np.full(len(numbers), -1)
        first[person[::-1]] = np.arange(len(inside))[::-1]
        self.arm: pd.Series = inside["arm"].iloc[first].set_axis(numbers)
        self.strata: npt.NDArray[Any] = inside[strata].to_numpy()[first]

    def of(self, outcome: str) -> Array:
        values: Array = self._values[self._place[outcome]]
        return values


NOTHING: Final = dict.fromkeys(("effect", "se", "t", "p", "ci_low", "ci_high", "df"), float("nan"))
REASONS: Final = {
    "no_contrast": "no stratum has persons of both arms with the outcome known, so there is no effect to estimate",
    "too_few": "too few persons, or clusters with both arms, to estimate a variance from",
}


@dataclass(frozen=True)
class _Comparison:
    """Who is treated, in which stratum, and how the effect is to be estimated."""

    treated: npt.NDArray[np.bool_]
    strata: npt.NDArray[Any]
    covariance: Covariance
    alpha: float

    def rows_or_reason(self, values: Array) -> Iterator[dict[str, Any]]:
        try:
            found = treatment_effects(values, self.treated, self.strata, self.covariance)
        except EvaluationError as error:
            gap = NOTHING | {"n": 0, "covariance": self.covariance, "reason": error.code}
            return iter([gap] * values.shape[1])
        return _rows(found, self.alpha)


def _rows(found: Effects, alpha: float) -> Iterator[dict[str, Any]]:
    low, high = found.interval(alpha)
    columns = {"effect": found.effect, "se": found.se, "t": found.t, "p": found.p, "ci_low": low, "ci_high": high}
    for place in range(len(found.effect)):
        numbers = {name: float(values[place]) for name, values in columns.items()}
        reason = "" if found.se[place] > 0 else "no_variance"
        yield numbers | {"df": float(found.df), "n": found.n, "covariance": found.covariance, "reason": reason}
