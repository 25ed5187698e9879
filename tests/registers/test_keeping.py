"""How files are kept: in a folder or a bucket, sealed where the site wants it, destroyed with proof on their date."""

import hashlib
import io
import json
import secrets
from datetime import timedelta

import fsspec
import pandas as pd
import pytest
from django.core.files.base import ContentFile
from django.test import Client

from tests.cast import acting
from tests.registers.files import checked, employment_of, enrolled, received, stored
from trial.access import planes
from trial.access.planes import DatabaseRole, Plane
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.models import AuditEvent
from trial.registers import pieces, snapshots
from trial.registers.actions import accept, receive, reject
from trial.registers.models import Delivery
from trial.registers.retention import content_of, destroy_data, keep_until
from trial.registers.sealing import PIECE_BYTES, SealBrokenError, sealed, unsealed
from trial.registers.tasks import destroy_due
from trial.registers.uploads import add_piece, begin_upload

pytestmark = pytest.mark.slow

KEY = "5a" * 31 + "01"


def accepted(cast, **options: str) -> Delivery:
    delivery = checked(cast, employment_of(enrolled(cast).number, "XYZ-0000-0"), **options)
    with acting(cast.data_manager):
        return accept(by=cast.data_manager, delivery=delivery)


def test_a_snapshot_has_a_manifest_with_schema_and_provenance(cast):
    delivery = accepted(cast)
    told = snapshots.read_manifest(cast.trial.code, delivery.snapshot)
    assert told["from"]["sha256"] == delivery.sha256
    assert told["from"]["read_as"]["format"] == "CSV"
    assert (told["rows"], told["rejected_rows"]) == (1, 1)
    with snapshots.opened(snapshots.snapshot(cast.trial.code, delivery.snapshot), delivery.snapshot) as path:
        assert [entry["column"] for entry in told["schema"]] == list(pd.read_parquet(path))
    assert "MOS-" not in json.dumps(told)


def test_a_delivery_goes_its_way_on_a_bucket_just_as_in_a_folder(cast, settings):
    settings.SNAPSHOT_STORAGE = "memory://bucket/navtrial"
    delivery = accepted(cast)
    found = [name for name in fsspec.filesystem("memory").find("/bucket/navtrial") if delivery.snapshot in name]
    assert sorted(name.rsplit(".", 1)[1] for name in found) == ["json", "parquet"]
    with snapshots.opened(snapshots.snapshot(cast.trial.code, delivery.snapshot), delivery.snapshot) as path:
        assert len(pd.read_parquet(path)) == 1
        assert settings.WORK_ROOT in path.parents
    assert not path.exists()
    assert not list(fsspec.filesystem("memory").glob("/bucket/navtrial/.incoming*"))


def test_with_a_key_nothing_at_rest_can_be_read_and_a_run_still_can(cast, settings):
    settings.SNAPSHOT_KEY = KEY
    content = employment_of(*[enrolled(cast).number] * 3).encode()
    delivery = received(cast, content)
    assert content[:40] not in stored(snapshots.received(cast.trial.code, delivery.sha256)).read_bytes()
    kept = accepted(cast)
    place = stored(snapshots.snapshot(cast.trial.code, kept.snapshot))
    assert not place.read_bytes().startswith(b"PAR1")
    with snapshots.opened(snapshots.snapshot(cast.trial.code, kept.snapshot), kept.snapshot) as path:
        assert len(pd.read_parquet(path)) == 1
    settings.SNAPSHOT_KEY = "6b" * 31 + "02"
    with (
        pytest.raises(snapshots.DamagedSnapshotError),
        snapshots.opened(snapshots.snapshot(cast.trial.code, kept.snapshot), kept.snapshot),
    ):
        pass


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 77])
def test_what_is_sealed_opens_again_and_any_change_breaks_it(size):
    key, plain = secrets.token_bytes(32), secrets.token_bytes(size)
    whole = b"".join(sealed([plain[:100], plain[100:]], key))
    assert b"".join(unsealed(io.BytesIO(whole), key)) == plain
    head, piece = len(whole) - len(plain), PIECE_BYTES + 16
    changed = [whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), whole[: -(size % PIECE_BYTES + 16) or None]]
    if size > 2 * PIECE_BYTES:
        first = len(whole) - 2 * piece - (size - 2 * PIECE_BYTES) - 16
        changed.append(whole[:first] + whole[first + piece : first + 2 * piece] + whole[first : first + piece]
                       + whole[first + 2 * piece :])  # fmt: skip
    for broken in changed:
        with pytest.raises(SealBrokenError):
            b"".join(unsealed(io.BytesIO(broken), key))
    assert head > 0


