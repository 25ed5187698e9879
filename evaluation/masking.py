"""Rehearsals: the whole plan on arms that were shuffled, so that it can be tried before anyone may know the effect."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.plan import Plan

MASKS: Final = ("A", "B")


def shuffled(participants: pd.DataFrame, plan: Plan, seed: int) -> tuple[pd.DataFrame, Plan]:
    """Arms permuted within strata and renamed; the larger letter is the control of the rehearsal.

    Where units were drawn whole units change arms. The participants may come with arms that are masked already.

    Raises:
        EvaluationError: `not_two_arms` where there is nobody yet in one of them.
    """
    found = participants["arm"].nunique()
    if found != len(MASKS):
        raise EvaluationError("not_two_arms", f"a rehearsal shuffles the persons of two arms; there are {found} now")
    rng = np.random.default_rng(seed)
    unit = plan.unit or "participant_number"
    units = participants.drop_duplicates(unit).reset_index(drop=True)
    arms = units["arm"].to_numpy(dtype=object).copy()
    for places in _lists(units, plan.strata):
        arms[places] = rng.permutation(arms[places])
    names = dict(zip(sorted(set(arms)), MASKS, strict=True))
    drawn = dict(zip(units[unit], (names[arm] for arm in arms), strict=True))
    masked = participants.assign(arm=[drawn[number] for number in participants[unit]])
    return masked, _masked_plan(plan)


def _lists(units: pd.DataFrame, strata: str) -> list[Any]:
    return [np.arange(len(units))] if not strata else list(units.groupby(strata, sort=True).indices.values())


def _masked_plan(plan: Plan) -> Plan:
    """The plan with the masks for the arms' names, in whichever order: a rehearsal knows no ratio either."""
    content = plan.to_dict()
    codes = {plan.control, *(arm for ratios in plan.ratios.values() for arm in ratios)}
    codes |= {str(code) for code, _ratio in plan.design.get("arms", ())}
    names = dict(zip(sorted(codes), MASKS, strict=False))
    if plan.ratios:
        content["ratios"] = {stratum: _renamed(ratios, names) for stratum, ratios in plan.ratios.items()}
    if plan.design:
        method = dict(content["design"]["method"])
        if isinstance(method.get("counts"), Mapping):
            method["counts"] = _renamed(method["counts"], names)
        arms = [[names[code], ratio] for code, ratio in content["design"]["arms"]]
        content["design"] = {"method": method, "arms": arms}
    return Plan.from_dict(content | {"control": MASKS[-1]})


def _renamed(by_arm: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(arm, arm): value for arm, value in by_arm.items()}
