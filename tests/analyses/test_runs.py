"""Runs: masked until the data lock, true after it, one effect each; their numbers are the analyst's alone."""

from datetime import timedelta

import pandas as pd
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.analyses import life
from tests.cast import acting
from trial.access.planes import DatabaseRole, Plane, acting_in
from trial.access.refusals import Refusal
from trial.analyses.actions import (
    NoLongerOurs,
    begin_run,
    cancel_run,
    fail_run,
    finish_run,
    report_progress,
    request_run,
)
from trial.analyses.calculation import carry_out
from trial.analyses.models import Result, Run
from trial.analyses.queries import PEOPLE, people_of
from trial.analyses.states import RunState
from trial.audit import clock
from trial.audit.models import OutboxMessage
from trial.registers import snapshots
from trial.registers.retention import destroy_data, keep_until

pytestmark = pytest.mark.slow

FINDING = {"name": "table-2", "kind": "table", "title": {"nb": "T"}, "columns": ["n"], "rows": [[1]]}


def _requested(cast, plan, masked=True) -> Run:
    with acting(cast.analyst):
        plan.refresh_from_db()
        return request_run(by=cast.analyst, plan=plan, masked=masked)


def _carried_out(cast, run) -> Run:
    """What the worker does, on the worker's plane."""
    with acting_in(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        carry_out(run.pk)
    with acting(cast.analyst):
        run.refresh_from_db()
    return run


def _research(cast) -> pd.DataFrame:
    with acting(cast.analyst):
        return pd.DataFrame(people_of(cast.trial), columns=list(PEOPLE)).set_index("participant_number")


def test_research_sees_letters_until_the_data_lock_and_arms_after_it(lived):
    cast, _plan = lived
    true = life.true_arms(cast).set_index("participant_number")["arm"]
    masked = _research(cast)
    assert set(masked["arm"]) == {"A", "B"}
    life.data_locked(cast)
    opened = _research(cast)
    assert opened["arm"].to_dict() == true.to_dict()
    assert len(masked) == 2 * life.PEOPLE_AN_OFFICE


def test_a_rehearsal_goes_through_the_whole_plan_on_shuffled_arms(lived):
    cast, plan = lived
    run = _carried_out(cast, _requested(cast, plan))
    assert (run.state, run.error) == (RunState.DONE, "")
    with acting(cast.analyst):
        table = run.results.get(name="table-1")
    assert table.columns[1:3] == ["A", "B"]
    assert run.manifest["masked"] is True
    assert run.manifest["plan"] == plan.sha256


def test_the_true_run_needs_the_data_lock(lived):
    cast, plan = lived
    with pytest.raises(Refusal, match="data_not_locked"):
        _requested(cast, plan, masked=False)
    life.data_locked(cast)
    run = _carried_out(cast, _requested(cast, plan, masked=False))
    assert (run.state, run.error) == (RunState.DONE, "")
    with acting(cast.analyst):
        names = list(run.results.values_list("name", flat=True))
        table = run.results.get(name="table-1")
    assert table.columns[1:3] == ["intervention", "control"]
    assert {"table-1", "table-2", "figure-1", "figure-5", "figure-6", "figure-8"} <= set(names)


def test_the_same_inputs_give_the_same_numbers(lived):
    cast, plan = lived
    contents = []
    for _turn in range(2):
        run = _carried_out(cast, _requested(cast, plan))
        assert run.state == RunState.DONE
        with acting(cast.analyst):
            contents.append((run.manifest, list(run.results.values("name", "columns", "rows", "spec", "notes"))))
    assert contents[0] == contents[1]


def test_a_damaged_snapshot_fails_the_run_with_a_reason(lived, own_snapshots):
    cast, plan = lived
    run = _requested(cast, plan)
    place = own_snapshots / snapshots.snapshot(cast.trial.code, run.deliveries["employment"])
    place.chmod(0o640)
    place.write_bytes(place.read_bytes() + b"x")
    run = _carried_out(cast, run)
    assert (run.state, run.error_code) == (RunState.FAILED, "snapshot_damaged")


def test_after_the_registers_were_destroyed_as_decided_no_run_is_asked_for(lived, own_snapshots, time):
    cast, plan = lived
    life.data_locked(cast)
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=clock.today() + timedelta(days=1))
        time.advance(timedelta(days=3))
        destroy_data(by=None, trial=cast.trial)
    with pytest.raises(Refusal, match="data_destroyed") as refused:
        _requested(cast, plan, masked=False)
    assert "Ytelser" in str(refused.value.sentence)


def test_a_missing_register_fails_the_run_with_its_name(lived):
    cast, plan = lived
    run = _requested(cast, plan)
    with acting(cast.analyst), connection.cursor() as cursor:
        cursor.execute("UPDATE analyses_run SET deliveries = deliveries - 'benefits' WHERE id = %s", [run.pk])
    run = _carried_out(cast, run)
    assert run.state == RunState.FAILED
    assert run.error


