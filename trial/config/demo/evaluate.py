"""The end of the finished trial: registers delivered, data locked, the plan run on a real worker, results released."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.files import File

from evaluation.simulation import simulate_seklar, write_deliveries
from trial.access.planes import entered, maintenance
from trial.access.roles import Role
from trial.allocation.models import Allocation
from trial.analyses.actions import request_run
from trial.analyses.models import Run
from trial.analyses.states import RunState
from trial.audit import clock
from trial.config.demo.setup import REGISTERS, DemoTrial
from trial.config.demo.terminal import Report
from trial.registers.actions import accept, receive
from trial.registers.answers import deliver_answers
from trial.registers.models import Delivery
from trial.registers.states import DeliveryState
from trial.studies.actions import lock_data
from trial.studies.queries import plane_for

SEED = 1  # of the simulated registers; balanced, so that whatever was drawn lies close to the published trial
DATA_TO = "2020-12-31"  # three years after the last possible start
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.1


class DemoFailure(Exception):  # noqa: N818 - the sentence that the terminal shows
    """Something that the demonstration waited for did not come."""


def deliver(demo: DemoTrial, folder: Path, report: Report) -> list[Delivery]:
    """Let the register owners send their files, the worker check them, and the data manager accept them."""
    simulated = simulate_seklar(_participants(demo), seed=SEED, balanced=True, data_to=DATA_TO)
    frames = {register: simulated[register] for register in REGISTERS}
    frames["participants"] = frames["participants"].drop(columns=["office", "arm", "start_date"], errors="ignore")
    manager = demo.user(Role.DATA_MANAGER)
    received = [*(_receive(demo, path) for path in write_deliveries(frames, folder)), _answers(demo)]
    for place, delivery in enumerate(received):
        _wait(delivery, DeliveryState.RECEIVED)
        with entered(plane_for(manager)):
            accept(by=manager, delivery=delivery)
        report(place + 1, len(received))
    return received


def _receive(demo: DemoTrial, path: Path) -> Delivery:
    manager = demo.user(Role.DATA_MANAGER)
    with entered(plane_for(manager)), path.open("rb") as opened:
        return receive(
            by=manager, trial=demo.trial, register=path.stem, source="Simulert register", file=File(opened, path.name)
        )


def _answers(demo: DemoTrial) -> Delivery:
    manager = demo.user(Role.DATA_MANAGER)
    with entered(plane_for(manager)):
        return deliver_answers(by=manager, trial=demo.trial)


def _participants(demo: DemoTrial) -> pd.DataFrame:
    """Number, office, arm and start of everyone, which the simulated registers need to know what became of whom."""
    with maintenance():
        rows = list(
            Allocation.objects.filter(trial=demo.trial, arm__isnull=False).values_list(
                "participant__number", "office__stratum", "arm__code", "enrolled_at"
            )
        )
    frame = pd.DataFrame(rows, columns=["participant_number", "office", "arm", "start_date"])
    return frame.assign(start_date=[pd.Timestamp(clock.on_date(moment)) for moment in frame["start_date"]])


def analyse(demo: DemoTrial, report: Report) -> Run:
    """Lock the data and run the locked plan on the true arms."""
    lead, analyst = demo.user(Role.TRIAL_LEAD), demo.user(Role.ANALYST)
    with entered(plane_for(lead)):
        demo.trial.refresh_from_db()
        lock_data(by=lead, trial=demo.trial)
    with entered(plane_for(analyst)):
        plan = demo.trial.plans.get(locked_at__isnull=False)
        run = request_run(by=analyst, plan=plan, masked=False)
    _wait(run, RunState.QUEUED, RunState.RUNNING, tell=lambda: report(run.progress_done, run.progress_total))
    if run.state != RunState.DONE:
        raise DemoFailure(f"The analysis ended as {run.state}: {run.error_code} {run.error}")
    return run


def _wait(row: Any, *states: str, tell: Callable[[], None] = lambda: None) -> None:
    """Wait until the worker has carried a row out of these states."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with maintenance():
            row.refresh_from_db()
        tell()
        if row.state not in states:
            return
        if time.monotonic() > deadline:
            raise DemoFailure(f"The worker has not answered within {PATIENCE_SECONDS} seconds; see its log in .local/")
        time.sleep(POLL_SECONDS)
