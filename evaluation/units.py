"""Trials that drew offices or teams instead of persons: the drawn unit is what is analysed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.given import given
from evaluation.shares import names_of

UNIT_IS_DRAWN = "participant_number"


def drawn_units(panel: pd.DataFrame, *, unit: str, outcomes: Sequence[str], keep: Sequence[str] = ()) -> pd.DataFrame:
    """The panel with one row a unit and month: each outcome is the mean over its persons observed that month.

    The unit stands in `participant_number`, so that every analysis of persons is one of units (Murray 1998; Hayes and
    Moulton 2017, ch. 10: unweighted unit means, whose t test has the right level however alike persons of a unit are).
    A month in which nobody of a unit was observed is missing.

    Args:
        keep: further columns of the unit, such as its stratum.

    Raises:
        EvaluationError: `unit_in_two_arms` naming a unit whose persons are in several arms or strata.
    """
    outcomes = names_of(outcomes)
    kept = [name for name in dict.fromkeys(["arm", *names_of(keep)]) if name != unit]
    panel = given(panel, numbers=outcomes, keys=[unit, *kept, "month"])
    different = panel.groupby(unit)[kept].nunique(dropna=False).max(axis=1)
    if (different > 1).any():
        name = different.index[different > 1][0]
        raise EvaluationError("unit_in_two_arms", f"{name} has persons in more than one arm or stratum: not one unit")
    means = panel.groupby([unit, "month"], sort=True)[list(outcomes)].mean().reset_index()
    heads = panel.drop_duplicates(unit).set_index(unit)[kept]
    return means.join(heads, on=unit).assign(**{UNIT_IS_DRAWN: means[unit]})


def unit_means(people: pd.DataFrame, *, unit: str, columns: Sequence[str], keep: Sequence[str] = ()) -> pd.DataFrame:
    """One row a unit of a frame of persons: the mean of each column over those who have it."""
    kept = [name for name in dict.fromkeys(["arm", *keep]) if name != unit]
    means = people.groupby(unit, sort=True)[list(columns)].mean()
    heads = people.drop_duplicates(unit).set_index(unit)[kept]
    return means.join(heads).reset_index().assign(**{UNIT_IS_DRAWN: means.index.to_numpy()})


def likeness(people: pd.DataFrame, *, unit: str, outcomes: Sequence[str], control: str = "control") -> pd.DataFrame:
    """How alike persons of one unit are, given the arm: the intra-class correlation by analysis of variance.

    Returns:
        outcome, icc (Donner and Klar 2000, unequal sizes; below 0 where units differ less than chance makes them),
        design_effect (1 + (size - 1) icc, with the size that unequal units are worth), units, n, reason
        (`too_few` where no unit has two persons or an arm has one unit, `no_variance`).
    """
    outcomes = names_of(outcomes)
    people = given(people, numbers=outcomes, keys=[unit, "arm"])
    treated_arm(people["arm"], control)
    return pd.DataFrame([{"outcome": name} | _likeness(people.dropna(subset=[name]), unit, name) for name in outcomes])


def _likeness(known: pd.DataFrame, unit: str, outcome: str) -> dict[str, object]:
    y, groups = known[outcome].astype(float), known.groupby(["arm", unit])[outcome]
    sizes = groups.count()
    n, units, arms = len(known), len(sizes), known["arm"].nunique()
    counts: dict[str, object] = {"units": units, "n": n}
    nothing = dict.fromkeys(("icc", "design_effect"), float("nan"))
    if units <= arms or n <= units:
        return nothing | counts | {"reason": "too_few"}
    within = float(((y - groups.transform("mean")) ** 2).sum()) / (n - units)
    arm_means = known.groupby("arm")[outcome].mean()
    gaps = groups.mean() - arm_means.reindex(sizes.index.get_level_values("arm")).to_numpy()
    between = float((sizes * gaps**2).sum()) / (units - arms)
    squares = (sizes**2).groupby("arm").sum() / sizes.groupby("arm").sum()
    size = (n - float(squares.sum())) / (units - arms)
    spread = between + (size - 1) * within
    if not np.isfinite(spread) or spread <= 0:
        return nothing | counts | {"reason": "no_variance"}
    icc = (between - within) / spread
    return {"icc": icc, "design_effect": 1 + (size - 1) * icc} | counts | {"reason": ""}
