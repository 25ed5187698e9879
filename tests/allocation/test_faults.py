"""Draws under fault: many at once from two processes, killed anywhere. Nobody is drawn twice, and nobody is lost.

The checker reads the answers that the processes saved, and the tables by plain SQL; no code of the application.
"""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict

import numpy as np
import psycopg
import pytest
from django.db import connection

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast, drawing
from trial.access.planes import maintenance
from trial.allocation import verify
from trial.allocation.actions import finish_unattended
from trial.allocation.queries import anchors_of, bundle_of

pytestmark = pytest.mark.slow

PEOPLE = 300
CONTROL_PEOPLE = 60
PROCESSES, CONNECTIONS = 2, 8
KILLS = ("before", "locked", "enrol_written", "enrol_committed", "alloc_written")


def address() -> str:
    given = connection.get_connection_params()
    host, port = given.get("host", "localhost"), given.get("port", 5432)
    return f"postgres://{given['user']}:{given.get('password') or ''}@{host}:{port}/{given['dbname']}"


def start(made: DrawCast, requests: list[dict], *, lock: bool = True, kill_at: str = "", survive: int = 0):
    """A racing process with its requests already handed to it."""
    job = {"trial": made.trial.code, "user": made.cast.kari.username, "connections": CONNECTIONS, "requests": requests}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.allocation.racer"],
        env=os.environ | {"DATABASE_URL": address()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(json.dumps(job | {"lock": lock, "kill_at": kill_at, "survive": survive}))
    process.stdin.close()
    return process


def history(processes) -> list[dict]:
    answers = []
    for process in processes:
        answers += [json.loads(line) for line in process.stdout]
        process.stdout.close()
        process.wait(timeout=120)
    return answers


def requests_for(people, seed: int) -> list[list[dict]]:
    """Each person asked for from both processes: under one key, and now and then under another one."""
    rng = np.random.default_rng(seed)
    shares = []
    for process in range(PROCESSES):
        keys = [f"key-{person.number}" if rng.random() < 0.8 else f"{process}-{person.number}" for person in people]
        requests = [{"number": person.number, "key": key} for person, key in zip(people, keys, strict=True)]
        shares.append([requests[place] for place in rng.permutation(len(requests))])
    return shares


def faults(answers: list[dict], numbers: list[str], *, asked: bool = True) -> list[str]:
    """Everything that must never be: twice, lost, gaps, contradictions."""
    found = [f"failed: {answer}" for answer in answers if "failed" in answer]
    told = defaultdict(set)
    for answer in answers:
        if "arm" in answer:
            told[answer["number"]].add((answer["arm"], answer["position"]))
    found += [f"contradictory answers for {number}: {said}" for number, said in told.items() if len(said) > 1]
    with psycopg.connect(address()) as database:
        database.execute("SELECT set_config('app.maintenance', 'on', false)")
        leaves = [
            json.loads(text) for (text,) in database.execute("SELECT text FROM allocation_logleaf ORDER BY seq, id")
        ]
        places = dict(
            database.execute(
                "SELECT p.number, (a.position, coalesce(arm.code, '')) FROM allocation_allocation a "
                "JOIN enrolment_participant p ON p.key = a.participant_id "
                "LEFT JOIN studies_arm arm ON arm.id = a.arm_id"
            ).fetchall()
        )
    found += _of_log(leaves)
    if asked:
        found += [f"lost: {number}" for number in numbers if number not in places]
    for number, said in told.items():
        kept = places.get(number)
        if kept is None or (kept[1], int(kept[0])) not in said:
            found.append(f"{number} was told {said}, the table has {kept}")
    return found


def _of_log(leaves: list[dict]) -> list[str]:
    found = []
    if [leaf["seq"] for leaf in leaves] != list(range(len(leaves))):
        found.append("the sequence of the log has a gap or a repeat")
    enrolled = [leaf for leaf in leaves if leaf["type"] == "ENROL"]
    drawn = Counter(leaf["who"] for leaf in leaves if leaf["type"] == "ALLOC")
    by_stratum = defaultdict(list)
    for leaf in enrolled:
        by_stratum[leaf["stratum"]].append(leaf["position"])
    for stratum, positions in by_stratum.items():
        if positions != list(range(len(positions))):
            found.append(f"positions of {stratum} have a gap or a repeat")
    for leaf in enrolled:
        if drawn[leaf["who"]] != 1:
            found.append(f"leaf {leaf['seq']} is drawn {drawn[leaf['who']]} times")
    return found


def test_300_people_drawn_from_two_processes_over_16_connections(committed_database):
    made = drawing(mode="unattended")
    people = made.people(PEOPLE)
    processes = [start(made, share) for share in requests_for(people, seed=1)]
    answers = history(processes)
    assert len(answers) == PROCESSES * PEOPLE
    assert {answer.get("refused") for answer in answers} <= {None, "in_progress"}
    assert faults(answers, [person.number for person in people]) == []
    open_up(made)
    assert list(verify.findings(bundle_of(made.trial), anchors_of(made.trial))) == []


def test_control_without_the_lock_the_checker_catches_the_race(committed_database):
    made = drawing(mode="unattended")
    people = made.people(CONTROL_PEOPLE)
    with maintenance(), connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE allocation_allocation DROP CONSTRAINT allocation_position_once,"
            " DROP CONSTRAINT allocation_enrol_seq_once, DROP CONSTRAINT allocation_alloc_seq_once;"
            "ALTER TABLE allocation_logleaf DROP CONSTRAINT leaf_seq_once"
        )
    processes = [start(made, share, lock=False) for share in requests_for(people, seed=2)]
    assert faults(history(processes), [person.number for person in people]) != []


@pytest.mark.parametrize("point", KILLS)
def test_a_process_killed_anywhere_loses_nobody_and_draws_nobody_twice(committed_database, point: str):
    made = drawing(mode="unattended")
    people = made.people(24)
    share = requests_for(people, seed=3)
    killed = start(made, share[0], kill_at=point, survive=5)
    answers = history([killed])
    assert killed.returncode == -9
    finish_unattended(trial=made.trial)
    assert faults(answers, [person.number for person in people], asked=False) == []
    answers += history([start(made, share[1])])
    assert faults(answers, [person.number for person in people]) == []
    open_up(made)
    assert list(verify.findings(bundle_of(made.trial), anchors_of(made.trial))) == []
