"""The places on the participant's page that rooms above fill: the arm and receipt, the specialist, the measures.

This room cannot import them, so each registers what it shows, once, when its addresses are loaded (`urls.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from trial.access.models import User
from trial.enrolment.models import Participant
from trial.enrolment.queries import Event


@dataclass(frozen=True)
class Section:
    """A panel: `template` is included with `context` as the variable `section`; `events` join the case line."""

    heading: str | Promise
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    events: Sequence[Event] = ()


Contributor = Callable[[User, Participant], Section | None]

_contributors: list[Contributor] = []


def register(contributor: Contributor) -> Contributor:
    """Show what `contributor(user, participant)` returns, in the order of registration; None shows nothing."""
    if contributor not in _contributors:
        _contributors.append(contributor)
    return contributor


def sections_for(user: User, participant: Participant) -> list[Section]:
    """The panels that this user sees on this participant's page."""
    shown = (contributor(user, participant) for contributor in _contributors)
    return [section for section in shown if section is not None]
