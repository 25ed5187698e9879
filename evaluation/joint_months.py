"""All months in one model: simultaneous bands, and joint tests before and after the start.

One regression of the outcome on treatment by month and stratum by month has the coefficients of the regressions month
by month; what it adds is how they vary together, since the same persons are seen in every month. From the joint
covariance follow the band that holds the whole curve with the chosen probability (sup-t; Montiel Olea and
Plagborg-Moller 2019) and tests of many months at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.effects import OutcomeMatrix
from evaluation.errors import EvaluationError
from evaluation.given import confidence, month_span, whole_from
from evaluation.regression import (
    CLUSTERED,
    Covariance,
    StratifiedDesign,
    covariance_called,
    degrees_of_freedom,
    stratified_design,
)
from evaluation.shares import some_names

DRAWS: Final = 10_000

Array = npt.NDArray[np.float64]
Span = npt.NDArray[np.int64]


@dataclass(frozen=True)
class JointEffects:
    """`table`: outcome, month, effect, se, band_low, band_high, p_band (adjusted for all months), n, reason.

    `tests`: outcome, window (`before` or `after`, month 0 in neither), F, df1, df2, p, p_band (of the month furthest
    out, adjusted for the window's months), critical (of the whole band), n (persons seen in some month), reason.
    """

    table: pd.DataFrame
    tests: pd.DataFrame


def joint_effects_by_month(
    panel: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    seed: int,
    months: tuple[int, int] = (-36, 36),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
    draws: int = DRAWS,
) -> JointEffects:
    """Effects by month with a simultaneous 1 - alpha band, and joint tests that all months of a window are nothing.

    Args:
        covariance: between months, of scores summed by person (`classical`: the outcome's covariance between months is
            taken to be the same for all; HC1-3: robust; clustered: summed by stratum). Its diagonal is that of
            `effects_by_month`.
        seed: of the `draws` from the joint t distribution that give the critical value.

    Returns:
        JointEffects. The F test is Hotelling's T2 with as many degrees of freedom as the standard errors have; its
        level is exact for the classical convention and a normal outcome without gaps. Reasons: `no_contrast` and
        `too_few` for a month without estimate, `no_variance` for one in which nobody differed; for a test
        `no_variance`, `too_few` when the months are more than the persons (or clusters) can tell apart, `no_months`,
        and that of the months where none has an estimate.
    """
    outcomes, covariance = some_names(outcomes), covariance_called(covariance)
    matrix = OutcomeMatrix(panel, outcomes, months, strata)
    treated = (matrix.arm == treated_arm(panel["arm"], control)).to_numpy(dtype=bool)
    seed, draws = whole_from(seed, "seed", 0), whole_from(draws, "draws", 1)
    span = month_span(months)
    model = _Model(treated, matrix.strata, covariance, alpha, draws)
    tables, tests = [], []
    for outcome in outcomes:
        table, found = model.of(matrix.of(outcome), span, np.random.default_rng(seed))
        tables.append(table.assign(outcome=outcome))
        tests += [{"outcome": outcome} | row for row in found]
    both = pd.concat(tables, ignore_index=True)
    return JointEffects(both[["outcome", *both.columns.drop("outcome")]], pd.DataFrame(tests))


@dataclass(frozen=True)
class _Month:
    """One month's estimate and what each person adds to it: the score of its weight times its residual."""

    effect: float
    weight: Array
    residual: Array
    score: Array
    df: float
    n: int


@dataclass(frozen=True)
class _Curve:
    """The months with an estimate (`place` in the span), how they vary together, and |t| of draws around nothing."""

    place: Span
    effect: Array
    variance: Array
    n: Span
    largest: Array

    @property
    def se(self) -> Array:
        return np.sqrt(np.diag(self.variance))

    @property
    def told(self) -> npt.NDArray[np.bool_]:
        return self.se > 0

    @property
    def t(self) -> Array:
        return np.abs(self.effect[self.told] / self.se[self.told])

    def critical(self, alpha: float) -> float:
        """What the largest |t| of all months stays below with probability 1 - alpha if there is no effect."""
        return float(np.quantile(self.largest.max(axis=1), confidence(alpha))) if self.told.any() else float("nan")

    def table(self, span: Span, reasons: npt.NDArray[Any], alpha: float) -> pd.DataFrame:
        reach = np.where(self.told, self.critical(alpha) * self.se, 0.0)
        table = pd.DataFrame({"month": span})
        for name in ("effect", "se", "band_low", "band_high", "p_band"):
            table[name] = np.nan
        ends = np.column_stack([self.effect, self.se, self.effect - reach, self.effect + reach])
        table.loc[self.place, ["effect", "se", "band_low", "band_high"]] = ends
        table.loc[self.place[self.told], "p_band"] = _beyond(self.largest.max(axis=1, initial=0), self.t)
        counts = np.zeros(len(span), dtype=int)
        counts[self.place] = self.n
        reasons[self.place[~self.told]] = "no_variance"
        return table.assign(n=counts, reason=reasons)

    def test(self, chosen: npt.NDArray[np.bool_], most: float) -> dict[str, Any]:
        """Are the effects of the chosen months all nothing? Hotelling's F, and the month furthest out."""
        mine = chosen[self.told]
        furthest = _beyond(self.largest[:, mine].max(axis=1, initial=0), self.t[mine]).min(initial=1.0)
        found = _hotelling(self.effect[chosen], self.variance[np.ix_(chosen, chosen)], most)
        return found | {"p_band": float(furthest) if mine.any() else float("nan")}


@dataclass(frozen=True)
class _Model:
    treated: npt.NDArray[np.bool_]
    strata: npt.NDArray[Any]
    covariance: Covariance
    alpha: float
    draws: int

    def of(self, values: Array, span: Span, rng: np.random.Generator) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
        """The table's rows and the tests of one outcome, persons x months."""
        found = [self._month(values[:, place]) for place in range(len(span))]
        reasons = np.array([one if isinstance(one, str) else "" for one in found], dtype=object)
        fitted = [one for one in found if isinstance(one, _Month)]
        variance = self._joint(fitted)
        df = min((one.df for one in fitted), default=float("nan"))
        curve = _Curve(
            place=np.flatnonzero(reasons == ""),
            effect=np.array([one.effect for one in fitted]),
            variance=variance,
            n=np.array([one.n for one in fitted], dtype=int),
            largest=_draws(variance[np.ix_(*2 * [np.diag(variance) > 0])], df, self.draws, rng),
        )
        seen = {"n": int((~np.isnan(values)).any(axis=1).sum()), "critical": curve.critical(self.alpha)}
        tests = []
        for name, within in (("before", span < 0), ("after", span > 0)):
            chosen, why = within[curve.place], reasons[within]
            result = curve.test(chosen, self._most(fitted)) if chosen.any() else _no_months(why)
            tests.append({"window": name} | result | seen)
        return curve.table(span, reasons, self.alpha), tests

    def _month(self, values: Array) -> "_Month | str":
        known = ~np.isnan(values)
        try:
            design = stratified_design(self.treated[known], self.strata[known])
        except EvaluationError as error:
            return error.code
        n, k = int(known.sum()), len(design.size) + 1
        clustered = self.covariance in CLUSTERED
        if n <= k or (clustered and (len(design.size) < 2 or design.shares.max() > 1 - 1e-12)):
            return "too_few"
        alone = design.leverage > 1 - 1e-12
        if self.covariance in ("HC2", "HC3") and design.weight[alone].any():
            return "too_few"  # one person is all of an arm: nothing tells how that arm varies
        centred = design.centred(values[known][:, None])[:, 0]
        effect = float(design.weight @ centred)
        residual = centred - design.treatment * effect
        factor = _stretch(design, self.covariance, n, k)
        whole = np.zeros((3, len(values)))
        whole[:, known] = design.weight, residual * (n - k) ** -0.5, design.weight * residual * factor
        weight, scaled, score = whole
        return _Month(effect, weight, scaled, score, degrees_of_freedom(design, k, self.covariance), n)

    def _joint(self, months: Sequence[_Month]) -> Array:
        """The covariance of the months' estimates."""
        if not months:
            return np.zeros((0, 0))
        if self.covariance == "classical":
            weight, residual = (np.array([getattr(one, name) for one in months]) for name in ("weight", "residual"))
            return np.asarray((weight @ weight.T) * (residual @ residual.T))
        score = np.array([one.score for one in months])
        if self.covariance in CLUSTERED:
            score = score @ (self.strata[:, None] == np.unique(self.strata)).astype(float)
        return np.asarray(score @ score.T)

    def _most(self, months: Sequence[_Month]) -> float:
        """How many degrees of freedom the joint covariance has."""
        if self.covariance in CLUSTERED:
            return len(np.unique(self.strata)) - 1
        return min((one.df for one in months), default=0)


def _stretch(design: StratifiedDesign, covariance: Covariance, n: int, k: int) -> Any:
    """What a person's score is multiplied by under a convention, so that its squares add up to the variance."""
    if covariance == "CR2":
        return 1 / np.sqrt(1 - design.shares)[design.stratum]
    if covariance == "cluster":
        groups = len(design.size)
        return np.sqrt(groups / (groups - 1) * (n - 1) / (n - k))
    if covariance in ("HC2", "HC3"):
        alone = design.leverage > 1 - 1e-12
        slack = np.where(alone, 1.0, 1 - design.leverage)
        return np.where(alone, 0.0, slack ** (-0.5 if covariance == "HC2" else -1.0))
    return np.sqrt(n / (n - k))


def _draws(variance: Array, df: float, draws: int, rng: np.random.Generator) -> Array:
    """Draws x months: |t| of months that vary together as the estimates do, around nothing."""
    scale = np.sqrt(np.diag(variance))
    correlation = variance / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal = rng.standard_normal((draws, len(scale))) @ root.T
    return np.abs(normal) / np.sqrt(rng.chisquare(df, draws) / df)[:, None] if len(scale) else normal


def _beyond(largest: Array, t: Array) -> Array:
    """Share of draws whose largest |t| reaches each of ours; never 0, since ours counts as a draw."""
    at_least = len(largest) - np.searchsorted(np.sort(largest), t, side="left")
    return np.asarray((1 + at_least) / (1 + len(largest)))


def _hotelling(effect: Array, variance: Array, most: float) -> dict[str, Any]:
    scale = np.sqrt(np.diag(variance))
    told = scale > 0
    if not told.any():
        return _no_test("no_variance")
    size = effect[told] / scale[told]
    values, vectors = np.linalg.eigh(variance[np.ix_(told, told)] / np.outer(scale[told], scale[told]))
    kept = values > values.max() * len(values) * 1e-10
    rank, along = int(kept.sum()), vectors.T @ size
    df2 = most - rank + 1
    # Months that others determine differ no more than those; where they do, the clusters are too few to tell.
    if df2 <= 0 or np.abs(along[~kept]).max(initial=0) > 1e-4 * np.abs(size).max():
        return _no_test("too_few")
    statistic = float((along[kept] ** 2 / values[kept]).sum()) * df2 / (rank * most)
    return {"F": statistic, "df1": rank, "df2": df2, "p": float(stats.f.sf(statistic, rank, df2)), "reason": ""}


def _no_months(reasons: npt.NDArray[Any]) -> dict[str, Any]:
    """No month of the window has an estimate; the first one says why, if there is any month at all."""
    return _no_test(str(reasons[0]) if len(reasons) else "no_months") | {"p_band": float("nan")}


def _no_test(reason: str) -> dict[str, Any]:
    return {"F": float("nan"), "df1": 0, "df2": 0, "p": float("nan"), "reason": reason}
