"""What must never be, found from outside: in the answers that clients saved, and in the tables by plain SQL.

Nothing here is code of the application, and the races are run in processes of their own.
"""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psycopg
from django.db import connection

from tests.allocation.trials import DrawCast

PROCESSES = 2
POINTS = ("before", "locked", "enrol_written", "enrol_committed", "alloc_written")


def address() -> str:
    given = connection.get_connection_params()
    host, port = given.get("host", "localhost"), given.get("port", 5432)
    return f"postgres://{given['user']}:{given.get('password') or ''}@{host}:{port}/{given['dbname']}"


@dataclass
class History:
    """What the processes saved: answers, and how many of them were killed where."""

    answers: list[dict] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, paths: list[Path]) -> "History":
        lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        killed = Counter(line["point"] for line in lines if "killed" in line)
        return cls([line for line in lines if "answered" in line], killed)

    def told(self) -> dict[str, set[tuple[str, int]]]:
        """number -> every (arm, position) that somebody was told."""
        told = defaultdict(set)
        for answer in self.answers:
            if "arm" in answer:
                told[answer["number"]].add((answer["arm"], answer["position"]))
        return told


def race(
    made: DrawCast, shares: list[list[dict]], folder: Path, *, connections: int = 8, lock: bool = True, url: str = ""
) -> History:
    """Let as many processes as there are shares work through their requests at once."""
    processes, histories = [], []
    for place, requests in enumerate(shares):
        path, history = folder / f"job-{place}.json", folder / f"history-{place}.jsonl"
        job = {"user": made.cast.kari.username, "connections": connections, "requests": requests}
        path.write_text(json.dumps(job | {"lock": lock, "history": str(history)}))
        histories.append(history)
        processes.append(_racer(path, url or address()))
    for process in processes:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("a racer did not start")
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.close()
    for process in processes:
        process.stdout.close()
        if process.wait(timeout=900):
            raise RuntimeError("a racer ended with an error")
    return History.read(histories)


def _racer(job: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.allocation.racer", str(job)],
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def requests_from_everywhere(numbers: list[str], seed: int) -> list[list[dict]]:
    """Each number asked for by every process: most often under one key, now and then under another."""
    rng = np.random.default_rng(seed)
    shares = []
    for process in range(PROCESSES):
        keys = [f"key-{number}" if rng.random() < 0.8 else f"{process}-{number}" for number in numbers]
        shares.append([_request(process, *numbers_and_keys) for numbers_and_keys in zip(numbers, keys, strict=True)])
        rng.shuffle(shares[-1])
    return shares


def requests_shared_out(numbers: list[str]) -> list[list[dict]]:
    """Each number asked for once, by the processes in turn."""
    return [[_request(n, number, f"key-{number}") for number in numbers[n::PROCESSES]] for n in range(PROCESSES)]


def requests_with_kills(numbers: list[str], seed: int, *, points: tuple[str, ...] = POINTS) -> list[list[dict]]:
    """Each number asked for by one process; a fifth of the requests kill it, some clients then never come back."""
    rng = np.random.default_rng(seed)
    shares: list[list[dict]] = [[] for _ in range(PROCESSES)]
    for number in numbers:
        kill = str(rng.choice(points)) if rng.random() < 0.2 else ""
        process = int(rng.integers(PROCESSES))
        shares[process].append(
            _request(process, number, f"key-{number}", kill=kill, gives_up=bool(rng.random() < 0.3), insists=True)
        )
    return shares


def _request(
    process: int, number: str, key: str, *, kill: str = "", gives_up: bool = False, insists: bool = False
) -> dict:
    known = {"id": f"{process} {number}", "number": number, "key": key}
    return known | {"kill": kill, "gives_up": gives_up, "insists": insists, "endures": False}


def faults(history: History, *, url: str = "", expected: list[str]) -> list[str]:
    """Everything that must never be: twice, lost, gaps, contradictions. `expected`: numbers that must have an arm."""
    found = [f"failed: {answer}" for answer in history.answers if "failed" in answer]
    told = history.told()
    found += [f"contradictory answers for {number}: {said}" for number, said in told.items() if len(said) > 1]
    leaves, places = _tables(url or address())
    found += _of_log(leaves)
    found += [f"lost: {number}" for number in expected if places.get(number, ("",))[0] == ""]
    for number, said in told.items():
        if places.get(number) not in said:
            found.append(f"{number} was told {said}, the table has {places.get(number)}")
    return found


def _tables(url: str) -> tuple[list[dict], dict[str, tuple[str, int]]]:
    """(leaves in order, number -> (arm, position))."""
    with psycopg.connect(url) as database:
        database.execute("SELECT set_config('app.maintenance', 'on', false)")
        texts = database.execute("SELECT text FROM allocation_logleaf ORDER BY seq, id").fetchall()
        places = database.execute(
            "SELECT p.number, coalesce(arm.code, ''), a.position FROM allocation_allocation a "
            "JOIN enrolment_participant p ON p.key = a.participant_id LEFT JOIN studies_arm arm ON arm.id = a.arm_id"
        ).fetchall()
    return [json.loads(text) for (text,) in texts], {number: (arm, position) for number, arm, position in places}


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
