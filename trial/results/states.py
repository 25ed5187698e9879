"""The life of a release, as a table. Every change of state goes through `next_state`."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class ReleaseState(StrEnum):
    REQUESTED = "requested"
    RELEASED = "released"
    REFUSED = "refused"


LABELS = {
    ReleaseState.REQUESTED: _("Venter på kontroll"),
    ReleaseState.RELEASED: _("Frigitt"),
    ReleaseState.REFUSED: _("Ikke frigitt"),
}

TRANSITIONS: dict[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.REQUESTED: frozenset({ReleaseState.RELEASED, ReleaseState.REFUSED}),
    ReleaseState.RELEASED: frozenset(),
    ReleaseState.REFUSED: frozenset(),
}


def next_state(present: str, wanted: ReleaseState) -> ReleaseState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `wrong_release_state`, naming the state that the release is in.
    """
    if wanted not in TRANSITIONS[ReleaseState(present)]:
        raise Refusal(
            "wrong_release_state",
            _("Frigivingen er i tilstanden «%(state)s». Dette kan ikke gjøres nå.")
            % {"state": LABELS[ReleaseState(present)]},
        )
    return wanted
