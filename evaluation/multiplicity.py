"""P-values that were looked at together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError


def adjust_p_values(p_values: Sequence[float], *, method: str) -> npt.NDArray[np.float64]:
    """Adjusted p-values of one family, in the order given; a missing p-value stays missing and is not counted.

    `holm` controls the chance of any false finding (Holm 1979), `benjamini-hochberg` the share of false findings
    (Benjamini and Hochberg 1995), `none` leaves them.

    Raises:
        EvaluationError: `unknown_method`.
    """
    p = np.asarray(p_values, dtype=float)
    result = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]
    ordered, m = p[order], len(order)
    if method == "none":
        return p.copy()
    if method == "holm":
        result[order] = np.minimum(np.maximum.accumulate(ordered * np.arange(m, 0, -1)), 1)
    elif method == "benjamini-hochberg":
        raised = ordered * m / np.arange(1, m + 1)
        result[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    else:
        raise EvaluationError("unknown_method", "method is none, holm or benjamini-hochberg")
    return result
