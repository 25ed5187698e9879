"""The life of a participant, as a table. Every change of state goes through `next_state`.

A withdrawn participant keeps the arm and, when enrolled, the place in the draw: who is analysed is decided at
enrolment (intention to treat). A withdrawal can be made more far-reaching later, never less.
"""

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class ParticipantState(StrEnum):
    REGISTERED = "registered"
    CONSENTED = "consented"
    ENROLLED = "enrolled"
    ALLOCATED = "allocated"
    FOLLOWING = "following"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


LABELS = {
    ParticipantState.REGISTERED: _("Registrert"),
    ParticipantState.CONSENTED: _("Har samtykket"),
    ParticipantState.ENROLLED: _("Venter på loddtrekning"),
    ParticipantState.ALLOCATED: _("Trukket"),
    ParticipantState.FOLLOWING: _("I oppfølging"),
    ParticipantState.COMPLETED: _("Fullført"),
    ParticipantState.WITHDRAWN: _("Har trukket seg"),
}

COLOURS: dict[Any, str] = {
    ParticipantState.REGISTERED: "neutral",
    ParticipantState.CONSENTED: "info",
    ParticipantState.ENROLLED: "warning",
    ParticipantState.ALLOCATED: "success",
    ParticipantState.FOLLOWING: "success",
    ParticipantState.COMPLETED: "neutral",
    ParticipantState.WITHDRAWN: "danger",
}

_WITHDRAWN = ParticipantState.WITHDRAWN
TRANSITIONS: dict[ParticipantState, frozenset[ParticipantState]] = {
    ParticipantState.REGISTERED: frozenset({ParticipantState.CONSENTED, _WITHDRAWN}),
    ParticipantState.CONSENTED: frozenset({ParticipantState.ENROLLED, _WITHDRAWN}),
    ParticipantState.ENROLLED: frozenset({ParticipantState.ALLOCATED, _WITHDRAWN}),
    ParticipantState.ALLOCATED: frozenset({ParticipantState.FOLLOWING, ParticipantState.COMPLETED, _WITHDRAWN}),
    ParticipantState.FOLLOWING: frozenset({ParticipantState.COMPLETED, _WITHDRAWN}),
    ParticipantState.COMPLETED: frozenset({_WITHDRAWN}),
    ParticipantState.WITHDRAWN: frozenset(),
}
BEFORE_ENROLMENT = frozenset({ParticipantState.REGISTERED, ParticipantState.CONSENTED})


class Withdrawal(StrEnum):
    """What a participant takes back, from least to most."""

    FOLLOW_UP = "follow_up"
    NEW_DATA = "new_data"
    EVERYTHING = "everything"


WITHDRAWALS = {
    Withdrawal.FOLLOW_UP: _("Vil ikke ha oppfølging i forsøket, men opplysninger kan fortsatt hentes"),
    Withdrawal.NEW_DATA: _("Trekker samtykket: ingen nye opplysninger hentes"),
    Withdrawal.EVERYTHING: _("Trekker samtykket og vil ha navn og fødselsnummer slettet"),
}


def next_state(present: str, wanted: ParticipantState) -> ParticipantState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `wrong_participant_state`, naming the state that the participant is in.
    """
    if wanted not in TRANSITIONS[ParticipantState(present)]:
        raise Refusal(
            "wrong_participant_state",
            _("Deltakeren har status «%(state)s». Dette kan ikke gjøres nå.")
            % {"state": LABELS[ParticipantState(present)]},
        )
    return wanted


def goes_further(present: str, wanted: Withdrawal) -> bool:
    """Whether a withdrawal takes back more than the one already recorded (empty: none)."""
    order = list(Withdrawal)
    return not present or order.index(wanted) > order.index(Withdrawal(present))
