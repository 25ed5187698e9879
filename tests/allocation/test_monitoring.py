"""The monitor finds what an insider with the owner's rights could do to the tables behind the log."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.allocation.trials import DrawCast
from tests.cast import acting
from trial.access.planes import maintenance
from trial.allocation import merkle, monitoring
from trial.allocation.actions import checkpoint
from trial.allocation.monitoring import faults_of, watch
from trial.allocation.queries import anchors_of, log_is_whole
from trial.enrolment.actions import withdraw
from trial.enrolment.states import Withdrawal

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
        for table in ("logleaf", "allocation", "checkpoint"):
            cursor.execute(f"ALTER TABLE allocation_{table} DISABLE TRIGGER USER")
        cursor.execute(statement)


def test_a_whole_log_has_no_faults(drawn: DrawCast):
    assert faults_of(drawn.trial) == []
    with acting(drawn.cast.auditor):
        assert log_is_whole(drawn.trial)


def test_a_draw_between_two_readings_is_no_fault(drawn: DrawCast, monkeypatch):
    coming = drawn.people(1)
    heads = monitoring._heads

    def slowly(*args: Any) -> list[str]:
        found = list(heads(*args))
        while coming:
            drawn.enrol(coming.pop())
        return found

    monkeypatch.setattr(monitoring, "_heads", slowly)
    assert faults_of(drawn.trial) == []
    assert not coming


def test_a_draw_while_the_page_reads_the_log_breaks_no_seal(drawn: DrawCast, monkeypatch):
    (person,) = drawn.people(1)
    root = merkle.root

    def slowly(leaves: Iterable[bytes]) -> bytes:
        drawn.enrol(person)
        return root(leaves)

    monkeypatch.setattr(merkle, "root", slowly)
    with acting(drawn.cast.auditor):
        assert log_is_whole(drawn.trial)


def test_a_leaf_past_the_end_of_the_log_is_seen_on_its_page(drawn: DrawCast):
    behind_the_triggers(
        "INSERT INTO allocation_logleaf (trial_id, seq, kind, text, leaf_hash) "
        "SELECT trial_id, seq + 1, kind, text, leaf_hash FROM allocation_logleaf ORDER BY seq DESC LIMIT 1"
    )
    with acting(drawn.cast.auditor):
        assert not log_is_whole(drawn.trial)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE allocation_logleaf SET text = replace(text, '\"Moss\"', '\"Rygge\"') WHERE seq = 2", "another root"),
        ("DELETE FROM allocation_logleaf WHERE seq = 8", "larger than the log"),
        ("UPDATE allocation_loghead SET size = size - 1", "head of the log"),
        ("UPDATE allocation_stratumstate SET drawn = drawn - 1 WHERE stratum = 'Moss'", "state of Moss does not count"),
        (
            "UPDATE allocation_stratumstate SET state = jsonb_set(state, '{2}', '[0, 0]') WHERE stratum = 'Moss'",
            "state of Moss is not one that its arms lead to",
        ),
        (
            "UPDATE allocation_stratumstate SET state = jsonb_set(state, '{2,0}', '1') WHERE stratum = 'Rygge'",
            "state of Rygge is not one that its arms lead to",
        ),
        (
            "UPDATE allocation_allocation a SET arm_id = (SELECT id FROM studies_arm WHERE id <> a.arm_id "
            "AND trial_id = a.trial_id) WHERE position = 1",
            "not as the log has it",
        ),
        ("DELETE FROM allocation_allocation WHERE position = 3", "has no place"),
        ("UPDATE allocation_checkpoint SET root = repeat('0', 64) WHERE size = 1", "not signed by its key"),
        (
            "UPDATE allocation_allocation SET receipt = "
            "jsonb_set(receipt, '{checkpoint,root}', to_jsonb(repeat('0', 64))) WHERE position = 3",
            "two heads of 9 leaves",
        ),
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


def test_a_head_that_others_hold_must_be_a_prefix_too(drawn: DrawCast, tmp_path, capsys):
    held = tmp_path / "anchors.json"
    held.write_text(json.dumps({"checkpoints": [{"size": 5, "root": "00" * 32}]}))
    with pytest.raises(SystemExit, match="1"):
        call_command("allocation_monitor", drawn.trial.code, anchors=[held])
    assert "a head of 5 leaves has another root" in capsys.readouterr().out
    with maintenance():
        held.write_text(json.dumps(anchors_of(drawn.trial)))
    call_command("allocation_monitor", drawn.trial.code, anchors=[held])


@pytest.mark.parametrize(
    ("trials", "content"), [(["unknown"], None), ([], "{}"), (["se-klar"], "{}"), (["se-klar"], "no json")]
)
def test_where_it_cannot_look_it_says_so_with_a_code_of_its_own(drawn: DrawCast, tmp_path, trials, content):
    held = tmp_path / "anchors.json"
    held.write_text(content or "")
    with pytest.raises(CommandError) as error:
        call_command("allocation_monitor", *trials, anchors=[] if content is None else [held])
    assert error.value.returncode == 3


def leaves_soon(trial: DrawCast, people: list) -> None:
    for person in people:
        with acting(trial.cast.kari):
            withdraw(by=trial.cast.kari, participant=person, meaning=Withdrawal.NEW_DATA)


def test_a_burst_of_withdrawals_right_after_the_arm_is_looked_into(drawn_trial: DrawCast, simulated_clock, capsys):
    people = drawn_trial.people(3)
    for person in people:
        drawn_trial.enrol(person)
    drawn_trial.draw()
    simulated_clock.advance(timedelta(days=1))
    leaves_soon(drawn_trial, people[:2])
    assert watch(drawn_trial.trial).suspicions == []
    leaves_soon(drawn_trial, people[2:])
    with pytest.raises(SystemExit, match="2"):
        call_command("allocation_monitor", drawn_trial.trial.code)
    assert "look into: 3 in Moss left within 3 days" in capsys.readouterr().out


def test_withdrawals_long_after_the_arm_are_no_burst(drawn_trial: DrawCast, simulated_clock):
    people = drawn_trial.people(3)
    for person in people:
        drawn_trial.enrol(person)
    drawn_trial.draw()
    simulated_clock.advance(timedelta(days=30))
    leaves_soon(drawn_trial, people)
    assert watch(drawn_trial.trial).suspicions == []
