"""The life of a delivery, as a table. Every change of state goes through `next_state`."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class DeliveryState(StrEnum):
    RECEIVED = "received"
    CHECKED = "checked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


LABELS = {
    DeliveryState.RECEIVED: _("Mottatt"),
    DeliveryState.CHECKED: _("Kontrollert"),
    DeliveryState.ACCEPTED: _("Godkjent"),
    DeliveryState.REJECTED: _("Avvist"),
}

# A file that cannot be read, or that holds a national id, is rejected by the check itself.
TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.RECEIVED: frozenset({DeliveryState.CHECKED, DeliveryState.REJECTED}),
    DeliveryState.CHECKED: frozenset({DeliveryState.ACCEPTED, DeliveryState.REJECTED}),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.REJECTED: frozenset(),
}


def next_state(present: str, wanted: DeliveryState) -> DeliveryState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `wrong_delivery_state`, naming the state that the delivery is in.
    """
    if wanted not in TRANSITIONS[DeliveryState(present)]:
        raise Refusal(
            "wrong_delivery_state",
            _("Leveransen er i tilstanden «%(state)s». Dette kan ikke gjøres nå.")
            % {"state": LABELS[DeliveryState(present)]},
        )
    return wanted
