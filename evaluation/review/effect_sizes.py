"""The effect of each study of a review, on the scale on which effects are added up (logarithms for ratios).

Formulas: Borenstein, Hedges, Higgins and Rothstein (2009); Hedges' correction exact, its variance as in R's metafor;
Peto's odds ratio from Yusuf et al. (1985).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers
from evaluation.review.study_columns import COUNTS, EFFECT, INTERVAL, MEANS, ask_for, named_columns

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]
Way = tuple[str, tuple[str, ...], Callable[["_Values"], Pair]]  # measure, columns, and what makes effects of them

RATIOS: Final = ("RR", "OR", "PETO")
SPELT_OUT: Final[Mapping[str, str]] = {
    "RISK RATIO": "RR",
    "RELATIVE RISK": "RR",
    "ODDS RATIO": "OR",
    "PETO ODDS RATIO": "PETO",
    "RISK DIFFERENCE": "RD",
    "MEAN DIFFERENCE": "MD",
    "STANDARDISED MEAN DIFFERENCE": "SMD",
    "STANDARDIZED MEAN DIFFERENCE": "SMD",
    "HEDGES G": "SMD",
    "GENERIC": "generic",
}
NORMAL: Final = 1.959963984540054
ZERO_CELLS: Final = ("only_empty", "all_if_any", "all", "none")


@dataclass(frozen=True)
class ZeroCells:
    """What is added to the cells of a study so that an empty one does not stop it.

    `rule`: `only_empty` (to every cell of the studies with an empty cell; the Cochrane handbook), `all_if_any` (to
    every study once one has an empty cell), `all`, or `none` (studies with an empty cell then have no ratio).
    """

    rule: str = "only_empty"
    added: float = 0.5

    def __post_init__(self) -> None:
        if self.rule not in ZERO_CELLS or not 0 < self.added <= 1:
            raise EvaluationError("bad_option", f"zero_cells is one of {ZERO_CELLS}, with above 0 and at most 1 added")

    def touched(self, empty: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The studies that get something added, where `empty` tells which have an empty cell."""
        if self.rule == "only_empty":
            return empty
        return np.full(empty.shape, self.rule == "all" or (self.rule == "all_if_any" and bool(empty.any())))


DEFAULT_ZERO_CELLS: Final = ZeroCells()


@dataclass(frozen=True)
class _Values:
    """The columns of a measure, and what to do about empty cells."""

    columns: Mapping[str, Array]
    zero_cells: ZeroCells = field(default_factory=ZeroCells)

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]


def measure_called(name: str) -> str:
    """A measure by its short name in any case, or spelt out.

    Raises:
        EvaluationError: `unknown_measure`.
    """
    plain = str(name).upper().replace("_", " ")
    measure = SPELT_OUT.get(plain, plain)
    if measure not in MEASURES:
        raise EvaluationError("unknown_measure", f"measure is one of {', '.join(MEASURES)}")
    return measure


def effect_sizes(studies: pd.DataFrame, measure: str, *, zero_cells: ZeroCells = DEFAULT_ZERO_CELLS) -> pd.DataFrame:
    """Effect `y` and variance `v` of each study, and `reason` where it has none (then both are missing).

    `measure`: RR, OR, PETO (Peto's odds ratio) or RD from events and totals; MD or SMD (Hedges' g) from means,
    standard deviations and numbers; generic from effect and se. A study of any measure may instead have effect and se
    on the additive scale (the logarithm of a ratio), or effect, ci_low and ci_high as printed (a ratio as a ratio, 95 %
    interval); such rows may stand among others. `study_columns` tells which other names the columns may have. A study
    in which nobody, or everybody, has the event in both groups tells nothing of a ratio: `no_events`; one with an empty
    cell to which nothing is added: `empty_cell`.

    Raises:
        EvaluationError: `unknown_measure`, `bad_option`, `bad_study` naming the row, `not_a_number` naming the column,
            `unknown_outcome` naming the columns that are asked for.
    """
    measure = measure_called(measure)
    columns, compute = MEASURES[measure]
    own, told_otherwise = named_columns(studies, columns), _told_otherwise(studies, measure)
    if own is None and told_otherwise is None:
        raise ask_for(measure, columns, studies)
    parts = [(columns, compute, own), (EFFECT, _generic, told_otherwise)]
    y, v = np.full(len(studies), np.nan), np.full(len(studies), np.nan)
    reasons = np.full(len(studies), "", dtype=object)
    left = np.ones(len(studies), dtype=bool)
    for names, how, frame in parts:
        if frame is None:
            continue
        rows = left & frame.notna().any(axis=1).to_numpy() if told_otherwise is not None else left
        y[rows], v[rows], reasons[rows] = _computed(frame, rows, (measure, names, how), zero_cells)
        left = left & ~rows
    if left.any():
        raise EvaluationError("bad_study", f"row {int(left.argmax()) + 1} cannot be a study for {measure}")
    return pd.DataFrame({"y": y, "v": v, "reason": reasons}, index=studies.index)


