"""Which arm is compared with which."""

from typing import Any

import pandas as pd

from evaluation.errors import EvaluationError


def treated_arm(arms: pd.Series, control: Any = "control") -> Any:
    """The one arm that is compared with `control`, as the column spells it.

    Raises:
        EvaluationError: `empty_cell` when somebody has no arm, `no_control` when nobody is in `control`,
            `not_two_arms` when more than one arm is left.
    """
    return arm_pair(arms, control)[1]


def arm_pair(arms: pd.Series, control: Any = "control") -> tuple[Any, Any]:
    """Control and treated arm as the column spells them: arms may be words, numbers or truth values.

    `control` names its arm by the value itself or by its text, so that "0" is found among whole numbers.
    """
    if arms.isna().any():
        raise EvaluationError("empty_cell", f"{int(arms.isna().sum())} rows have no arm")
    present = sorted(pd.unique(arms), key=str)
    found = [arm for arm in present if arm == control] or [arm for arm in present if str(arm) == str(control)]
    if not found:
        raise EvaluationError("no_control", f"no person is in the arm {control!r}; the arms are {_named(present)}")
    others = [arm for arm in present if arm != found[0]]
    if len(others) != 1:
        raise EvaluationError("not_two_arms", f"{control!r} is compared with one other arm; found {_named(others)}")
    return found[0], others[0]


def _named(arms: list[Any]) -> list[str]:
    return [str(arm) for arm in arms]
