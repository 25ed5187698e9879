"""How sure one can be of what a further result costs: intervals, the cost-effectiveness plane, acceptability curves.

A ratio of two uncertain differences has no standard error that means anything where the lower one may be 0. Fieller's
interval (1954) says when that is so; the plane and the curve (van Hout et al. 1994) need no ratio at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.findings import Finding, plain_rows
from evaluation.given import as_numbers, whole_from
from evaluation.labels import MARK, both
from evaluation.shares import require_columns

Array = npt.NDArray[np.float64]

SHOWN_POINTS: Final = 1_000
AT_ONCE: Final = 100  # samples held in memory together
PLANE: Final = both("Kostnad og virkning", "Cost and effect")
CURVE: Final = both("Sannsynligheten for at tiltaket lønner seg", "The chance that the measure is worth its cost")
PLANE_COLUMNS: Final = ("extra_cost", "extra_result")
CURVE_COLUMNS: Final = ("threshold", "probability")
# The reader's marks: a space between thousands, and the decimal sign.
NUMBERS: Final = "replace(replace(datum.label, /,/g, '\u00a0'), '.', comma)"
PARAMS: Final = ({"name": "comma", "value": f"{MARK}decimal_sign"},)


@dataclass(frozen=True)
class CostEffect:
    """`extra_cost` (NOK a person) and `extra_result` (share, or the unit of the result) of the treated over control;
    their standard errors and correlation; `ratio`: NOK a further result; `ci_low`, `ci_high`: Fieller's 95 % interval,
    missing with `reason` `result_may_be_the_same` where the extra result may be 0; `draws`: one row a bootstrap
    sample, extra_cost and extra_result.
    """

    extra_cost: float
    extra_result: float
    cost_se: float
    result_se: float
    correlation: float
    ratio: float
    ci_low: float
    ci_high: float
    reason: str
    draws: pd.DataFrame


def cost_and_effect(
    people: pd.DataFrame,
    *,
    cost: str,
    result: str,
    rng: np.random.Generator,
    arm: str = "arm",
    control: str = "control",
    cluster: str | None = None,
    draws: int = 2_000,
) -> CostEffect:
    """What the treated cost and achieve more than the control group, with how sure that is, by bootstrap.

    Args:
        people: one row a person with `arm`, `cost` (NOK) and `result`; nobody has a value missing.
        rng: draws the samples: persons with replacement within each arm, or whole clusters where `cluster` is given.

    Raises:
        EvaluationError: `missing_value`, `not_a_number`, `not_two_arms`, `too_few` (two persons an arm, or two
            clusters), `no_variance` when nothing varies, `bad_option` for fewer than two draws.
    """
    keys = [arm] if cluster is None else [arm, cluster]
    require_columns(people, [*keys, cost, result])
    draws = whole_from(draws, "draws", 2)
    values = np.stack([as_numbers(people[name]).to_numpy() for name in (cost, result)], axis=1)
    if np.isnan(values).any():
        raise EvaluationError("missing_value", "cost or result is missing for somebody")
    unknown = next((name for name in keys if people[name].isna().any()), None)
    if unknown is not None:
        raise EvaluationError("missing_value", f"{unknown} is missing for somebody")
    treated = (people[arm] != control).to_numpy()
    if people[arm].nunique() != 2 or treated.all():
        raise EvaluationError("not_two_arms", f"costs are compared of {control} and one other arm")
    codes = _units(people, treated, cluster)
    sampled = _samples(values, treated, codes, draws, rng)
    extra = values[treated].mean(axis=0) - values[~treated].mean(axis=0)
    covariance = np.cov(sampled.T)
    if covariance[1, 1] == 0:
        raise EvaluationError("no_variance", "the result is the same in every sample")
    low, high, reason = fieller(extra[0], extra[1], covariance)
    cost_se, result_se = np.sqrt(np.diag(covariance))
    return CostEffect(
        extra_cost=float(extra[0]),
        extra_result=float(extra[1]),
        cost_se=float(cost_se),
        result_se=float(result_se),
        correlation=float(covariance[0, 1] / (cost_se * result_se)) if cost_se else 0.0,
        ratio=float(extra[0] / extra[1]) if extra[1] else float("nan"),
        ci_low=low,
        ci_high=high,
        reason=reason,
        draws=pd.DataFrame(sampled, columns=list(PLANE_COLUMNS)),
    )


def fieller(extra: float, gain: float, covariance: npt.ArrayLike, *, level: float = 0.95) -> tuple[float, float, str]:
    """The interval of the ratio extra / gain of two estimates with this 2 x 2 covariance.

    Returns:
        its ends and "", or missing ends and `result_may_be_the_same` where the gain does not differ from 0: the
        ratios that fit then have no bounds.
    """
    matrix = np.asarray(covariance, dtype=float)
    square = float(stats.norm.ppf((1 + level) / 2)) ** 2
    a = gain**2 - square * matrix[1, 1]
    if a <= 0:
        return float("nan"), float("nan"), "result_may_be_the_same"
    b = extra * gain - square * matrix[0, 1]
    c = extra**2 - square * matrix[0, 0]
    root = float(np.sqrt(max(0.0, b**2 - a * c)))
    return (b - root) / a, (b + root) / a, ""


def acceptability(draws: pd.DataFrame, *, thresholds: float | Sequence[float]) -> pd.DataFrame:
    """For each price of a result, the share of the samples in which the treatment is worth its extra cost.

    Returns:
        threshold (NOK a result), probability.

    Raises:
        EvaluationError: `not_a_number` for a threshold that is none.
    """
    require_columns(draws, list(PLANE_COLUMNS))
    thresholds = as_numbers(pd.Series(np.ravel(np.asarray(thresholds, dtype=object)), name="thresholds")).tolist()
    worth = [(price * draws["extra_result"] >= draws["extra_cost"]).mean() for price in thresholds]
    return pd.DataFrame({"threshold": thresholds, "probability": worth})


def plane_figure(found: CostEffect, *, name: str = "cost-plane") -> Finding:
    """The plane: every sample's extra result and extra cost, with the estimate in the middle."""
    shown = found.draws.head(SHOWN_POINTS)
    rows = plain_rows(shown, PLANE_COLUMNS)
    values = [dict(zip(PLANE_COLUMNS, row, strict=True)) for row in rows]
    place = {axis: _axis(key) for axis, key in (("x", "extra_result"), ("y", "extra_cost"))}
    centre = {"values": [{"extra_cost": found.extra_cost, "extra_result": found.extra_result}]}
    spec = {
        "params": list(PARAMS),
        "width": 420,
        "height": 300,
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 14, "opacity": 0.35}, "encoding": place},
            {"mark": {"type": "rule", "opacity": 0.6}, "encoding": {"x": {"datum": 0}}},
            {"mark": {"type": "rule", "opacity": 0.6}, "encoding": {"y": {"datum": 0}}},
            {
                "data": centre,
                "mark": {
                    "type": "point",
                    "shape": "diamond",
                    "size": 140,
                    "opacity": 1,
                    "fill": "#a13a28",
                    "stroke": None,
                },
                "encoding": place,
            },
        ],
    }
    return Finding(name, "figure", PLANE, PLANE_COLUMNS, rows, spec, {"samples": len(found.draws)})