def count_columns(studies: pd.DataFrame) -> dict[str, Array]:
    """The four counts of every study, for sums of counts.

    Raises:
        EvaluationError: `bad_study` where a study has none.
    """
    frame = named_columns(studies, COUNTS)
    if frame is None or frame.isna().any(axis=None):
        raise EvaluationError("bad_study", "Mantel and Haenszel's weights need the counts of every study")
    return {name: as_numbers(frame[name]).to_numpy(dtype=float) for name in COUNTS}


def _told_otherwise(studies: pd.DataFrame, measure: str) -> pd.DataFrame | None:
    """Effect and se on the additive scale, as given or from printed intervals."""
    given = named_columns(studies, EFFECT)
    printed = named_columns(studies, INTERVAL)
    if given is not None and printed is not None and measure in RATIOS:
        _refuse_printed_ratio(given, printed)
    if printed is None or given is not None:
        return given
    numbers = {name: as_numbers(printed[name]) for name in INTERVAL}
    known = printed.notna().all(axis=1).to_numpy()
    values = np.stack([column.to_numpy() for column in numbers.values()], axis=1)
    wrong = known & ~((values[:, 1] <= values[:, 0]) & (values[:, 0] <= values[:, 2]) & (values[:, 1] < values[:, 2]))
    if measure in RATIOS:
        wrong |= known & (values[:, 1] <= 0)
        values = np.log(np.where(values > 0, values, np.nan))
    if wrong.any():
        sentence = f"row {int(wrong.argmax()) + 1}: the effect must lie within its interval, and a ratio above 0"
        raise EvaluationError("bad_study", sentence)
    se = (values[:, 2] - values[:, 1]) / (2 * NORMAL)
    return pd.DataFrame({"effect": values[:, 0], "se": se}, index=studies.index)


def _refuse_printed_ratio(given: pd.DataFrame, printed: pd.DataFrame) -> None:
    """Effect and se are logarithms; an interval beside them tells where the effect was left as printed."""
    effect, se = (as_numbers(given[name]).to_numpy() for name in EFFECT)
    ends = np.stack([as_numbers(printed[name]).to_numpy() for name in INTERVAL[1:]])
    reach = NORMAL * np.stack([-se, se])
    with np.errstate(divide="ignore", invalid="ignore"):
        meant = np.minimum(np.abs(ends - effect - reach).sum(axis=0), np.abs(np.log(ends) - effect - reach).sum(axis=0))
        wrong = np.abs(np.log(ends) - np.log(effect) - reach).sum(axis=0) < np.nan_to_num(meant, nan=np.inf)
    if wrong.any():
        row = int(wrong.argmax()) + 1
        sentence = (
            "by its interval the effect is a ratio, where with se it is a logarithm: leave se out, or give its own"
        )
        raise EvaluationError("bad_study", f"row {row}: {sentence}")


def _computed(
    frame: pd.DataFrame, rows: npt.NDArray[np.bool_], way: "Way", zero_cells: ZeroCells
) -> tuple[Array, Array, npt.NDArray[np.str_]]:
    """Effect, variance and reason of some of the studies, from these columns."""
    measure, names, compute = way
    values = _Values({name: as_numbers(frame[name]).to_numpy(dtype=float)[rows] for name in names}, zero_cells)
    _check(values.columns, measure, np.flatnonzero(rows))
    with np.errstate(divide="ignore", invalid="ignore"):
        y, v = compute(values)
    told = np.isfinite(y) & np.isfinite(v) & (v > 0)
    reasons = np.where(told, "", _reasons(values) if names == COUNTS else "no_variance")
    return np.where(told, y, np.nan), np.where(told, v, np.nan), reasons


