"""Two processes with eight connections each enrol and draw the same people at once; the database is asked afterwards.

The checker reads tables and answers, not the application: nobody twice, nobody lost, no gap, no contradictory answer.
The control takes the locks and the unique indexes away and must be caught.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from tests.allocation.trials import drawing
from trial.access.planes import maintenance

PEOPLE = 300
CONTROL_PEOPLE = 60
PROCESSES, THREADS = 2, 8
ROOT = Path(__file__).parents[2]
IN_PROGRESS = "in_progress"  # the other process is answering this very request: ask again

pytestmark = pytest.mark.slow


def race(people: int, *, locked: bool) -> list[str]:
    """Let the processes race and return what the checker finds."""
    made = drawing(mode="unattended")
    numbers = [person.number for person in made.people(people)]
    if not locked:
        without_unique_indexes()
    said = {"user": made.cast.kari.username, "trial": made.trial.code, "threads": THREADS, "locked": locked}
    answers = [answer for output in at_once(said, numbers) for answer in json.loads(output)]
    return checked(answers, numbers)


def at_once(said: dict, numbers: list[str]) -> list[str]:
    """Both processes get every number, in opposite order."""
    told = [json.dumps(said | {"numbers": order}) for order in (numbers, numbers[::-1])]
    racers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.allocation.racer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url()},
            text=True,
        )
        for _process in range(PROCESSES)
    ]
    with ThreadPoolExecutor(PROCESSES) as pool:
        outputs = list(pool.map(lambda racer, message: racer.communicate(message, timeout=300)[0], racers, told))
    assert [racer.returncode for racer in racers] == [0] * PROCESSES
    return outputs


def database_url() -> str:
    at = connection.settings_dict
    password = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    return f"postgres://{at['USER']}{password}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def without_unique_indexes() -> None:
    """For the control: the database would refuse what the missing lock lets through."""
    with connection.cursor() as cursor:
        for table, name in (
            ("allocation_allocation", "allocation_position_once"),
            ("allocation_allocation", "allocation_enrol_seq_once"),
            ("allocation_allocation", "allocation_alloc_seq_once"),
            ("allocation_logleaf", "leaf_seq_once"),
        ):
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def checked(answers: list[dict], numbers: list[str]) -> list[str]:
    """What is wrong, each as a line."""
    found = [f"error: {a['error']}" for a in answers if "error" in a and IN_PROGRESS not in a["error"]]
    told = {(a["number"], a["arm"]) for a in answers if "arm" in a}
    found += [f"contradictory answers for {n}" for n, times in Counter(n for n, _ in told).items() if times > 1]
    with maintenance(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.number, arm.code, a.stratum, a.position FROM allocation_allocation a "
            "JOIN enrolment_participant p ON p.key = a.participant_id LEFT JOIN studies_arm arm ON arm.id = a.arm_id"
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT seq FROM allocation_logleaf ORDER BY seq")
        leaves = [seq for (seq,) in cursor.fetchall()]
    stored = {(number, arm) for number, arm, _stratum, _position in rows}
    found += [f"told {each} and stored something else" for each in told - stored]
    found += [f"lost: {number}" for number in set(numbers) - {row[0] for row in rows}]
    found += [f"without an arm: {row[0]}" for row in rows if row[1] is None]
    if sorted(row[3] for row in rows) != list(range(len(rows))):
        found.append("positions repeat or leave a gap")
    if leaves != list(range(len(leaves))) or len(leaves) != 2 * len(rows) + 1:
        found.append("the log repeats or leaves a gap")
    return found


def test_nobody_is_drawn_twice_or_lost_when_two_processes_draw_at_once(committed_database: None) -> None:
    assert race(PEOPLE, locked=True) == []


def test_control_without_the_lock_the_checker_finds_it(committed_database: None) -> None:
    assert race(CONTROL_PEOPLE, locked=False) != []
