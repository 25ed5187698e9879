"""One run, from its row to its stored findings; called by the worker, which holds the run alone."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

import pandas as pd
import structlog
from django.db import InterfaceError, OperationalError

from evaluation.errors import EvaluationError
from evaluation.findings import Results
from evaluation.plan import Plan as PlanOfAnalysis
from evaluation.running import Deliveries
from evaluation.running import run as evaluate
from trial.access import planes
from trial.analyses.actions import NoLongerOurs, begin_run, fail_run, finish_run, report_progress
from trial.analyses.models import Run
from trial.analyses.queries import PEOPLE, people_of
from trial.registers import snapshots
from trial.registers.coverage import Coverage, coverage_of

FROM_ALLOCATION = ["office", "arm", "start_date"]  # the trial knows them; a delivery that claims them is not asked

log = structlog.get_logger(__name__)


def carry_out(key: UUID) -> None:
    """Calculate a run and store what it found, or why it could not be made."""
    with planes.transaction():
        run = begin_run(by=None, run=Run(pk=key))
    if run is None:
        return
    try:
        with planes.transaction():
            coverage = coverage_of(run.trial, run.deliveries)
        results = _evaluate(run, coverage)
        manifest = {**results.manifest, "consent": coverage.counts}
        with planes.transaction():
            finish_run(by=None, run=run, findings=_findings(results), manifest=manifest)
        log.info("run_done", run=str(key), attempt=run.attempt)
    except NoLongerOurs:
        log.info("run_given_up", run=str(key), attempt=run.attempt)
    except EvaluationError as error:
        _fail(run, error.code, str(error))
    except snapshots.DamagedSnapshotError:
        _fail(run, "snapshot_damaged", "")
    except (OperationalError, InterfaceError):
        raise  # the database went away: the task is tried again
    except Exception as error:  # a defect of ours must not leave a run that says "running" for ever
        log.exception("run_broke", run=str(key))
        _fail(run, "unexpected", type(error).__name__)


def _evaluate(run: Run, coverage: Coverage) -> Results:
    with ExitStack() as opened:
        return evaluate(
            PlanOfAnalysis.from_dict(run.plan.content),
            _inputs(run, coverage, opened),
            progress=partial(_tell, run),
            masked=run.masked,
            seed=run.seed,
            deviations=run.deviations,
            uncovered=coverage.uncovered,
        )


def _inputs(run: Run, coverage: Coverage, opened: ExitStack) -> Deliveries:
    """The snapshots that were in force when the run was asked for, without the people that no consent covers.

    Arms and starts are the trial's own.

    Raises:
        EvaluationError: `nobody_covered` when nobody is left.
    """
    code = run.trial.code
    delivered: dict[str, pd.DataFrame | Path] = {}
    for register, sha256 in run.deliveries.items():
        path = opened.enter_context(snapshots.opened(snapshots.snapshot(code, sha256), sha256))
        delivered[register] = _covered(path, coverage.uncovered.get(register, frozenset()) | coverage.left_out)
    people = _people(run, coverage)
    if "participants" in delivered:
        background = delivered.pop("participants")
        frame = pd.read_parquet(background) if isinstance(background, Path) else background
        known = frame.drop(columns=FROM_ALLOCATION, errors="ignore")
        people = people.merge(known, on="participant_number", how="left", validate="1:1")
    return {"participants": people} | delivered


def _people(run: Run, coverage: Coverage) -> pd.DataFrame:
    with planes.transaction():
        people = pd.DataFrame(people_of(run.trial), columns=list(PEOPLE))
    people = people[~people["participant_number"].isin(coverage.left_out)].reset_index(drop=True)
    if people.empty:
        raise EvaluationError("nobody_covered", "no consent covers anybody")
    return people.assign(start_date=pd.to_datetime(people["start_date"]))


def _covered(path: Path, outside: frozenset[str]) -> pd.DataFrame | Path:
    """A snapshot without the rows of the people outside; the file itself where it holds none of them."""
    if not outside:
        return path
    frame = pd.read_parquet(path)
    if "participant_number" not in frame:
        return path
    kept = ~frame["participant_number"].isin(outside)
    return path if kept.all() else frame[kept].reset_index(drop=True)


def _findings(results: Results) -> list[dict[str, object]]:
    return [finding.to_dict() for finding in results.findings]


def _tell(run: Run, done: int, total: int, label: str) -> None:
    with planes.transaction():
        report_progress(by=None, run=run, done=done, total=total, label=label)


def _fail(run: Run, code: str, sentence: str) -> None:
    try:
        with planes.transaction():
            fail_run(by=None, run=run, code=code, sentence=sentence)
    except NoLongerOurs:
        log.info("run_given_up", run=str(run.pk), attempt=run.attempt)