def test_after_the_date_every_file_is_destroyed_and_the_proof_says_which(cast, simulated_clock):
    first = accepted(cast)
    second = checked(cast, employment_of(enrolled(cast).number, start="2019-01-01"))
    names = [
        snapshots.snapshot(cast.trial.code, first.snapshot),
        snapshots.manifest(cast.trial.code, first.snapshot),
        snapshots.rejected(cast.trial.code, first.rejected_file),
        snapshots.received(cast.trial.code, second.sha256),
    ]
    until = clock.today() + timedelta(days=30)
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=until)
        with pytest.raises(Refusal, match="still_kept"):
            destroy_data(by=None, trial=cast.trial)
    simulated_clock.advance(timedelta(days=30))
    destroy_due()
    assert all(stored(name).exists() for name in names)
    simulated_clock.advance(timedelta(days=1))
    destroy_due()
    assert not any(stored(name).exists() for name in names)
    with acting(cast.data_manager):
        proof = cast.trial.destructions.get()
        assert {delivery.destroyed_at for delivery in Delivery.objects.all()} == {clock.now()}
    assert {entry["sha256"] for entry in proof.files} >= {first.snapshot, first.rejected_file, second.sha256}
    assert all(entry["gone"] for entry in proof.files)
    with planes.maintenance():
        line = AuditEvent.objects.get(verb="register_data_destroyed")
    assert line.details["proof"] == proof.sha256 == hashlib.sha256(content_of(proof)).hexdigest()


def test_uploads_under_way_the_drop_folder_and_what_nobody_knows_of_are_destroyed_too(
    cast, simulated_clock, settings, tmp_path
):
    settings.DROP_ROOT = str(tmp_path / "drop")
    folder, elsewhere = tmp_path / "drop" / cast.trial.code, tmp_path / "drop" / "another-trial"
    outside = tmp_path / "outside.csv"
    for path in (folder / "13097248022.csv", folder / "below" / "notes.txt", elsewhere / "theirs.csv", outside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"rows of people")
    (folder / "link.csv").symlink_to(outside)
    unknown = stored(snapshots.received(cast.trial.code, "d" * 64))
    unknown.parent.mkdir(parents=True)
    unknown.write_bytes(b"stored by a request that never ended")
    day = clock.today() + timedelta(days=1)
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=day)
        upload = begin_upload(by=cast.data_manager, trial=cast.trial, register="employment", source="Aa-registeret",
                              file_name="jobb.csv", size=4)  # fmt: skip
        add_piece(by=cast.data_manager, upload=upload, offset=0, piece=b"abc")
    simulated_clock.advance(timedelta(days=2))
    destroy_due()
    left = [path for path in (*folder.rglob("*"), unknown, pieces.place(upload.pk)) if path.is_file()]
    assert left == []
    assert outside.exists()
    assert (elsewhere / "theirs.csv").exists()
    with acting(cast.data_manager):
        proof = cast.trial.destructions.get()
        upload.refresh_from_db()
        with pytest.raises(Refusal, match="thrown_away"):
            add_piece(by=cast.data_manager, upload=upload, offset=3, piece=b"d")
        with pytest.raises(Refusal, match="past_retention"):
            receive_again(cast)
    assert upload.thrown_at == clock.now()
    told = sorted((entry["kind"], entry.get("bytes"), entry["gone"]) for entry in proof.files if "bytes" in entry)
    assert told == [("dropped", 14, True)] * 2 + [("received", 36, True), ("upload", 3, True)]
    assert [entry for entry in proof.files if "bytes" not in entry] == [{"kind": "dropped", "gone": True}]
    assert "13097248022" not in content_of(proof).decode()
    destroy_due()
    with acting(cast.data_manager):
        assert cast.trial.destructions.count() == 1


