"""What is right just now, whoever asks."""

from trial.access.models import User
from trial.access.permissions import Permission
from trial.analyses.models import Plan
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.states import TrialState

UNMASKED = (TrialState.DATA_LOCKED, TrialState.OPENED, TrialState.ARCHIVED)


def arms_unmasked(trial: Trial) -> bool:
    """True from the data lock on: the data can no longer change, so seeing the arms can no longer change them."""
    return trial.state in UNMASKED


def may_lock(user: User, plan: Plan) -> bool:
    """Whether a page offers the lock: the action asks again, and says why not."""
    drafting = plan.trial.state == TrialState.DRAFTING and not plan.locked_at
    return drafting and plan.proposed_by_id != user.pk and can(user, plan.trial, Permission.LOCK_PLAN)


def may_rehearse(user: User, plan: Plan) -> bool:
    """A rehearsal needs people and deliveries, which come with recruitment."""
    begun = plan.trial.state not in (TrialState.DRAFTING, TrialState.LOCKED)
    return begun and can(user, plan.trial, Permission.RUN_ANALYSIS)


def may_run(user: User, plan: Plan) -> bool:
    """The true run: the locked plan, after the data lock."""
    ready = plan.locked_at is not None and arms_unmasked(plan.trial)
    return ready and can(user, plan.trial, Permission.RUN_ANALYSIS)