def acceptability_figure(curve: pd.DataFrame, *, name: str = "acceptability") -> Finding:
    """The acceptability curve, from `acceptability`."""
    rows = plain_rows(curve, CURVE_COLUMNS)
    values = [{"threshold": threshold, "probability": 100 * chance} for threshold, chance in rows]
    y = _axis("probability") | {"title": f"{MARK}percent", "scale": {"domain": [0, 100]}}
    encoding = {"x": _axis("threshold"), "y": y}
    spec = {
        "params": list(PARAMS),
        "width": 420,
        "height": 260,
        "data": {"values": values},
        "mark": {"type": "line"},
        "encoding": encoding,
    }
    return Finding(name, "figure", CURVE, CURVE_COLUMNS, rows, spec, {})


def _axis(key: str) -> dict[str, object]:
    axis = {"labelExpr": NUMBERS, "tickCount": 6}
    return {"field": key, "type": "quantitative", "title": MARK + key, "scale": {"nice": True}, "axis": axis}


def _units(people: pd.DataFrame, treated: npt.NDArray[np.bool_], cluster: str | None) -> npt.NDArray[np.int64]:
    """What is drawn: persons or clusters; a cluster with people of both arms counts once in each."""
    if min(treated.sum(), (~treated).sum()) < 2:
        raise EvaluationError("too_few", "an arm has fewer than two persons")
    if cluster is None:
        return np.arange(len(people))
    codes = pd.factorize(people[cluster])[0].astype(np.int64)
    if codes.max() < 1:
        raise EvaluationError("too_few", "a bootstrap of clusters needs at least two")
    return codes


def _samples(
    values: Array, treated: npt.NDArray[np.bool_], codes: npt.NDArray[np.int64], draws: int, rng: np.random.Generator
) -> Array:
    """Differences of the means in each sample: units are weighted by how often they were drawn."""
    count = int(codes.max()) + 1
    sides = [(side, sign, _sums(values[side], codes[side], count)) for side, sign in ((treated, 1), (~treated, -1))]
    persons = count == len(codes)
    parts = []
    for begin in range(0, draws, AT_ONCE):
        size, found = min(AT_ONCE, draws - begin), np.zeros(2)
        together = None if persons else rng.multinomial(count, np.full(count, 1 / count), size=size)
        for side, sign, (people, sums) in sides:
            times = _within(side, size, rng) if together is None else together
            drawn = times @ people
            if (drawn == 0).any():
                raise EvaluationError("too_few", "too few clusters: a sample has nobody of an arm")
            found = found + sign * (times @ sums) / drawn[:, None]
        parts.append(found)
    return np.concatenate(parts)


def _within(side: npt.NDArray[np.bool_], size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each person is drawn when an arm keeps its size."""
    times = np.zeros((size, len(side)), dtype=np.int64)
    members = int(side.sum())
    times[:, side] = rng.multinomial(members, np.full(members, 1 / members), size=size)
    return times


def _sums(values: Array, codes: npt.NDArray[np.int64], count: int) -> tuple[Array, Array]:
    """By unit: how many people, and the sums of their costs and results."""
    people = np.bincount(codes, minlength=count).astype(float)
    return people, np.stack([np.bincount(codes, column, minlength=count) for column in values.T], axis=1)
