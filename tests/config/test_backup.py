"""A backup made under load comes back elsewhere: every row, the draws' logs, and nobody who was erased."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tests import evidence
from tests.allocation import faults
from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast, drawing
from tests.cast import acting
from tests.databases import other_server
from trial.access.planes import maintenance
from trial.allocation import verify
from trial.allocation.actions import checkpoint
from trial.allocation.merkle import leaf_hash, root
from trial.allocation.models import Allocation, Checkpoint, LogLeaf
from trial.allocation.queries import anchors_of, bundle_of
from trial.config import backups
from trial.config.services import Durability, Place
from trial.config.services.provision import joined
from trial.config.services.sharing import PROJECT
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Participant
from trial.enrolment.states import Withdrawal
from trial.identity.models import IdentityRecord

pytestmark = pytest.mark.slow

AMOUNTS = [80, pytest.param(3_000, marks=pytest.mark.nightly)]
BEFORE = 6
PATIENCE_SECONDS = 120


class Story(NamedTuple):
    """What was there before the backup, what it holds, and what came after."""

    made: DrawCast
    file: Path
    manifest: backups.Manifest
    early: dict
    late: dict
    erased_before: Participant
    erased_after: Participant
    drawn_in_the_end: int


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of an empty database on another server."""
    folder = Path(tempfile.mkdtemp(prefix="navtrial-", dir="/tmp"))
    folder.chmod(0o755)
    with joined(Place.at(folder, Durability.THROWAWAY), broker=False) as services:
        yield services.database_url
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def register(settings, tmp_path: Path) -> Path:
    settings.ERASURE_REGISTER = tmp_path / "erasures.jsonl"
    return settings.ERASURE_REGISTER


def drawn(url: str) -> int:
    with psycopg.connect(url, options="-c app.maintenance=on") as asking:
        row = asking.execute("SELECT count(*) FROM allocation_allocation WHERE arm_id IS NOT NULL").fetchone()
        return row[0] if row else 0


def erase(made: DrawCast, participant: Participant) -> None:
    with acting(made.cast.kari):
        withdraw(by=made.cast.kari, participant=participant, meaning=Withdrawal.EVERYTHING)


def lived_through(people: int, folder: Path) -> Story:
    """Some are drawn, a checkpoint is signed, one is erased; then everyone else is drawn while the backup is made."""
    made = drawing(mode="unattended")
    everyone = made.people(people)
    for participant in everyone[:BEFORE]:
        made.enrol(participant)
    checkpoint(by=None, trial=made.trial)
    erase(made, everyone[0])
    with maintenance():
        early = anchors_of(made.trial)
    url = faults.address()
    shares = faults.requests_shared_out([participant.number for participant in everyone[BEFORE:]])
    with ThreadPoolExecutor(1) as beside:
        racing = beside.submit(faults.race, made, shares, folder, url=url)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while drawn(url) < BEFORE + 10:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        manifest = backups.write(folder / "backup.dump")
        racing.result()
    checkpoint(by=None, trial=made.trial)
    erase(made, everyone[1])
    with maintenance():
        late = anchors_of(made.trial)
    return Story(made, folder / "backup.dump", manifest, early, late, everyone[0], everyone[1], drawn(url))


def restored(file: Path, url: str, register: Path) -> subprocess.CompletedProcess[str]:
    """What the operator types, on the machine where the new server is."""
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(file)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": url, "ERASURE_REGISTER": str(register)},
        capture_output=True,
        text=True,
        check=False,
    )


def readable() -> set:
    with maintenance():
        return set(IdentityRecord.objects.filter(wrapped_key__isnull=False).values_list("subject", flat=True))


def last_root_of_log(made: DrawCast) -> tuple[str, str]:
    """(what the last checkpoint says, what the leaves up to it come to)."""
    with maintenance():
        last = Checkpoint.objects.filter(trial=made.trial).order_by("size").last()
        leaves = LogLeaf.objects.filter(trial=made.trial).order_by("seq").values_list("text", flat=True)[: last.size]
        return last.root, root(leaf_hash(text.encode()) for text in leaves).hex()


