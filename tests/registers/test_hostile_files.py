"""Files that mean harm: refused with a sentence, or read as the plain text that they are."""

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from tests.registers.files import EMPLOYMENT, checked, enrolled
from trial.registers.reasons import FILES
from trial.registers.states import DeliveryState

pytestmark = pytest.mark.slow


def _zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("jobb.csv", b"0" * 50_000_000)
    return file.getvalue()


def _parquet(column: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({column: ["x"]}), file)
    return file.getvalue()


HOSTILE = {
    "a zip bomb named csv": (_zip_bomb(), "jobb.csv"),
    "gzip named csv": (gzip.compress(b"a;b\n" * 1000), "jobb.csv"),
    "an executable": (b"\x7fELF" + bytes(200), "jobb.csv"),
    "a PDF that is a script": (b"%PDF-1.7\n<script>alert(1)</script>\n", "jobb.csv"),
    "text named Parquet": (b"participant_number;start\n", "jobb.parquet"),
    "Parquet cut short": (_parquet("participant_number")[:-20], "jobb.parquet"),
    "Parquet of something else": (_parquet("=cmd|' /C calc'!A0"), "jobb.parquet"),
    "null bytes": (b"participant_number;start\n\0\0\0\n", "jobb.csv"),
    "a header twice": (b"participant_number;start;start\n1;2;3\n", "jobb.csv"),
    "an endless quote": (EMPLOYMENT.encode() + b'\n"' + b"x" * 200_000, "jobb.csv"),
    "only a header": (b"\n\n\n", "jobb.csv"),
    "UTF-16": ("participant_number;start\n".encode("utf-16"), "jobb.csv"),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_a_hostile_file_is_rejected_with_a_sentence_and_its_bytes_go(cast, what, django_capture_on_commit_callbacks):
    content, name = HOSTILE[what]
    with django_capture_on_commit_callbacks(execute=True):
        delivery = checked(cast, content, name=name)
    assert delivery.state == DeliveryState.REJECTED
    assert FILES[delivery.refusal]


def test_a_formula_in_a_cell_is_a_rejected_value_and_never_leaves(cast):
    rows = f'{EMPLOYMENT}\n=HYPERLINK("http://x");2020-01-01;;37.5;100\n{enrolled(cast).number};@SUM(A1);;37.5;100\n'
    delivery = checked(cast, rows)
    assert delivery.rejected_rows == delivery.rows == 2
    client = Client()
    client.force_login(cast.data_manager)
    download = client.get(f"/trials/{cast.trial.code}/deliveries/{delivery.pk}/rejected.csv").getvalue().decode()
    assert "HYPERLINK" not in download
    assert not any(cell.startswith(("=", "+", "@")) for line in download.splitlines() for cell in line.split(";"))


def test_a_file_name_cannot_leave_its_folder(cast, snapshot_root):
    delivery = checked(cast, f"{EMPLOYMENT}\n", name="../../../etc/passwd.csv")
    assert "/" not in delivery.file_name
    assert not list(snapshot_root.parent.rglob("passwd*"))
