"""Which arm is compared with which."""

from collections.abc import Sequence

import pandas as pd

from evaluation.errors import EvaluationError


def treated_arm(arms: pd.Series, control: str = "control") -> str:
    """The one arm that is compared with `control`.

    Raises:
        EvaluationError: `no_control` when nobody is in `control`, `not_two_arms` when more than one arm is left.
    """
    present: Sequence[str] = sorted(arms.dropna().astype(str).unique())
    if control not in present:
        raise EvaluationError("no_control", f"no person is in the arm {control!r}; the arms are {list(present)}")
    others = [arm for arm in present if arm != control]
    if len(others) != 1:
        raise EvaluationError("not_two_arms", f"a comparison with {control!r} needs one other arm; found {others}")
    return others[0]
