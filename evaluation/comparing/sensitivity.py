"""How strong what nobody measured must be to undo an effect (Oster 2019, Journal of Business & Economic Statistics).

The move of a coefficient when observed characteristics are added, held against the move of R squared, tells how far it
would move with unobserved ones that select into treatment `delta` times as strongly.
"""

from dataclasses import dataclass
from math import copysign, sqrt
from typing import Final

import numpy as np

from evaluation.errors import EvaluationError

RAISED: Final = 1.3  # Oster's rule: unobserved characteristics raise R squared by 30 per cent


@dataclass(frozen=True)
class TwoModels:
    """The same outcome on the treatment alone (`short`) and with everything observed (`long`).

    `outcome_variance` and `treatment_variance` are of the raw columns; `residual_variance` is the variance of the
    treatment that the observed characteristics leave.
    """

    short: float
    short_r2: float
    long: float
    long_r2: float
    outcome_variance: float
    treatment_variance: float
    residual_variance: float


@dataclass(frozen=True)
class Bound:
    """`r2_max`: the R squared that a model of everything would have; `effect`: what is left of the treatment's
    coefficient with unobserved selection as strong as the observed (delta 1); `delta`: how many times as strong it
    must be for nothing to be left."""

    r2_max: float
    effect: float
    delta: float


def oster_bound(models: TwoModels, *, r2_max: float | None = None) -> Bound:
    """Oster's bound.

    Args:
        r2_max: by default 1.3 times the R squared of the long model, at most 1.

    Raises:
        EvaluationError: `bad_option` when r2_max is not above the long model's, `no_variance` when the observed
            characteristics neither move the coefficient nor R squared, so that nothing can be learnt from them.
    """
    best = min(1.0, RAISED * models.long_r2) if r2_max is None else r2_max
    if not models.long_r2 < best <= 1:
        raise EvaluationError("bad_option", "r2_max lies above the long model's R squared and at most at 1")
    if models.short == models.long or models.long_r2 <= models.short_r2:
        raise EvaluationError("no_variance", "what was observed moves nothing: it says nothing of what was not")
    return Bound(best, _left(models, best), delta_for(models, best, target=0.0))


def delta_for(models: TwoModels, r2_max: float, *, target: float) -> float:
    """How strong unobserved selection must be, in units of the observed, for the coefficient to be `target`."""
    moved, gained, room = _moves(models, r2_max)
    away = models.long - target
    x, t = models.treatment_variance, models.residual_variance
    above = away * gained * t + away * x * t * moved**2 + 2 * away**2 * t * moved * x + away**3 * (t * x - t**2)
    below = room * moved * x + away * room * (x - t) + away**2 * t * moved * x + away**3 * (t * x - t**2)
    return above / below


def _left(models: TwoModels, r2_max: float) -> float:
    """The coefficient at delta 1: of the two roots, the one on the side to which the observed moved it."""
    moved, gained, room = _moves(models, r2_max)
    x, t = models.treatment_variance, models.residual_variance
    theta = room * (x - t) - gained * t - x * t * moved**2
    root = sqrt(theta**2 + 4 * room * moved**2 * x**2 * t)
    shifts = [(-theta + sign * root) / (-2 * t * moved * x) for sign in (1, -1)]
    onwards = [shift for shift in shifts if copysign(1, shift) == copysign(1, moved)]
    return models.long - min(onwards or shifts, key=abs)


def _moves(models: TwoModels, r2_max: float) -> tuple[float, float, float]:
    moved = models.short - models.long
    gained = (models.long_r2 - models.short_r2) * models.outcome_variance
    room = (r2_max - models.long_r2) * models.outcome_variance
    return moved, float(np.float64(gained)), float(np.float64(room))
