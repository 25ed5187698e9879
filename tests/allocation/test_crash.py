"""The whole PostgreSQL killed under eight writers, again and again: what was answered is there, and is drawn once.

The server is one of its own that waits for the disk, as in production. Control: a server that answers before it has
written loses what it answered, and the same checker says so. `pytest -m nightly tests/allocation/test_crash.py -n 0`
runs the large amount and keeps what it counted as evidence.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dj_database_url
import psutil
import pytest
from django.core.management import call_command
from django.db import connection, connections

from tests import evidence
from tests.allocation import faults
from tests.allocation.crowds import crowd_of
from tests.allocation.test_faults import found_by_verifier
from tests.allocation.trials import DrawCast, drawing
from tests.databases import database_copy
from trial.config.services import Durability, Place, postgres
from trial.config.services.postgres import Postgres
from trial.config.services.processes import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("draw faults")]

WRITERS = 8
FEW = 200
AMOUNTS = [(3, FEW), pytest.param(20, 10 * FEW, marks=pytest.mark.nightly)]  # kills, people
LAZY = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}


@dataclass
class Doomed:
    """A server that will be killed, always at one port; its database holds the tables and nobody."""

    postgres: Postgres
    port: int

    def start(self, **settings: str) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(postgres, "free_port", lambda: self.port)
            patched.setattr(postgres, "SETTINGS", postgres.SETTINGS | settings)
            self.postgres.start()

    def kill(self) -> None:
        """Nine, every process of it at once: nothing is written down any more."""
        parent = psutil.Process(self.postgres.running.pid)
        processes = [parent, *parent.children(recursive=True)]
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(processes, timeout=30)


@pytest.fixture(scope="module")
def doomed(django_db_blocker: object) -> Iterator[Doomed]:
    """In a folder that the servers' account can reach. The tests' connection leads there meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="navtrial-", dir="/tmp"))
    folder.chmod(0o755)
    server = Doomed(Postgres(Place.at(folder, Durability.SAFE)), free_port())
    server.start()
    known, usual = connection.settings_dict, dict(connection.settings_dict)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.close_all()
        address = dj_database_url.parse(server.postgres.url("navtrial"))
        known.update({name: value for name, value in address.items() if value})
        try:
            call_command("migrate", verbosity=0)
            yield server
        finally:
            connections.close_all()
            known.update(usual)
            server.postgres.stop()
            shutil.rmtree(folder)


@pytest.fixture
def own_database(doomed: Doomed, django_db_blocker: object) -> Iterator[None]:
    with django_db_blocker.unblock(), database_copy("doomed"):  # type: ignore[attr-defined]
        yield


def under_kills(
    doomed: Doomed, made: DrawCast, numbers: list[str], kills: int, folder: Path, **settings: str
) -> faults.History:
    """Everyone is enrolled by clients who come again under their key until they are answered."""
    shares = [[each | {"endures": True, "insists": True} for each in share] for share in
              faults.requests_shared_out(numbers)]  # fmt: skip
    connections.close_all()
    with ThreadPoolExecutor(1) as pool:
        racing = pool.submit(
            faults.race, made, shares, folder, connections=WRITERS // faults.PROCESSES, url=faults.address()
        )
        for turn in range(kills):
            _await_answers(folder, (turn + 1) * len(numbers) // (kills + 1), racing.done)
            doomed.kill()
            doomed.start(**settings)
        return racing.result()


def _await_answers(folder: Path, wanted: int, over: object) -> None:
    while sum(path.read_text().count('"answered"') for path in folder.glob("history-*.jsonl")) < wanted:
        assert not over(), "the race is over before the server was killed as often as it should be"  # type: ignore[operator]
        time.sleep(0.005)


@pytest.mark.parametrize(("kills", "people"), AMOUNTS)
def test_a_server_killed_under_eight_writers_loses_nothing_that_was_answered(
    doomed: Doomed, own_database: None, tmp_path: Path, kills: int, people: int
):
    made = drawing(mode="unattended")
    numbers = crowd_of(made, people)
    history = under_kills(doomed, made, numbers, kills, tmp_path)
    assert len(history.answers) == people
    assert sum(answer["cut_off"] for answer in history.answers) > 0
    assert faults.faults(history, expected=numbers) == []
    assert found_by_verifier(made) == []
    if people > FEW:
        evidence.keep(
            "draw_server_crash",
            kills=kills,
            writers=WRITERS,
            acknowledged=len(history.answers),
            came_again_after_a_crash=sum(answer["cut_off"] > 0 for answer in history.answers),
            **{"acknowledged rows lost": 0, "drawn twice": 0, "gaps": 0, "found by the verifier": 0},
        )


@pytest.mark.parametrize("people", [FEW, pytest.param(2 * FEW, marks=pytest.mark.nightly)])
def test_control_a_server_that_answers_before_it_has_written_is_caught(
    doomed: Doomed, own_database: None, tmp_path: Path, people: int
):
    made = drawing(mode="unattended")
    numbers = crowd_of(made, people)
    connections.close_all()
    doomed.postgres.stop()
    doomed.start(**LAZY)
    history = under_kills(doomed, made, numbers, 2, tmp_path, **LAZY)
    found = faults.faults(history, expected=numbers)
    assert any("the table has None" in line for line in found)
    if people > FEW:
        evidence.keep("draw_server_crash_control", kills=2, **LAZY, faults_found=len(found), first=found[:5])
