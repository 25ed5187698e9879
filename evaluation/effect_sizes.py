"""The effect of each study of a review, on the scale on which effects are added up (logarithms for ratios).

Formulas: Borenstein, Hedges, Higgins and Rothstein (2009); Hedges' correction exact, its variance as in R's metafor.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln

from evaluation.errors import EvaluationError
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]

RATIOS: Final = ("RR", "OR")
COUNTS: Final = ("events_treated", "total_treated", "events_control", "total_control")
MEANS: Final = ("mean_treated", "sd_treated", "n_treated", "mean_control", "sd_control", "n_control")
ADDED: Final = 0.5  # to every cell of a study with an empty one


def effect_sizes(studies: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Effect `y` and variance `v` of each study, and `reason` where it has none (then both are missing).

    `measure`: RR, OR or RD from events and totals; MD or SMD (Hedges' g) from means, standard deviations and numbers;
    generic from effect and se. A study in which nobody, or everybody, has the event in both groups tells nothing of a
    ratio: `no_events`.

    Raises:
        EvaluationError: `unknown_measure`, `bad_study` naming the row, a column that is missing.
    """
    if measure not in MEASURES:
        raise EvaluationError("unknown_measure", f"measure is one of {', '.join(MEASURES)}")
    columns, compute = MEASURES[measure]
    require_columns(studies, list(columns))
    values = {name: studies[name].to_numpy(dtype=float) for name in columns}
    _check(values, measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        y, v = compute(values)
    told = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return pd.DataFrame(
        {
            "y": np.where(told, y, np.nan),
            "v": np.where(told, v, np.nan),
            "reason": np.where(told, "", "no_events" if columns == COUNTS else "no_variance"),
        },
        index=studies.index,
    )


def _check(values: Mapping[str, Array], measure: str) -> None:
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
        raise EvaluationError("bad_study", f"row {int(bad.argmax()) + 1} cannot be a study for {measure}")


def _cells(values: Mapping[str, Array], *, ratio: bool) -> tuple[Array, Array, Array, Array]:
    """With and without the event in both groups, ADDED to studies with an empty cell; nothing to a ratio of nothing."""
    a, c = values["events_treated"], values["events_control"]
    b, d = values["total_treated"] - a, values["total_control"] - c
    empty = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    if ratio:
        empty &= ~(((a == 0) & (c == 0)) | ((b == 0) & (d == 0)))
    add = np.where(empty, ADDED, 0.0)
    return a + add, b + add, c + add, d + add


def _risk_ratio(values: Mapping[str, Array]) -> Pair:
    a, b, c, d = _cells(values, ratio=True)
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def _odds_ratio(values: Mapping[str, Array]) -> Pair:
    a, b, c, d = _cells(values, ratio=True)
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def _risk_difference(values: Mapping[str, Array]) -> Pair:
    a, b, c, d = _cells(values, ratio=False)
    return a / (a + b) - c / (c + d), a * b / (a + b) ** 3 + c * d / (c + d) ** 3


def _mean_difference(values: Mapping[str, Array]) -> Pair:
    variance = values["sd_treated"] ** 2 / values["n_treated"] + values["sd_control"] ** 2 / values["n_control"]
    return values["mean_treated"] - values["mean_control"], variance


def _standardised(values: Mapping[str, Array]) -> Pair:
    first, second = values["n_treated"], values["n_control"]
    df = first + second - 2
    pooled = np.sqrt(((first - 1) * values["sd_treated"] ** 2 + (second - 1) * values["sd_control"] ** 2) / df)
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    g = correction * (values["mean_treated"] - values["mean_control"]) / pooled
    return g, 1 / first + 1 / second + g**2 / (2 * (first + second))


def _generic(values: Mapping[str, Array]) -> Pair:
    return values["effect"], values["se"] ** 2


MEASURES: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Array]], Pair]]]] = {
    "RR": (COUNTS, _risk_ratio),
    "OR": (COUNTS, _odds_ratio),
    "RD": (COUNTS, _risk_difference),
    "MD": (MEANS, _mean_difference),
    "SMD": (MEANS, _standardised),
    "generic": (("effect", "se"), _generic),
}
