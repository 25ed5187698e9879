"""What is right just now, whoever asks."""

from trial.studies.models import Trial
from trial.studies.states import TrialState

UNMASKED = (TrialState.DATA_LOCKED, TrialState.OPENED, TrialState.ARCHIVED)


def arms_unmasked(trial: Trial) -> bool:
    """True from the data lock on: the data can no longer change, so seeing the arms can no longer change them."""
    return trial.state in UNMASKED
