"""Fixed effects taken out of columns, exactly: no iteration, whatever the number of effects.

The effect with most levels is taken out as differences from its means; the others follow from the normal equations that
are left (Frisch and Waugh 1933, Lovell 1963), built from cross-tabulations of the levels instead of from dummies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Absorbed:
    """Columns without their fixed effects, and how many coefficients the effects took (`rank`).

    `alone`: rows that are the only one at some level. Their effect fits them exactly, so they tell nothing else.
    """

    columns: Array
    rank: int
    alone: int = 0


def without_effects(columns: Array, effects: Sequence[npt.ArrayLike]) -> Absorbed:
    """Residuals of each column (rows x columns) from a regression on all levels of every effect (one or more)."""
    coded = sorted((_coded(effect) for effect in effects), key=lambda codes: int(codes.max()), reverse=True)
    first, *others = coded
    sizes = np.bincount(first).astype(float)[:, None]
    belongs = indicators(first)
    within = columns - (belongs.T @ columns / sizes)[first]
    alone = int(np.logical_or.reduce([np.bincount(codes)[codes] == 1 for codes in coded]).sum())
    if not others:
        return Absorbed(within, len(sizes), alone)
    place = np.concatenate([[0], np.cumsum([codes.max() + 1 for codes in others])])
    levels = [codes + start for codes, start in zip(others, place, strict=False)]
    level = sum(indicators(codes, int(place[-1])) for codes in levels)
    gram: Any = _gram(level, belongs, sizes)
    values, vectors = np.linalg.eigh(gram)
    kept = values > values.max() * len(values) * np.finfo(float).eps
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    for _ in range(2):  # the second round takes away what rounding left of the first
        within = within - level @ (inverse @ (level.T @ within))
        within -= (belongs.T @ within / sizes)[first]
    return Absorbed(within, len(sizes) + int(kept.sum()), alone)


def indicators(codes: Codes, width: int | None = None) -> "sparse.csr_matrix":
    """Rows x levels, 1 where the row has the level: its transpose times columns sums them within levels."""
    rows = len(codes)
    width = int(codes.max()) + 1 if width is None else width
    return sparse.csr_matrix((np.ones(rows), codes, np.arange(rows + 1)), shape=(rows, width))


def _coded(effect: npt.ArrayLike) -> Codes:
    return np.asarray(pd.factorize(np.asarray(effect))[0], dtype=np.int64)


def _gram(level: "sparse.csr_matrix", belongs: "sparse.csr_matrix", sizes: Array) -> Array:
    """Cross-products of the dummies of the other effects, as differences from the means of the first."""
    within_first = (belongs.T @ level).toarray()
    return np.asarray((level.T @ level).toarray() - within_first.T @ (within_first / sizes))
