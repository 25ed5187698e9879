"""Fixed effects taken out of columns, exactly: no iteration, whatever the number of effects.

The effect with most levels is taken out as differences from its means; the others follow from the normal equations that
are left (Frisch and Waugh 1933, Lovell 1963), built from cross-tabulations of the levels instead of from dummies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Absorbed:
    """Columns without their fixed effects, and how many coefficients the effects took (`rank`)."""

    columns: Array
    rank: int


def without_effects(columns: Array, effects: Sequence[npt.ArrayLike]) -> Absorbed:
    """Residuals of each column (rows x columns) from a regression on all levels of every effect (one or more)."""
    coded = sorted((_coded(effect) for effect in effects), key=lambda codes: int(codes.max()), reverse=True)
    first, *others = coded
    size = np.bincount(first)
    within = columns - _sums(first, columns)[first] / size[first][:, None]
    if not others:
        return Absorbed(within, len(size))
    place = np.concatenate([[0], np.cumsum([codes.max() + 1 for codes in others])])
    levels = [codes + start for codes, start in zip(others, place, strict=False)]
    gram = _gram(levels, int(place[-1]), first, size)
    values, vectors = np.linalg.eigh(gram)
    kept = values > values.max() * len(values) * np.finfo(float).eps
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    for _ in range(2):  # the second round takes away what rounding left of the first
        moments = np.sum([_sums(level, within, int(place[-1])) for level in levels], axis=0)
        coefficients = inverse @ moments
        fitted = np.sum([coefficients[level] for level in levels], axis=0)
        within = within - fitted
        within = within - (_sums(first, within) / size[:, None])[first]
    return Absorbed(within, len(size) + int(kept.sum()))


def _coded(effect: npt.ArrayLike) -> Codes:
    _levels, codes = np.unique(np.asarray(effect), return_inverse=True)
    return codes.ravel()


def _sums(codes: Codes, columns: Array, length: int = 0) -> Array:
    """Sum of each column within each level."""
    return np.stack([np.bincount(codes, column, minlength=length) for column in columns.T], axis=1)


def _gram(levels: Sequence[Codes], width: int, first: Codes, size: Codes) -> Array:
    """Cross-products of the dummies of the other effects, as differences from the means of the first."""
    within_first = np.zeros((len(size), width))
    for level in levels:
        within_first += np.bincount(first * width + level, minlength=len(size) * width).reshape(len(size), width)
    gram = np.zeros((width, width))
    for one in levels:
        for other in levels:
            gram += np.bincount(one * width + other, minlength=width * width).reshape(width, width)
    return np.asarray(gram - within_first.T @ (within_first / size[:, None]))