def receive_again(cast) -> None:
    file = ContentFile(b"x", name="late.csv")
    receive(by=cast.data_manager, trial=cast.trial, register="employment", source="Aa-registeret", file=file)


def test_the_rejected_rows_of_a_delivery_that_was_turned_down_are_destroyed(
    cast, simulated_clock, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delivery = checked(cast, employment_of(enrolled(cast).number, "XYZ-0000-0"))
        with acting(cast.data_manager):
            reject(by=cast.data_manager, delivery=delivery, reason="Feil år.")
            keep_until(by=cast.data_manager, trial=cast.trial, until=clock.today() + timedelta(days=1))
    kept = sorted(kept.name for kept in snapshots.kept(cast.trial.code))
    assert kept == [snapshots.rejected(cast.trial.code, delivery.rejected_file)]  # nothing else of it is left
    simulated_clock.advance(timedelta(days=2))
    destroy_due()
    assert list(snapshots.kept(cast.trial.code)) == []


def test_what_cannot_be_deleted_is_told_in_the_proof_and_tried_again_the_next_day(
    cast, simulated_clock, settings, tmp_path, monkeypatch
):
    settings.DROP_ROOT = str(tmp_path / "drop")
    file = tmp_path / "drop" / cast.trial.code / "jobb.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"rows of people")
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=clock.today() + timedelta(days=1))
    simulated_clock.advance(timedelta(days=2))
    with monkeypatch.context() as locked:
        locked.setattr("pathlib.Path.unlink", _refused)
        destroy_due()
        destroy_due()
    with acting(cast.data_manager):
        assert [entry["gone"] for proof in cast.trial.destructions.all() for entry in proof.files] == [False]
    simulated_clock.advance(timedelta(days=1))
    destroy_due()
    with acting(cast.data_manager):
        assert [entry["gone"] for entry in cast.trial.destructions.first().files] == [True]
    assert not file.exists()


def _refused(_path, **_options) -> None:
    raise PermissionError


def test_a_delivery_whose_files_are_destroyed_cannot_be_accepted(cast, simulated_clock):
    delivery = checked(cast, employment_of(enrolled(cast).number))
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=clock.today() + timedelta(days=1))
    simulated_clock.advance(timedelta(days=2))
    destroy_due()
    with acting(cast.data_manager):
        keep_until(by=cast.data_manager, trial=cast.trial, until=clock.today() + timedelta(days=9))
        with pytest.raises(Refusal, match="destroyed"):
            accept(by=cast.data_manager, delivery=delivery)


def test_the_proof_is_downloaded_as_it_was_hashed(cast, simulated_clock):
    accepted(cast)
    client = Client()
    client.force_login(cast.data_manager)
    address = f"/trials/{cast.trial.code}/deliveries/retention/"
    assert client.post(address, {"until": "01.01.2020"}).context["form"].errors
    day = clock.today() + timedelta(days=1)
    assert client.post(address, {"until": day.strftime("%d.%m.%Y")}).status_code == 302
    simulated_clock.advance(timedelta(days=2))
    destroy_due()
    with planes.entered(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        proof = cast.trial.destructions.get()
    page = client.get(address).content.decode()
    assert proof.sha256[:12] in page
    download = client.get(f"{address}{proof.pk}/").content
    assert hashlib.sha256(download).hexdigest() == proof.sha256
    client.force_login(cast.analyst)
    assert client.get(address).status_code == 403
