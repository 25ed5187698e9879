"""Files that come piece by piece, lie in the drop folder, or call their columns something else."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.cast import acting
from tests.registers.files import check_again, checked, employment_of, enrolled, received
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.models import AuditEvent
from trial.registers import pieces
from trial.registers.mapping import choose_columns_anew, map_columns
from trial.registers.models import ColumnMapping, Delivery
from trial.registers.states import DeliveryState
from trial.registers.tasks import _Watched, tidy

pytestmark = pytest.mark.slow

OTHER_NAMES = "LOPENR;FRA;TIL;TIMER;STILLINGSPROSENT\nMOS-7K4Q-3;01.02.2015;;37,5;50\n"
CHOSEN = {
    "participant_number": "lopenr",
    "start": "fra",
    "end": "til",
    "full_time_hours": "timer",
    "position_percent": "stillingsprosent",
}


@pytest.fixture
def client(cast) -> Client:
    client = Client()
    client.force_login(cast.data_manager)
    return client


def here(cast, tail: str = "", *, api: bool = False) -> str:
    return f"{'/api/v1' if api else ''}/trials/{cast.trial.code}/deliveries/{tail}"


def begun(cast, client: Client, content: bytes, **more: str) -> dict:
    form = {"register": "employment", "source": "Aa-registeret", "file_name": "jobb.csv", "size": len(content)} | more
    return client.post(here(cast, "uploads/", api=True), form, content_type="application/json").json()


def put(cast, client: Client, upload: dict, offset: int, piece: bytes):
    return client.put(
        here(cast, f"uploads/{upload['id']}/", api=True),
        piece,
        content_type="application/octet-stream",
        headers={"Upload-Offset": str(offset)},
    )


def test_a_file_that_stops_on_its_way_goes_on_where_it_stopped(cast, client, django_capture_on_commit_callbacks):
    content = employment_of(*["MOS-7K4Q-3"] * 50).encode()
    upload = begun(cast, client, content)
    assert put(cast, client, upload, 0, content[:300]).json()["arrived"] == 300
    assert put(cast, client, upload, 0, content[:300]).json()["code"] == "wrong_offset"
    assert put(cast, client, upload, 400, content[400:]).status_code == 409
    again = begun(cast, client, content)
    assert (again["id"], again["arrived"]) == (upload["id"], 300)
    early = client.post(here(cast, f"uploads/{upload['id']}/finish/", api=True))
    assert early.json()["code"] == "not_arrived"
    assert put(cast, client, upload, 300, content[300:]).json()["arrived"] == len(content)
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(here(cast, f"uploads/{upload['id']}/finish/", api=True))
    with maintenance():
        delivery = Delivery.objects.get(pk=done.json()["id"])
    assert pieces.held(upload["id"]) == 0
    again = client.post(here(cast, f"uploads/{upload['id']}/finish/", api=True))  # the first answer may have been lost
    assert (again.status_code, again.json()["id"]) == (201, done.json()["id"])
    assert (done.status_code, delivery.size, delivery.file_name) == (201, len(content), "jobb.csv")


def test_what_a_broken_request_left_behind_is_written_over(cast, client):
    content = employment_of("MOS-7K4Q-3").encode()
    upload = begun(cast, client, content)
    put(cast, client, upload, 0, content[:9])
    pieces.add(upload["id"], 9, b"a piece whose request never ended")
    put(cast, client, upload, 9, content[9:20])
    put(cast, client, upload, 20, content[20:])
    assert b"".join(pieces.read(upload["id"])) == content


def test_pieces_that_are_lost_are_asked_for_again(cast, client):
    upload = begun(cast, client, b"abcdef")
    put(cast, client, upload, 0, b"abc")
    put(cast, client, upload, 3, b"def")
    lost = pieces.place(upload["id"]) / "3-3"
    lost.unlink()
    early = client.post(here(cast, f"uploads/{upload['id']}/finish/", api=True))
    assert early.json()["code"] == "not_arrived"
    assert begun(cast, client, b"abcdef")["arrived"] == 3


def test_a_later_file_of_the_same_name_and_size_is_another_upload(cast, client):
    first = begun(cast, client, b"abc", edition="1700000000000")
    put(cast, client, first, 0, b"a")
    assert begun(cast, client, b"abc", edition="1700000000000")["id"] == first["id"]
    assert begun(cast, client, b"xyz", edition="1700000000999")["id"] != first["id"]


def test_with_a_key_no_piece_can_be_read_and_the_whole_file_arrives(
    cast, client, settings, django_capture_on_commit_callbacks
):
    settings.SNAPSHOT_KEY = "5a" * 32
    content = employment_of(*["MOS-7K4Q-3"] * 50).encode()
    upload = begun(cast, client, content)
    put(cast, client, upload, 0, content[:700])
    put(cast, client, upload, 700, content[700:])
    lying = b"".join(path.read_bytes() for path in pieces.place(upload["id"]).iterdir())
    assert b"MOS-7K4Q-3" not in lying
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(here(cast, f"uploads/{upload['id']}/finish/", api=True))
    with maintenance():
        assert Delivery.objects.get(pk=done.json()["id"]).size == len(content)


def test_an_upload_that_stopped_is_shown_goes_on_or_is_thrown_away(cast, client, django_capture_on_commit_callbacks):
    upload = begun(cast, client, b"abcd")
    put(cast, client, upload, 0, b"a")
    page = client.get(here(cast)).content.decode()
    assert "Påbegynte opplastinger" in page
    assert "25 % av 4" in page
    form = client.get(here(cast, "new/"), {"upload": upload["id"]})
    assert form.context["form"]["source"].value() == "Aa-registeret"
    assert "Velg «jobb.csv»" in form.content.decode()
    assert [one["id"] for one in client.get(here(cast, "uploads/", api=True)).json()] == [upload["id"]]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(here(cast, f"uploads/{upload['id']}/throw/"))
    assert not pieces.place(upload["id"]).exists()
    assert "Påbegynte opplastinger" not in client.get(here(cast)).content.decode()
    assert put(cast, client, upload, 1, b"b").status_code == 404
    assert begun(cast, client, b"abcd")["arrived"] == 0
    with maintenance():
        event = AuditEvent.objects.get(verb="upload_thrown_away")
    assert (event.actor, event.details["why"], event.details["bytes"]) == (cast.data_manager.username, "by_hand", 1)


def test_a_program_throws_its_upload_away_and_nobody_elses(cast, client, django_capture_on_commit_callbacks):
    upload = begun(cast, client, b"abcd")
    put(cast, client, upload, 0, b"a")
    address = here(cast, f"uploads/{upload['id']}/", api=True)
    others = Client()
    for other, status in ((cast.analyst, 403), (cast.outsider, 404)):
        others.force_login(other)
        assert others.delete(address).status_code == status
    assert pieces.held(upload["id"]) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(address).status_code == 204
    assert pieces.held(upload["id"]) == 0


def test_an_upload_that_nobody_goes_on_with_is_thrown_away_after_its_days(
    cast, client, settings, simulated_clock, django_capture_on_commit_callbacks
):
    settings.UPLOAD_DAYS = 3
    old, moved = (begun(cast, client, content, file_name=f"{content}.csv") for content in (b"abcd", b"abcde"))
    put(cast, client, old, 0, b"a")
    simulated_clock.advance(timedelta(days=2))
    put(cast, client, moved, 0, b"a")
    simulated_clock.advance(timedelta(days=1, seconds=-1))
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert pieces.held(old["id"]) == pieces.held(moved["id"]) == 1  # the control: nothing goes before its day
    simulated_clock.advance(timedelta(seconds=2))
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert (pieces.held(old["id"]), pieces.held(moved["id"])) == (0, 1)
    with maintenance():
        event = AuditEvent.objects.get(verb="upload_thrown_away")
    assert (event.subject, event.actor, event.details["why"]) == (old["id"], "system", "too_old")


def test_more_than_was_announced_and_too_much_altogether_are_refused(cast, client, settings):
    upload = begun(cast, client, b"abc")
    assert put(cast, client, upload, 0, b"abcd").json()["code"] == "piece_too_large"
    settings.UPLOAD_LIMIT_BYTES = 2
    assert begun(cast, client, b"abc")["code"] == "file_too_large"


def test_an_upload_is_found_by_whoever_began_it_and_nobody_else(cast, client):
    upload = begun(cast, client, b"abc")
    others = Client()
    for other, status in ((cast.analyst, 403), (cast.outsider, 404)):
        others.force_login(other)
        assert others.get(here(cast, f"uploads/{upload['id']}/", api=True)).status_code == status


def test_a_file_of_the_drop_folder_is_taken_in_and_leaves_it(
    cast, client, settings, tmp_path: Path, django_capture_on_commit_callbacks
):
    settings.DROP_ROOT = str(tmp_path / "drop")
    folder = tmp_path / "drop" / cast.trial.code
    folder.mkdir(parents=True)
    (folder / "jobb.csv").write_text(employment_of("MOS-7K4Q-3"))
    (folder / "notes.exe").write_text("x")
    (folder / "link.csv").symlink_to("/etc/passwd")
    page = client.get(here(cast, "dropped/")).content.decode()
    assert "jobb.csv" in page
    assert "notes.exe" not in page
    assert "link.csv" not in page
    form = {"name": "jobb.csv", "register": "employment", "source": "Aa-registeret"}
    early = client.post(here(cast, "dropped/"), form)
    assert "nettopp endret" in str(early.context["form"].errors)
    os.utime(folder / "jobb.csv", (time.time() - 60,) * 2)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(here(cast, "dropped/"), form)
    assert answer.status_code == 302
    assert not (folder / "jobb.csv").exists()
    outside = client.post(here(cast, "dropped/"), form | {"name": "../../jobb.csv"})
    assert list(outside.context["form"].errors) == ["name"]


def test_columns_under_other_names_are_asked_for_once_and_then_remembered(cast, client):
    number = enrolled(cast).number
    delivery = checked(cast, OTHER_NAMES.replace("MOS-7K4Q-3", number))
    assert (delivery.state, delivery.awaits_columns) == (DeliveryState.RECEIVED, True)
    assert "Kolonner må velges" in client.get(here(cast, f"{delivery.pk}/")).content.decode()
    page = client.get(here(cast, f"{delivery.pk}/columns/"))
    assert number in page.content.decode()
    assert page.context["form"]["start"].initial == "fra"
    wrong = client.post(here(cast, f"{delivery.pk}/columns/"), CHOSEN | {"end": "fra"})
    assert wrong.context["form"].errors
    assert client.post(here(cast, f"{delivery.pk}/columns/"), CHOSEN).status_code == 302
    with maintenance():
        assert ColumnMapping.objects.get().columns["lopenr"] == "participant_number"
    later = checked(cast, OTHER_NAMES.replace("MOS-7K4Q-3", number).replace("2015", "2016"))
    assert (later.state, later.accepted_rows) == (DeliveryState.CHECKED, 1)


def test_a_wrong_choice_of_columns_is_made_anew_on_the_same_bytes(cast, client, django_capture_on_commit_callbacks):
    wrong = OTHER_NAMES.replace("MOS-7K4Q-3", enrolled(cast).number)
    first = checked(cast, wrong)
    swapped = CHOSEN | {"full_time_hours": "stillingsprosent", "position_percent": "timer"}
    client.post(here(cast, f"{first.pk}/columns/"), swapped)
    first = check_again(cast, first)
    assert "Velg kolonner på nytt" in client.get(here(cast, f"{first.pk}/")).content.decode()
    with acting(cast.data_manager), django_capture_on_commit_callbacks(execute=True):
        again = choose_columns_anew(by=cast.data_manager, delivery=first)
        first.refresh_from_db()
    assert (first.state, first.refusal, again.columns) == (DeliveryState.REJECTED, "other_columns", {})
    assert check_again(cast, again).awaits_columns
    client.post(here(cast, f"{again.pk}/columns/"), CHOSEN)
    assert check_again(cast, again).accepted_rows == 1
    twice = client.post(here(cast, f"{first.pk}/columns/anew/"))
    assert twice.status_code == 409


def test_a_national_id_is_not_shown_in_the_preview(cast, client):
    content = OTHER_NAMES + "13097248022;01.02.2015;;37,5;50\n"
    delivery = checked(cast, content)
    assert (delivery.state, delivery.refusal) == (DeliveryState.REJECTED, "national_id")


def test_the_report_shows_coverage_by_office_months_and_what_has_changed(cast, client):
    numbers = [enrolled(cast).number for _ in range(2)]
    first = checked(cast, employment_of(*numbers))
    client.post(here(cast, f"{first.pk}/accept/"))
    second = checked(cast, employment_of(numbers[0], start="2019-03-01"))
    page = client.get(here(cast, f"{second.pk}/")).content.decode()
    assert "Endret siden forrige leveranse" in page
    assert {change["what"] for change in second.report["drift"]} >= {"rows", "persons", "last_day"}
    assert "2019-03" in page
    report = client.get(here(cast, f"{second.pk}/report.json"))
    assert b"".join(report.streaming_content).startswith(b"{")


def test_progress_is_told_now_and_then(cast):
    delivery = received(cast, employment_of("MOS-7K4Q-3"))
    with acting(cast.data_manager):
        watched = _Watched(delivery)
        watched("read", 10)
        watched("read", 20)
        delivery.refresh_from_db()
    assert (delivery.stage, delivery.rows_read) == ("read", 10)


def test_columns_are_mapped_only_while_the_check_waits(cast):
    delivery = checked(cast, employment_of(enrolled(cast).number))
    with acting(cast.data_manager), pytest.raises(Refusal, match="wrong_delivery_state"):
        map_columns(by=cast.data_manager, delivery=delivery, columns={})
