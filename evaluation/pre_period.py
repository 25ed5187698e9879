"""Were the arms alike in every month before the start, taken together?"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.effects import OutcomeMatrix
from evaluation.errors import EvaluationError
from evaluation.regression import stratified_design

Array = npt.NDArray[np.float64]


def pre_period_test(
    panel: pd.DataFrame,
    *,
    outcome: str,
    months: tuple[int, int] = (-36, -1),
    strata: str = "office",
    control: str = "control",
) -> dict[str, Any]:
    """Joint test that the arms did not differ in any month before the start, given the strata.

    Hotelling's T2 on the monthly coefficients, as F; its level is exact however many months there are beside few
    persons, if the outcome were normal. Months that others determine (nobody changed state) say nothing new: df1 is the
    rank of the residual covariance. Persons observed in every one of the months are used.

    Returns:
        F, df1, df2, p, n, reason. `reason` is empty, or says why there is no test: `no_contrast` when no stratum holds
        both arms, `no_variance`, `too_few` persons for that many months; F and p are missing then.
    """
    matrix = OutcomeMatrix(panel, [outcome], months, strata)
    values = matrix.of(outcome)
    whole = ~np.isnan(values).any(axis=1)
    is_treated = (matrix.arm == treated_arm(panel["arm"], control)).to_numpy(dtype=bool)
    return _hotelling(values[whole], is_treated[whole], matrix.strata[whole])


def _hotelling(values: Array, treated: npt.NDArray[np.bool_], strata: npt.NDArray[Any]) -> dict[str, Any]:
    n = len(values)
    try:
        design = stratified_design(treated, strata)
    except EvaluationError as error:
        return _nothing(error.code, n)
    centred = design.centred(values)
    effect = design.weight @ centred
    residual = centred - design.treatment[:, None] * effect
    scatter, vectors = np.linalg.eigh(residual.T @ residual)
    kept = scatter > max(scatter.max(), 0) * n * np.finfo(float).eps
    rank, df = int(kept.sum()), n - len(design.size) - 1
    if rank == 0:
        return _nothing("no_variance", n)
    if df <= rank:
        return _nothing("too_few", n)
    along = vectors[:, kept].T @ effect
    t2 = float((along**2 / scatter[kept]).sum()) * df / float(design.weight @ design.weight)
    df2 = df - rank + 1
    statistic = t2 * df2 / (rank * df)
    return {
        "F": statistic,
        "df1": rank,
        "df2": df2,
        "p": float(stats.f.sf(statistic, rank, df2)),
        "n": n,
        "reason": "",
    }


def _nothing(reason: str, n: int) -> dict[str, Any]:
    return {"F": float("nan"), "df1": 0, "df2": 0, "p": float("nan"), "n": n, "reason": reason}
