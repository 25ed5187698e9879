"""Table 1: were the arms alike before the start?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import arm_pair
from evaluation.given import given
from evaluation.regression import ROUNDING
from evaluation.shares import names_of


@dataclass(frozen=True)
class BaselineTable:
    """`table` is indexed by variable: the means of both arms, difference (control - treated), se, t, p, smd, missing,
    reason (`no_variance`, `too_few` persons with a value in an arm, or empty).

    `joint_p` belongs to the F test (`joint_f` with `joint_df`) that no variable tells the arms apart; `n` counts the
    persons of that test, who have every variable. `joint_reason` says why there is none: `too_few`, `no_variance`.
    """

    table: pd.DataFrame
    joint_f: float
    joint_df: tuple[int, int]
    joint_p: float
    n: int
    joint_reason: str = ""


def baseline_table(
    people: pd.DataFrame, *, variables: Sequence[str], arm: str = "arm", control: str = "control"
) -> BaselineTable:
    """Compare the arms on each variable by a two-sample t test with pooled variance, and on all of them jointly.

    Args:
        people: one row a person; variables are numbers or truth values.
        variables: columns to compare, in the order of the table.
        arm: column with the arm; two arms.
        control: the arm that the other is compared with.

    Returns:
        BaselineTable. The standardised mean difference divides by the pooled standard deviation of the two arms
        (root of the mean of their variances). A variable without variance, or with fewer than two values in an arm,
        has missing se, t, p and smd, and a reason.

    Raises:
        EvaluationError: `unknown_outcome` naming a variable that is not there, `no_control`, `not_two_arms`,
            `not_a_number` for one that is not counted or measured, `empty_cell` for an arm that is missing.
    """
    variables = names_of(variables)
    people = given(people, numbers=variables, keys=[arm])
    arms = arm_pair(people[arm], control)
    rows = {variable: _compare(people, variable, arm, arms) for variable in variables}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("variable")
    return BaselineTable(table, *_joint(people, variables, people[arm] == arms[1]))


def _compare(people: pd.DataFrame, variable: str, arm: str, arms: tuple[Any, Any]) -> dict[str, Any]:
    values = people[variable].astype(float)
    first, second = (values[(people[arm] == name) & values.notna()].to_numpy() for name in arms)
    if min(len(first), len(second)) < 2:
        return {
            **{name: _mean(part) for name, part in zip(arms, (first, second), strict=True)},
            **dict.fromkeys(("difference", "se", "t", "p", "smd"), np.nan),
            "missing": int(values.isna().sum()),
            "reason": "too_few",
        }
    difference = first.mean() - second.mean()
    variances = first.var(ddof=1), second.var(ddof=1)
    df = len(first) + len(second) - 2
    pooled = ((len(first) - 1) * variances[0] + (len(second) - 1) * variances[1]) / df
    se = np.sqrt(pooled * (1 / len(first) + 1 / len(second)))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.float64(difference) / se
        smd = np.float64(difference) / np.sqrt(sum(variances) / 2)
    known = se > ROUNDING * values.abs().max()
    return {
        arms[0]: first.mean(),
        arms[1]: second.mean(),
        "difference": difference,
        "se": se if known else np.nan,
        "t": t if known else np.nan,
        "p": 2 * stats.t.sf(abs(t), df) if known else np.nan,
        "smd": smd if known else np.nan,
        "missing": int(values.isna().sum()),
        "reason": "" if known else "no_variance",
    }


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _joint(
    people: pd.DataFrame, variables: Sequence[str], treated: pd.Series
) -> tuple[float, tuple[int, int], float, int, str]:
    """F test of the regression of the arm on all variables; linearly dependent ones count once."""
    values = people[list(variables)].astype(float)
    whole = values.notna().all(axis=1)
    design = np.column_stack([np.ones(int(whole.sum())), values[whole].to_numpy()])
    scale = np.maximum(np.abs(design).max(axis=0, initial=0), 1e-300)
    left, singular, _right = np.linalg.svd(design / scale, full_matrices=False)
    basis = left[:, singular > singular.max(initial=0) * len(design) * np.finfo(float).eps]
    outcome = treated[whole].to_numpy(dtype=float)
    n, rank = basis.shape
    df = (rank - 1, n - rank)
    if df[0] < 1 or df[1] < 1:
        return np.nan, df, np.nan, n, "no_variance" if df[0] < 1 <= df[1] else "too_few"
    residual = outcome - basis @ (basis.T @ outcome)
    total = outcome - outcome.mean()
    if min(total @ total, residual @ residual) <= ROUNDING * n:
        return np.nan, df, np.nan, n, "no_variance"  # one arm only, or variables that name the arm
    f = float((total @ total - residual @ residual) / df[0] / (residual @ residual / df[1]))
    return f, df, float(stats.f.sf(f, *df)), n, ""