def _reasons(values: _Values) -> npt.NDArray[np.str_]:
    return np.where(_one_sided(*counts(values.columns)), "no_events", "empty_cell")


def counts(columns: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
    """With and without the event among the treated, with and without it in the control group."""
    a, c = columns["events_treated"], columns["events_control"]
    return a, columns["total_treated"] - a, c, columns["total_control"] - c


def _one_sided(a: Array, b: Array, c: Array, d: Array) -> npt.NDArray[np.bool_]:
    """Nobody, or everybody, has the event in both groups."""
    return np.asarray(((a == 0) & (c == 0)) | ((b == 0) & (d == 0)))


def _check(values: Mapping[str, Array], measure: str, places: npt.NDArray[np.int64]) -> None:
    bad = ~np.all([np.isfinite(column) for column in values.values()], axis=0)
    if "events_treated" in values:
        for arm in ("treated", "control"):
            events, total = values[f"events_{arm}"], values[f"total_{arm}"]
            bad |= (events < 0) | (events > total) | (total < 1)
    if "sd_treated" in values:
        bad |= (values["sd_treated"] < 0) | (values["sd_control"] < 0)
        bad |= (values["n_treated"] < 2) | (values["n_control"] < 2)
    if "se" in values:
        bad |= values["se"] < 0
    if bad.any():
        raise EvaluationError("bad_study", f"row {int(places[bad.argmax()]) + 1} cannot be a study for {measure}")


def _cells(values: _Values, *, ratio: bool) -> tuple[Array, Array, Array, Array]:
    """The four counts after what is added to them; nothing is added to a ratio of nothing."""
    a, b, c, d = cells = counts(values.columns)
    touched = values.zero_cells.touched((a == 0) | (b == 0) | (c == 0) | (d == 0))
    if ratio:
        touched = touched & ~_one_sided(*cells)
    add = np.where(touched, values.zero_cells.added, 0.0)
    return a + add, b + add, c + add, d + add


def _risk_ratio(values: _Values) -> Pair:
    a, b, c, d = _cells(values, ratio=True)
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def _odds_ratio(values: _Values) -> Pair:
    a, b, c, d = _cells(values, ratio=True)
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def _peto(values: _Values) -> Pair:
    """Observed less expected events over the hypergeometric variance: needs no correction of empty cells."""
    a, b, c, d = counts(values.columns)
    first, second = a + b, c + d
    n = first + second
    variance = first * second * (a + c) * (b + d) / (n**2 * (n - 1))
    return (a - first * (a + c) / n) / variance, 1 / variance


def _risk_difference(values: _Values) -> Pair:
    a, b, c, d = _cells(values, ratio=False)
    return a / (a + b) - c / (c + d), a * b / (a + b) ** 3 + c * d / (c + d) ** 3


def _mean_difference(values: _Values) -> Pair:
    variance = values["sd_treated"] ** 2 / values["n_treated"] + values["sd_control"] ** 2 / values["n_control"]
    return values["mean_treated"] - values["mean_control"], variance


def _standardised(values: _Values) -> Pair:
    first, second = values["n_treated"], values["n_control"]
    df = first + second - 2
    pooled = np.sqrt(((first - 1) * values["sd_treated"] ** 2 + (second - 1) * values["sd_control"] ** 2) / df)
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    g = correction * (values["mean_treated"] - values["mean_control"]) / pooled
    return g, 1 / first + 1 / second + g**2 / (2 * (first + second))


def _generic(values: _Values) -> Pair:
    return values["effect"], values["se"] ** 2


MEASURES: Final[Mapping[str, tuple[tuple[str, ...], Callable[[_Values], Pair]]]] = {
    "RR": (COUNTS, _risk_ratio),
    "OR": (COUNTS, _odds_ratio),
    "PETO": (COUNTS, _peto),
    "RD": (COUNTS, _risk_difference),
    "MD": (MEANS, _mean_difference),
    "SMD": (MEANS, _standardised),
    "generic": (EFFECT, _generic),
}
