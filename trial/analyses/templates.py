"""The plan that a trial's own protocol suggests, to begin from."""

from typing import Any

from evaluation.errors import EvaluationError
from evaluation.plan import plan_of_protocol
from trial.studies.models import OFFICE, Trial, Unit


def template_for(trial: Trial) -> dict[str, Any]:
    """Arms, strata, drawn unit and design as the trial has them now; outcomes as in the published evaluation."""
    arms = list(trial.arms.order_by("position"))
    content = {
        "trial": trial.code,
        "arms": [(arm.code, arm.ratio) for arm in arms],
        "control": next((arm.code for arm in arms if arm.is_control), ""),
        "method": trial.method if _drawn_by_office(trial) else {},
        "unit": trial.unit,
        "strata": "office" if trial.strata_by else "",
    }
    try:
        return plan_of_protocol(content).to_dict()
    except EvaluationError:  # the arms were changed after the method was chosen: it cannot draw them
        return plan_of_protocol(content | {"method": {}}).to_dict()


def _drawn_by_office(trial: Trial) -> bool:
    """Whether the strata of the plan are the lists that were drawn; a randomisation test of other lists would not be
    that of this trial. Minimisation keeps one list, and offices that are drawn stand in one."""
    one_list = trial.unit == Unit.CLUSTER or trial.method.get("kind") == "minimisation"
    return one_list or trial.strata_by in ([], [OFFICE])
