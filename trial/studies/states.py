"""The life of a trial, as a table. Every change of state goes through `next_state`."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class TrialState(StrEnum):
    DRAFTING = "drafting"
    LOCKED = "locked"
    RECRUITING = "recruiting"
    CLOSED = "closed"
    DATA_LOCKED = "data_locked"
    OPENED = "opened"
    ARCHIVED = "archived"


LABELS = {
    TrialState.DRAFTING: _("Under planlegging"),
    TrialState.LOCKED: _("Protokollen er låst"),
    TrialState.RECRUITING: _("Rekrutterer"),
    TrialState.CLOSED: _("Rekrutteringen er avsluttet"),
    TrialState.DATA_LOCKED: _("Data er låst"),
    TrialState.OPENED: _("Åpnet"),
    TrialState.ARCHIVED: _("Arkivert"),
}

TRANSITIONS: dict[TrialState, frozenset[TrialState]] = {
    TrialState.DRAFTING: frozenset({TrialState.LOCKED}),
    TrialState.LOCKED: frozenset({TrialState.RECRUITING}),
    TrialState.RECRUITING: frozenset({TrialState.CLOSED}),
    TrialState.CLOSED: frozenset({TrialState.RECRUITING, TrialState.DATA_LOCKED}),
    TrialState.DATA_LOCKED: frozenset({TrialState.OPENED}),
    TrialState.OPENED: frozenset({TrialState.ARCHIVED}),
    TrialState.ARCHIVED: frozenset(),
}

# What the trial lead does to carry the trial on from each state.
NEXT_STEP = {
    TrialState.DRAFTING: _("Fyll ut oppsettet, og lås protokollen sammen med en annen."),
    TrialState.LOCKED: _("Start rekrutteringen."),
    TrialState.RECRUITING: _("Følg rekrutteringen, og avslutt den når alle er meldt inn."),
    TrialState.CLOSED: _("Vent på oppfølgingen og leveransene, og lås deretter data."),
    TrialState.DATA_LOCKED: _("Åpne forsøket sammen med en annen."),
    TrialState.OPENED: _("Arkiver forsøket når resultatene er frigitt."),
}


def next_state(present: str, wanted: TrialState) -> TrialState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `wrong_trial_state`, naming the state that the trial is in.
    """
    if wanted not in TRANSITIONS[TrialState(present)]:
        raise Refusal(
            "wrong_trial_state",
            _("Forsøket er i tilstanden «%(state)s». Dette kan ikke gjøres nå.")
            % {"state": LABELS[TrialState(present)]},
        )
    return wanted
