"""What killed processes leave behind goes when it is old and nobody needs it; everything else stays."""

import os
import time
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from django.conf import settings as site

from tests.cast import acting
from tests.registers.files import checked, employment_of, enrolled, received, stored
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.models import AuditEvent
from trial.registers import leftovers, pieces, snapshots
from trial.registers.actions import accept, reject
from trial.registers.tasks import tidy
from trial.registers.uploads import add_piece, begin_upload

pytestmark = pytest.mark.slow

LONG_AGO = time.time() - leftovers.OLD.total_seconds() - 60


def aged(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"rows of people")
    return path


def test_what_deliveries_need_stays_and_what_was_refused_after_it_was_stored_goes(
    cast, django_capture_on_commit_callbacks
):
    content = employment_of(enrolled(cast).number, "XYZ-0000-0")
    with django_capture_on_commit_callbacks(execute=True):
        first = checked(cast, content)
        with acting(cast.data_manager):
            accept(by=cast.data_manager, delivery=first)
    with pytest.raises(Refusal, match="delivered_before"):
        received(cast, content)
    turned_down = checked(cast, employment_of(enrolled(cast).number, "XYZ-0000-0", start="2019-01-01"))
    with django_capture_on_commit_callbacks(execute=True), acting(cast.data_manager):
        turned_down = reject(by=cast.data_manager, delivery=turned_down, reason="Feil år.")
    waiting = received(cast, employment_of(enrolled(cast).number, start="2018-01-01"))
    code = cast.trial.code
    needed = [
        snapshots.snapshot(code, first.snapshot),
        snapshots.manifest(code, first.snapshot),
        snapshots.rejected(code, first.rejected_file),
        snapshots.rejected(code, turned_down.rejected_file),
        snapshots.received(code, waiting.sha256),
    ]
    unneeded = [
        stored(snapshots.received(code, first.sha256)),
        written(stored(snapshots.snapshot(code, "a" * 64))),
        written(stored(snapshots.received(code, "b" * 64))),
    ]
    young = written(stored(snapshots.received(code, "c" * 64)))
    for path in [*map(stored, needed), *unneeded]:
        aged(path)
    tidy()
    assert [path for path in unneeded if path.exists()] == []
    assert [name for name in needed if not stored(name).exists()] == []
    assert young.exists()
    with maintenance():
        event = AuditEvent.objects.get(verb="leftovers_deleted")
    assert (event.trial, event.details["files"]) == (code, 3)


def test_what_killed_processes_left_in_their_folders_goes(cast):
    with acting(cast.data_manager):
        upload = begin_upload(by=cast.data_manager, trial=cast.trial, register="employment", source="Aa-registeret",
                              file_name="jobb.csv", size=4)  # fmt: skip
        add_piece(by=cast.data_manager, upload=upload, offset=0, piece=b"a")
    gone = [
        written(site.WORK_ROOT / "work-killed" / "unpacked.csv").parent,
        written(site.UPLOAD_ROOT / str(uuid4()) / "0-14").parent,
        written(site.SNAPSHOT_ROOT / ".incoming-half"),
    ]
    stays = [
        written(site.WORK_ROOT / "work-running" / "unpacked.csv").parent,
        written(site.SNAPSHOT_ROOT / ".incoming-young"),
    ]
    others = [written(site.UPLOAD_ROOT / "not-ours" / "file").parent, pieces.place(upload.pk)]
    for path in [*gone, *others]:
        aged(path)
    tidy()
    assert [path for path in gone if path.exists()] == []
    assert [path for path in [*stays, *others] if not path.exists()] == []


def test_a_bucket_is_tidied_like_a_folder(cast, settings, monkeypatch):
    settings.SNAPSHOT_STORAGE = f"memory://tidied-{uuid4()}/navtrial"
    waiting = received(cast, employment_of(enrolled(cast).number))
    bucket = fsspec.filesystem("memory")
    root = settings.SNAPSHOT_STORAGE.removeprefix("memory:/")
    unneeded = f"{root}/{snapshots.received(cast.trial.code, 'b' * 64)}"
    for name in (unneeded, f"{root}/.incoming-half"):
        bucket.pipe(name, b"rows of people")
    tidy()
    assert bucket.exists(unneeded)  # the control: nothing young goes
    monkeypatch.setattr(leftovers, "OLD", -leftovers.OLD)
    tidy()
    assert [name.removeprefix(f"{root}/") for name in bucket.find(root)] == [
        snapshots.received(cast.trial.code, waiting.sha256)
    ]
