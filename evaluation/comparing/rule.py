"""Whether the participants are those whom the rule of the sample picks from the register of measures (Proba 2020, 3.1):
two consecutive months in the measure, after six without any follow-up measure."""

from datetime import date
from typing import Final

import pandas as pd

from evaluation.comparing.plan import ComparisonPlan
from evaluation.errors import EvaluationError
from evaluation.starters import starts

BY_RULE: Final = "by_rule"
KINDS: Final = (BY_RULE, "by_rule_other_month", "by_rule_other_measure", "no_start", "not_delivered")


def held_to_the_rule(plan: ComparisonPlan, participants: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """The participants by what the register of measures says of their start.

    Returns:
        start (`by_rule`; `other_month` and `other_measure`: the rule lets them start then or there; `no_start`: it
        does not let them start; `not_delivered`: starters of the same months who are no participants), treated_n,
        control_n, n.

    Raises:
        EvaluationError: `no_starters` when nobody starts by the rule.
    """
    begun = pd.to_datetime(participants["start_date"])
    found = starts(
        measures,
        arms=plan.codes,
        window=(begun.min().date(), begun.max().date()),
        data_to=date.fromisoformat(plan.data_to),
    ).people
    # Outer: people whom only one of the two knows are to be told of.
    asked = participants[["participant_number", "arm"]].assign(month=begun.dt.to_period("M"))
    both = asked.merge(found[["participant_number", "arm", "index_month"]], on="participant_number", how="outer")
    kind = pd.Series("by_rule_other_month", index=both.index)
    kind[both["month"] == both["index_month"]] = BY_RULE
    kind[both["arm_x"] != both["arm_y"]] = "by_rule_other_measure"
    kind[both["index_month"].isna()] = "no_start"
    kind[both["month"].isna()] = "not_delivered"
    if not (kind == BY_RULE).any():
        raise EvaluationError(
            "no_starters", "no participant starts by the rule of the sample, as the delivered measures tell it"
        )
    treated = both["arm_x"].fillna(both["arm_y"]) == plan.treated
    rows = pd.DataFrame(
        {
            "start": KINDS,
            "treated_n": [int(((kind == one) & treated).sum()) for one in KINDS],
            "control_n": [int(((kind == one) & ~treated).sum()) for one in KINDS],
        }
    )
    return rows.assign(n=rows["treated_n"] + rows["control_n"])
