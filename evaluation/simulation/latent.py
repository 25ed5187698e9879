"""Persistent latent propensities: for each person a smooth Gaussian path, standard normal in every month.

A person is in a state in the months where the path lies beyond a threshold. Because the path is standard normal, the
threshold of a probability is its normal quantile: declared shares hold exactly in expectation, however persistent.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from evaluation.simulation.margins import Persistence

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.integer[Any]]
Codes = npt.NDArray[np.int8]

KEPT_VARIANCE = 0.995


def loadings(months: int, persistence: Persistence) -> Floats:
    """Months x components: the leading principal components of the paths, scaled back to unit variance.

    The covariance is a constant (`lasting`) plus a Matérn function of smoothness 3/2, whose paths are smooth enough
    that spells last for months and do not flicker.
    """
    lag = np.abs(np.subtract.outer(np.arange(months), np.arange(months))) * np.sqrt(3) / persistence.months
    covariance = persistence.lasting + (1 - persistence.lasting) * (1 + lag) * np.exp(-lag)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = int(np.searchsorted(np.cumsum(values), KEPT_VARIANCE * values.sum())) + 1
    matrix = vectors[:, :kept] * np.sqrt(values[:kept]) * np.sign(vectors[:, :kept].sum(axis=0) + 1e-300)
    scaled: Floats = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return scaled


def spread_evenly(values: Floats, groups: Groups) -> Floats:
    """The mid-ranks of the values within each group, as numbers between 0 and 1: (rank - 1/2) / size."""
    even = np.empty(len(values))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        even[members[np.argsort(values[members], kind="stable")]] = (np.arange(len(members)) + 0.5) / len(members)
    return even


def normal(rng: np.random.Generator, groups: Groups, columns: int, *, even: bool) -> Floats:
    """Persons x columns of standard normals; `even` spreads each column evenly within each group (Latin hypercube)."""
    scores = rng.standard_normal((len(groups), columns))
    if even:
        for column in range(columns):
            scores[:, column] = special.ndtri(spread_evenly(scores[:, column], groups))
    return scores


def pinned(paths: Floats, factors: Floats, month: int, groups: Groups, order: Floats) -> Floats:
    """The paths given that in `month` they are spread evenly within each group, in the given order."""
    wanted = special.ndtri(spread_evenly(order, groups))
    moved: Floats = paths + np.outer(wanted - paths[:, month], factors @ factors[month])
    return moved


def cut_below(share: Floats, correlation: Floats, bound: Floats) -> Floats:
    """Where to cut a standard normal so that it lies above the cut with probability `share` while another one, with
    which it has the given correlation, lies below `bound`. Elementwise; Gauss-Legendre and bisection."""
    node, weight = np.polynomial.legendre.leggauss(80)
    lower, upper = -8.0, np.minimum(bound, 8.0)[..., None]
    other = lower + (upper - lower) * (node + 1) / 2
    density = weight * (upper - lower) / 2 * np.exp(-(other**2) / 2) / np.sqrt(2 * np.pi)
    shift, scale = correlation[..., None] * other, np.sqrt(1 - correlation**2)[..., None]
    low, high = np.full(share.shape, -8.0), np.full(share.shape, 8.0)
    for _step in range(50):
        cut = (low + high) / 2
        above = (density * special.ndtr((shift - cut[..., None]) / scale)).sum(axis=-1) > share
        low, high = np.where(above, cut, low), np.where(above, high, cut)
    return cut


def choose(paths: Floats, shares: Floats, where: tuple[Any, ...]) -> Codes:
    """The category of each person and month: the paths cut at the running sums of the shares.

    shares: a table of probabilities, the categories along its last axis, where[i] indexing its i-th other axis; every
    index broadcasts to persons x months. A row of zeros (an impossible condition) gives category 0.
    """
    sums = np.cumsum(shares, axis=-1)
    whole = np.where(sums[..., -1:] > 0, sums[..., -1:], 1)
    thresholds = special.ndtri(np.where(sums[..., -1:] > 0, sums[..., :-1] / whole, 1.0))
    category = np.zeros(paths.shape, dtype=np.int8)
    for step in range(thresholds.shape[-1]):
        category += paths > thresholds[..., step][where]
    return category
