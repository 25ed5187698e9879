"""The life of a run, as a table. Every change of state goes through `next_state`."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LABELS = {
    RunState.QUEUED: _("I kø"),
    RunState.RUNNING: _("Kjører"),
    RunState.DONE: _("Ferdig"),
    RunState.FAILED: _("Feilet"),
    RunState.CANCELLED: _("Avbrutt"),
}

# A run whose worker died is taken up again: running to running, with one more attempt.
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.RUNNING: frozenset({RunState.RUNNING, RunState.DONE, RunState.FAILED, RunState.CANCELLED}),
    RunState.DONE: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}

UNDER_WAY = (RunState.QUEUED.value, RunState.RUNNING.value)


def next_state(present: str, wanted: RunState) -> RunState:
    """Return `wanted` when the table allows the step.

    Raises:
        Refusal: `wrong_run_state`, naming the state that the run is in.
    """
    if wanted not in TRANSITIONS[RunState(present)]:
        raise Refusal(
            "wrong_run_state",
            _("Kjøringen er i tilstanden «%(state)s». Dette kan ikke gjøres nå.")
            % {"state": LABELS[RunState(present)]},
        )
    return wanted
