"""Does the effect differ between groups of persons?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.errors import EvaluationError
from evaluation.given import given
from evaluation.linear_models import linear_probability
from evaluation.shares import names_of

ROUNDING = 1e-12
INFERENCE = ("estimate", "se", "t", "p", "ci_low", "ci_high")


def subgroup_effects(
    people: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    subgroups: Sequence[str],
    strata: str = "office",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """The effect among those with and without each mark, and the test that the two are the same.

    The regression is outcome ~ treatment + mark + treatment x mark + stratum effects, with classical standard errors.

    Args:
        people: one row a person: arm, the stratum, outcomes, and subgroups as marks (0 or 1; missing is left out).

    Returns:
        outcome, subgroup, level (0 or 1), effect, se, t, p, ci_low, ci_high (of the 1 - alpha interval), n (persons
        with that level), interaction_p (the same on both rows of a subgroup), reason. Where there is no estimate the
        numbers are missing and the reason says why: `no_contrast` where a level holds one arm only, `no_variance`,
        `too_few`, `collinear` where the strata determine the mark, `not_a_mark` for a subgroup with other values than
        0 and 1.
    """
    outcomes, subgroups = names_of(outcomes), names_of(subgroups)
    people = given(people, numbers=[*outcomes, *subgroups], keys=[strata, "arm"])
    treated = people["arm"] == treated_arm(people["arm"], control)
    data = people.assign(treated=treated.astype(float))
    rows = [row for mark in subgroups for outcome in outcomes for row in _levels(data, outcome, mark, strata, alpha)]
    return pd.DataFrame(rows)


def _levels(data: pd.DataFrame, outcome: str, mark: str, strata: str, alpha: float) -> list[dict[str, Any]]:
    known = data.dropna(subset=[outcome, mark]).astype({mark: float})
    heads: list[dict[str, Any]] = [
        {"outcome": outcome, "subgroup": mark, "level": level, "n": int((known[mark] == level).sum())}
        for level in (0, 1)
    ]
    nothing: dict[str, Any] = dict.fromkeys(("effect", *INFERENCE[1:], "interaction_p"), np.nan)
    if not known[mark].isin([0.0, 1.0]).all():
        return [head | nothing | {"reason": "not_a_mark"} for head in heads]
    if len(known.groupby([mark, "treated"]).size()) < 4:
        return [head | nothing | {"reason": "no_contrast"} for head in heads]
    try:
        model = linear_probability(known, outcome=outcome, treatment="treated", interactions=[mark], absorb=[strata])
    except EvaluationError as error:
        return [head | nothing | {"reason": error.code} for head in heads]
    if 1 - model.r2 <= ROUNDING:
        return [head | nothing | {"reason": "no_variance"} for head in heads]  # strata, arm and mark tell all of it
    interaction = f"treated:{mark}"
    p = model.combination({interaction: 1})["p"]
    within = [_renamed(model.combination({"treated": 1, interaction: level}, alpha=alpha)) for level in (0, 1)]
    return [head | found | {"interaction_p": p, "reason": ""} for head, found in zip(heads, within, strict=True)]


def _renamed(found: dict[str, float]) -> dict[str, float]:
    return {"effect" if name == "estimate" else name: found[name] for name in INFERENCE}