def test_a_run_that_loses_every_worker_is_failed_and_told(lived):
    cast, plan = lived
    run = _requested(cast, plan)
    with acting(cast.analyst):
        attempts = [begin_run(by=None, run=run) for _ in range(4)]
        run.refresh_from_db()
    assert [attempt.attempt if attempt else None for attempt in attempts] == [1, 2, 3, None]
    assert (run.state, run.error_code) == (RunState.FAILED, "gave_up")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
    assert OutboxMessage.objects.filter(kind="run_failed", recipient=cast.analyst.username).count() == 1


def test_a_worker_whose_run_was_cancelled_or_taken_over_stores_nothing(lived):
    cast, plan = lived
    with acting(cast.analyst):
        cancelled = begin_run(by=None, run=_requested(cast, plan))
        cancel_run(by=cast.analyst, run=cancelled)
        overtaken = begin_run(by=None, run=_requested(cast, plan))
        begin_run(by=None, run=overtaken)
        for run in (cancelled, overtaken):
            for attempt in (
                lambda run=run: report_progress(by=None, run=run, done=1, total=2, label="panel"),
                lambda run=run: finish_run(by=None, run=run, findings=[FINDING], manifest={}),
                lambda run=run: fail_run(by=None, run=run, code="x", sentence=""),
            ):
                with pytest.raises(NoLongerOurs):
                    attempt()
        assert not Result.objects.exists()


def test_results_never_change(lived):
    cast, plan = lived
    with acting(cast.analyst):
        run = begin_run(by=None, run=_requested(cast, plan))
        finish_run(by=None, run=run, findings=[FINDING], manifest={})
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE analyses_result SET rows = '[]'")


@pytest.mark.parametrize("attribute", ["kari", "coordinator", "lead", "researcher", "auditor", "outsider"])
def test_runs_and_their_numbers_are_rows_of_the_analysts_plane_only(lived, attribute):
    cast, plan = lived
    with acting(cast.analyst):
        run = begin_run(by=None, run=_requested(cast, plan))
        finish_run(by=None, run=run, findings=[FINDING], manifest={})
    for model in (Run, Result):
        with acting(getattr(cast, attribute)):
            assert _rows_seen(model) == 0
    with acting(cast.checker):
        assert Result.objects.exists()


def _rows_seen(model) -> int:
    """How many rows a query without any filter gives; none where the plane has no grant at all."""
    try:
        with transaction.atomic():
            return model.objects.count()
    except ProgrammingError:
        return 0


def _departing(cast, plan, deviations, reason="Sjekk av robuste standardfeil") -> Run:
    with acting(cast.analyst):
        plan.refresh_from_db()
        return request_run(by=cast.analyst, plan=plan, masked=False, deviations=deviations, reason=reason)


def test_a_departure_from_the_locked_plan_is_exploratory_wherever_it_is_shown(lived):
    cast, plan = lived
    life.data_locked(cast)
    run = _carried_out(cast, _departing(cast, plan, {"covariance": "HC3", "alpha": plan.content["alpha"]}))
    assert run.deviations == {"covariance": "HC3"}
    assert run.manifest["plan"] == plan.sha256
    assert run.manifest["deviations"] == {"covariance": {"planned": "classical", "done": "HC3"}}
    with acting(cast.analyst):
        assert all(finding.notes["exploratory"] == ["covariance"] for finding in run.results.all())


def test_a_field_that_is_emptied_is_a_departure_like_any_other(lived):
    cast, plan = lived
    life.data_locked(cast)
    run = _departing(cast, plan, {"further": [], "data_to": plan.content["data_to"]})
    assert run.deviations == {"further": []}
    both = _departing(cast, plan, {"further": [], "covariance": "HC3"})
    assert both.deviations == {"further": [], "covariance": "HC3"}
    assert set(_carried_out(cast, both).manifest["deviations"]) == {"further", "covariance"}


@pytest.mark.parametrize(
    ("deviations", "reason", "code", "field"),
    [
        ({"covariance": "HC9"}, "Fordi", "plan_invalid", "deviations"),
        ({"colour": "red"}, "Fordi", "plan_invalid", "deviations"),
        ({"trial": "en-annen"}, "Fordi", "plan_of_another_trial", "deviations"),
        ({"covariance": "classical"}, "Fordi", "no_deviation", "deviations"),
        ({}, "Fordi", "no_deviation", "deviations"),
        ({"covariance": "HC3"}, "  ", "reason_needed", "reason"),
    ],
)
def test_a_departure_that_is_none_or_has_no_reason_is_refused(lived, deviations, reason, code, field):
    cast, plan = lived
    life.data_locked(cast)
    with pytest.raises(Refusal) as caught:
        _departing(cast, plan, deviations, reason)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_nobody_departs_from_a_plan_before_the_data_lock(lived):
    cast, plan = lived
    with pytest.raises(Refusal) as caught:
        _departing(cast, plan, {"covariance": "HC3"})
    assert caught.value.code == "data_not_locked"
