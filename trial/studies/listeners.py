"""What rooms above must do in the transaction of a trial's change of state, which this room cannot import."""

from collections.abc import Callable

from trial.access.models import User
from trial.studies.models import Trial

Listener = Callable[[User | None, Trial, str], object]

_state: list[Listener] = []


def on_state(listener: Listener) -> Listener:
    """Call `listener(by, trial, verb)` after each change of state, whose verb is that of the audit line."""
    _state.append(listener)
    return listener


def tell_state(by: User | None, trial: Trial, verb: str) -> None:
    for listener in _state:
        listener(by, trial, verb)
