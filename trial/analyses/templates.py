"""The plan that a trial's own protocol suggests, to begin from."""

from typing import Any

from evaluation.plan import plan_of_protocol
from trial.studies.models import Trial


def template_for(trial: Trial) -> dict[str, Any]:
    """Arms, strata, drawn unit and design as the trial has them now; outcomes as in the published evaluation."""
    arms = [(arm.code, arm.ratio) for arm in trial.arms.order_by("position")]
    content = {
        "trial": trial.code,
        "arms": arms,
        "method": trial.method,
        "unit": trial.unit,
        "strata": "office" if trial.strata_by else "",
    }
    return plan_of_protocol(content).to_dict()
