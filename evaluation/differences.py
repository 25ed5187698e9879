"""Difference in differences: the change since before the start, compared between the arms."""

from collections.abc import Sequence

import pandas as pd

from evaluation.arms import treated_arm
from evaluation.effects import TOTALS, Total, comparison_rows, person_totals
from evaluation.regression import Covariance
from evaluation.shares import names_of


def differences_in_differences(
    panel: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    months: tuple[int, int] = (1, 36),
    before: tuple[int, int] = (-36, -1),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Regress each person's change from `before` to `months` on treatment and stratum effects.

    With a person effect and a period effect for every stratum, the two-period model of person-periods gives the same
    coefficient, and its standard errors clustered on persons are the robust ones here (Angrist and Pischke 2009, ch.
    5). A randomised trial does not need it; it takes out what the arms differed in before the start.

    Args:
        panel: person-months. Totals of `before` are scaled to as many months as `months` has.

    Returns:
        outcome, treated_change, control_change, effect, se, t, p, ci_low, ci_high, n, covariance, reason: in the unit
        of `effects_on_totals`, only persons with every month of both windows. `reason`: `no_variance`, `no_contrast`
        or `too_few`, and the numbers are missing.
    """
    outcomes = names_of(outcomes)
    first, second = (
        person_totals(panel, outcomes=outcomes, months=window, keep=(strata,)).set_index("participant_number")
        for window in (before, months)
    )
    scale = (months[1] - months[0] + 1) / (before[1] - before[0] + 1)
    people = second[["arm", strata]].copy()
    for outcome in outcomes:
        is_mean = TOTALS.get(outcome, Total(outcome)).how == "mean"
        people[outcome] = second[outcome] - first[outcome].reindex(second.index) * (1 if is_mean else scale)
    treated = treated_arm(panel["arm"], control)
    found = comparison_rows(people, outcomes, treated, strata, covariance, alpha)
    return pd.DataFrame(found).rename(columns={"treated_mean": "treated_change", "control_mean": "control_change"})
