"""The life of one person's questionnaire in one wave, as a table.

That the window has closed is no state: it follows from the date, and an office may still type a paper that came late.
"""

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class InvitationState(StrEnum):
    OPENED = "opened"
    BEGUN = "begun"
    TYPED = "typed"
    DIFFERING = "differing"
    ANSWERED = "answered"
    STOPPED = "stopped"


LABELS: dict[Any, Any] = {
    InvitationState.OPENED: _("Ikke svart"),
    InvitationState.BEGUN: _("Begynt å svare"),
    InvitationState.TYPED: _("Papir skrevet inn én gang"),
    InvitationState.DIFFERING: _("De to innskrivingene er ulike"),
    InvitationState.ANSWERED: _("Svart"),
    InvitationState.STOPPED: _("Stoppet"),
}

COLOURS: dict[Any, str] = {
    InvitationState.OPENED: "neutral",
    InvitationState.BEGUN: "info",
    InvitationState.TYPED: "warning",
    InvitationState.DIFFERING: "warning",
    InvitationState.ANSWERED: "success",
    InvitationState.STOPPED: "neutral",
}

_ENDS = frozenset({InvitationState.ANSWERED, InvitationState.STOPPED})
TRANSITIONS: dict[InvitationState, frozenset[InvitationState]] = {
    InvitationState.OPENED: frozenset({InvitationState.BEGUN, InvitationState.TYPED}) | _ENDS,
    InvitationState.BEGUN: frozenset({InvitationState.BEGUN, InvitationState.TYPED}) | _ENDS,
    InvitationState.TYPED: frozenset({InvitationState.DIFFERING}) | _ENDS,
    InvitationState.DIFFERING: _ENDS,
    InvitationState.ANSWERED: frozenset(),
    InvitationState.STOPPED: frozenset(),
}
UNANSWERED = frozenset(TRANSITIONS) - _ENDS
STILL_ASKED = frozenset({InvitationState.OPENED, InvitationState.BEGUN})


def next_state(present: str, wanted: InvitationState) -> InvitationState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `already_answered`, `survey_stopped`, or `wrong_survey_state` naming the state that it is in.
    """
    if present == InvitationState.ANSWERED:
        raise Refusal("already_answered", _("Svarene er allerede sendt inn. De kan ikke endres."))
    if present == InvitationState.STOPPED:
        raise Refusal("survey_stopped", _("Personen får ikke flere spørreskjemaer fra forsøket."))
    if wanted not in TRANSITIONS[InvitationState(present)]:
        raise wrong_state(present)
    return wanted


def wrong_state(present: str) -> Refusal:
    """That something cannot be done in the state at hand."""
    return Refusal(
        "wrong_survey_state",
        _("Spørreskjemaet har status «%(state)s». Dette kan ikke gjøres nå.")
        % {"state": LABELS[InvitationState(present)]},
    )
