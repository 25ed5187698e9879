"""Runs on a real worker that is killed, spoken to twice, or told to stop."""

from pathlib import Path

import pytest

from tests import worker as workers
from tests.cast import acting
from trial.access.planes import maintenance
from trial.analyses.actions import RUN_TASK, cancel_run, request_run
from trial.analyses.models import Result, Run
from trial.analyses.states import RunState
from trial.audit.queue import send

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("worker")]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@pytest.fixture
def run(lived_and_committing) -> Run:
    workers.forget_messages()
    cast, plan = lived_and_committing
    with acting(cast.analyst):
        return request_run(by=cast.analyst, plan=plan, masked=True)


def _state(run: Run) -> str:
    with maintenance():
        run.refresh_from_db()
    return run.state


def _over(run: Run) -> bool:
    return _state(run) not in (RunState.QUEUED, RunState.RUNNING)


def _under_way(run: Run) -> bool:
    return _state(run) == RunState.RUNNING and run.progress_done > 1


def test_a_run_whose_worker_was_killed_is_taken_up_and_finished_by_the_next_one(run, log):
    first = workers.Worker(log)
    workers.wait_for(lambda: _under_way(run), first)
    first.kill()
    assert _state(run) == RunState.RUNNING
    second = workers.Worker(log)
    try:
        workers.wait_for(lambda: _over(run), second)
    finally:
        second.stop()
    assert (run.state, run.attempt) == (RunState.DONE, 2)
    with maintenance():
        assert Result.objects.filter(run=run).count() == len({*run.results.values_list("name", flat=True)}) > 0


def test_ten_messages_of_one_run_have_one_effect(run, log):
    for _copy in range(9):
        assert send(RUN_TASK, str(run.pk), run.trial_id)
    worker = workers.Worker(log)
    try:
        workers.wait_for(lambda: _over(run), worker)
        workers.wait_for(lambda: log.read_text().count("succeeded") >= 10, worker)
    finally:
        worker.stop()
    assert (_state(run), run.attempt) == (RunState.DONE, 1)


def test_a_cancelled_run_stops_and_leaves_no_number(run, log, lived_and_committing):
    cast, _plan = lived_and_committing
    worker = workers.Worker(log)
    try:
        workers.wait_for(lambda: _under_way(run), worker)
        with acting(cast.analyst):
            cancel_run(by=cast.analyst, run=run)
        workers.wait_for(lambda: "run_given_up" in log.read_text(), worker)
    finally:
        worker.stop()
    assert _state(run) == RunState.CANCELLED
    with maintenance():
        assert not Result.objects.exists()
