"""How files are kept: in a folder or a bucket, sealed where the site wants it, destroyed with proof on their date."""

import hashlib
import io
import json
import secrets
from datetime import timedelta

import fsspec
import pandas as pd
import pytest
from django.test import Client

from tests.cast import acting
from tests.registers.files import checked, employment_of, enrolled, received, stored
from trial.access import planes
from trial.access.planes import DatabaseRole, Plane
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.models import AuditEvent
from trial.registers import snapshots
from trial.registers.actions import accept
from trial.registers.models import Delivery
from trial.registers.retention import content_of, destroy_data, keep_until
from trial.registers.sealing import PIECE_BYTES, SealBrokenError, sealed, unsealed
from trial.registers.tasks import destroy_due

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
