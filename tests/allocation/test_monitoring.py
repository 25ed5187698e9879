"""The monitor finds what an insider with the owner's rights could do to the tables behind the log."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from tests.allocation.trials import DrawCast
from tests.cast import acting
from trial.access.planes import maintenance
from trial.allocation.actions import checkpoint
from trial.allocation.monitoring import faults_of
from trial.allocation.queries import log_is_whole

pytestmark = pytest.mark.slow


@pytest.fixture
def drawn(drawn_trial: DrawCast) -> DrawCast:
    for person in drawn_trial.people(4):
        drawn_trial.enrol(person)
    drawn_trial.draw()
    checkpoint(by=None, trial=drawn_trial.trial)
    return drawn_trial


def behind_the_triggers(statement: str) -> None:
    """What the owner of the tables can do after switching the triggers off."""
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("logleaf", "allocation"):
            cursor.execute(f"ALTER TABLE allocation_{table} DISABLE TRIGGER USER")
        cursor.execute(statement)


def test_a_whole_log_has_no_faults(drawn: DrawCast):
    assert faults_of(drawn.trial) == []
    with acting(drawn.cast.auditor):
        assert log_is_whole(drawn.trial)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE allocation_logleaf SET text = replace(text, '\"Moss\"', '\"Rygge\"') WHERE seq = 2", "another root"),
        ("DELETE FROM allocation_logleaf WHERE seq = 8", "larger than the log"),
        ("UPDATE allocation_loghead SET size = size - 1", "head of the log"),
        ("UPDATE allocation_stratumstate SET drawn = drawn - 1 WHERE stratum = 'Moss'", "state of Moss"),
        (
            "UPDATE allocation_allocation a SET arm_id = (SELECT id FROM studies_arm WHERE id <> a.arm_id "
            "AND trial_id = a.trial_id) WHERE position = 1",
            "not as the log has it",
        ),
        ("DELETE FROM allocation_allocation WHERE position = 3", "has no place"),
    ],
)
def test_a_change_behind_the_triggers_is_found(drawn: DrawCast, statement: str, fault: str, capsys):
    behind_the_triggers(statement)
    assert any(fault in line for line in faults_of(drawn.trial))
    with pytest.raises(SystemExit):
        call_command("allocation_monitor")
    assert fault in capsys.readouterr().out


def test_an_unattended_place_that_hangs_is_found(unattended_trial: DrawCast, simulated_clock, monkeypatch):
    monkeypatch.setattr("trial.allocation.actions._draw_at_once", lambda allocation, **_: allocation)
    unattended_trial.enrol(unattended_trial.people()[0])
    assert faults_of(unattended_trial.trial) == []
    simulated_clock.advance(timedelta(minutes=6))
    assert faults_of(unattended_trial.trial) == ["1 enrolled without an arm for more than five minutes"]
