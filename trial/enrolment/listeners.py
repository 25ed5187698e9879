"""What rooms above must do in the transaction of an action of this room, which cannot import them."""

from collections.abc import Callable

from trial.access.models import User
from trial.enrolment.models import Participant

Listener = Callable[[User, Participant], object]

_withdrawal: list[Listener] = []
_move: list[Listener] = []


def on_withdrawal(listener: Listener) -> Listener:
    """Call `listener(by, participant)` inside every withdrawal; the allocation log keeps it there."""
    _withdrawal.append(listener)
    return listener


def tell_withdrawal(by: User, participant: Participant) -> None:
    for listener in _withdrawal:
        listener(by, participant)


def on_move(listener: Listener) -> Listener:
    """Call `listener(by, participant)` before a participant goes to another office; a refusal stops it."""
    _move.append(listener)
    return listener


def tell_move(by: User, participant: Participant) -> None:
    for listener in _move:
        listener(by, participant)