@pytest.mark.parametrize("people", AMOUNTS)
def test_a_backup_made_under_load_comes_back_elsewhere(
    committed_database, simulated_clock, elsewhere: str, tmp_path: Path, register: Path, people: int
):
    story = lived_through(people, tmp_path)
    assert BEFORE < story.manifest.rows["allocation_allocation"] < story.drawn_in_the_end, "the load went on meanwhile"
    done = restored(story.file, elsewhere, register)
    assert done.returncode == 0, done.stderr
    assert "1 people were erased again." in done.stdout
    with psycopg.connect(elsewhere) as stranger:  # row-level security came along
        assert stranger.execute("SELECT count(*) FROM allocation_allocation").fetchone() == (0,)
    with other_server(elsewhere):
        known = readable()
        assert {story.erased_before.key, story.erased_after.key} & known == set()
        assert len(known) == people - 2
        said, found = last_root_of_log(story.made)
        assert said == found
        with maintenance():
            assert Allocation.objects.count() == story.manifest.rows["allocation_allocation"]
        open_up(story.made)
        bundle = bundle_of(story.made.trial)
    assert list(verify.findings(bundle, story.early)) == []
    assert list(verify.findings(bundle, story.late)) != [], "control: what was drawn after the backup is missed"
    if people > AMOUNTS[0]:
        keep_evidence(story)


def keep_evidence(story: Story) -> None:
    evidence.keep(
        "backup",
        drawn_when_the_backup_was_made=story.manifest.rows["allocation_allocation"],
        drawn_in_the_end=story.drawn_in_the_end,
        tables=len(story.manifest.rows),
        rows=sum(story.manifest.rows.values()),
        bytes=story.file.stat().st_size,
        **{"rows lost": 0, "found by the verifier": 0, "erased people readable": 0},
    )


def test_control_without_the_register_an_erased_person_comes_back(
    committed_database, simulated_clock, elsewhere: str, tmp_path: Path
):
    made = drawing(mode="unattended")
    person = made.people()[0]
    backups.write(tmp_path / "backup.dump")
    erase(made, person)
    assert restored(tmp_path / "backup.dump", elsewhere, tmp_path / "none.jsonl").returncode == 0
    with other_server(elsewhere):
        assert person.key in readable()


def test_what_cannot_be_a_backup_is_refused(committed_database, simulated_clock, tmp_path: Path, capsys):
    file = tmp_path / "backup.dump"
    call_command("backup", str(file))
    assert "bytes." in capsys.readouterr().out
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="exists"):
        call_command("backup", str(file))
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(file))
    with file.open("ab") as opened:
        opened.write(b"x")
    with pytest.raises(CommandError, match="SHA-256"):
        call_command("restore", str(file))
    file.with_name("backup.dump.json").write_text("{}")
    with pytest.raises(CommandError, match="manifest"):
        call_command("restore", str(file))
    with pytest.raises(CommandError, match="missing"):
        call_command("restore", str(tmp_path / "nothing"))


def test_a_backup_that_would_miss_rows_is_not_written(committed_database, tmp_path: Path):
    with psycopg.connect(faults.address()) as owner:
        owner.execute("DROP POLICY maintenance ON identity_identityrecord")
    with pytest.raises(backups.BackupFailure, match="identity_identityrecord"):
        backups.write(tmp_path / "backup.dump")
    assert not (tmp_path / "backup.dump").exists()


def test_a_table_that_came_back_short_is_told(committed_database, elsewhere: str, tmp_path: Path):
    file = tmp_path / "backup.dump"
    backups.write(file)
    beside = tmp_path / "backup.dump.json"
    manifest = json.loads(beside.read_text())
    manifest["rows"]["identity_identityrecord"] += 1
    beside.write_text(json.dumps(manifest))
    with other_server(elsewhere), pytest.raises(backups.BackupFailure, match="in identity_identityrecord"):
        backups.read_back(file)
