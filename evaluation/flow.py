"""Who was drawn, who could be followed, and what the registers know of them: the flow that every reader asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import NOTHING, comparison_rows
from evaluation.given import given
from evaluation.regression import Covariance
from evaluation.shares import names_of, require_columns, some_names
from evaluation.units import unit_means


def participant_flow(
    people: pd.DataFrame, registers: Mapping[str, pd.DataFrame], *, outcomes: Sequence[str], control: str = "control"
) -> pd.DataFrame:
    """Persons by arm at each step from the draw to the analysis (CONSORT 2025, items 22-24).

    Args:
        people: one row a person drawn: participant_number, arm, and the totals of `outcomes`, missing where a month
            was not observed.
        registers: name -> rows with participant_number.

    Returns:
        step (`drawn`, `in_registers`: with a row in any register, then one row an outcome: analysed), outcome (empty
        but for those), treated_n, control_n, n.
    """
    outcomes = names_of(outcomes)
    require_columns(people, ["participant_number", "arm", *outcomes])
    known = pd.concat([frame["participant_number"] for name, frame in registers.items() if _of_persons(name, frame)])
    in_registers = people["participant_number"].isin(known)
    steps = [("drawn", "", np.ones(len(people), dtype=bool)), ("in_registers", "", in_registers.to_numpy())]
    steps += [("analysed", name, people[name].notna().to_numpy()) for name in outcomes]
    is_treated = (people["arm"] == treated_arm(people["arm"], control)).to_numpy()
    return pd.DataFrame([{"step": step, "outcome": name} | _by_arm(chosen, is_treated) for step, name, chosen in steps])


def attrition(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
    unit: str = "",
) -> pd.DataFrame:
    """Whether outcomes are missing more often in one arm: missing (0 or 1) ~ treatment + stratum effects.

    Args:
        people: one row a person drawn, a missing outcome missing.
        unit: the column of the drawn units, whose shares missing are compared where it is not persons that were drawn.

    Returns:
        outcome, treated_n, treated_missing, control_n, control_missing (persons), effect (difference of the shares
        missing), se, t, p, ci_low, ci_high, reason (`nothing_missing`, `no_variance`, `no_contrast`, `too_few`).
    """
    outcomes = some_names(outcomes)
    people = given(people, numbers=outcomes, keys=[strata, "arm", *([unit] if unit else [])])
    treated = treated_arm(people["arm"], control)
    is_treated = (people["arm"] == treated).to_numpy()
    marks = people.assign(**{name: people[name].isna().astype(float) for name in outcomes})
    compared = unit_means(marks, unit=unit, columns=list(outcomes), keep=[strata]) if unit else marks
    rows = []
    for found in comparison_rows(compared, outcomes, treated, strata, covariance, alpha):
        gone = marks[found["outcome"]].to_numpy() > 0
        counts = {"treated_n": int(is_treated.sum()), "treated_missing": int((gone & is_treated).sum())}
        counts |= {"control_n": int((~is_treated).sum()), "control_missing": int((gone & ~is_treated).sum())}
        nothing = {"reason": "nothing_missing", **NOTHING} if not gone.any() else {}
        rows.append(found | counts | nothing)
    return pd.DataFrame(rows).drop(columns=["treated_mean", "control_mean", "n"])


def register_coverage(
    people: pd.DataFrame, registers: Mapping[str, pd.DataFrame], *, control: str = "control"
) -> pd.DataFrame:
    """How many persons of each arm a register has any row of, whatever month it is of.

    A person without a row may have nothing to report, or may not have been found: a difference between arms asks for a
    reason.

    Returns:
        register, rows, treated_n, control_n, n (persons with a row), and drawn_persons (in all).
    """
    is_treated = (people["arm"] == treated_arm(people["arm"], control)).to_numpy()
    found = []
    for name in sorted(registers):
        if _of_persons(name, registers[name]):
            seen = people["participant_number"].isin(registers[name]["participant_number"]).to_numpy()
            found.append({"register": name, "rows": len(registers[name])} | _by_arm(seen, is_treated))
    return pd.DataFrame(found).assign(drawn_persons=len(people))


def _of_persons(name: str, frame: pd.DataFrame) -> bool:
    return name != "participants" and "participant_number" in frame


def _by_arm(chosen: Any, is_treated: Any) -> dict[str, int]:
    return {
        "treated_n": int((chosen & is_treated).sum()),
        "control_n": int((chosen & ~is_treated).sum()),
        "n": int(chosen.sum()),
    }
