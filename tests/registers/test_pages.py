"""Pages and API of deliveries: what the data manager does by clicking, and what others are told."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.cast import Cast
from tests.registers.files import EMPLOYMENT, checked, employment_of, enrolled, received
from trial.access.models import User
from trial.access.planes import maintenance
from trial.registers.models import Delivery
from trial.registers.states import DeliveryState

pytestmark = pytest.mark.slow

MOST_QUERIES = 12
SAVEPOINT = 2  # a test's transaction makes a savepoint of the request's: two statements that no real request sends


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def here(cast: Cast, tail: str = "", *, api: bool = False) -> str:
    return f"{'/api/v1' if api else ''}/trials/{cast.trial.code}/deliveries/{tail}"


def _upload(cast: Cast, content: str, name: str = "jobb.csv", **headers: str):
    form = {"register": "employment", "source": "Aa-registeret", "file": SimpleUploadedFile(name, content.encode())}
    return signed_in(cast.data_manager).post(here(cast, "new/"), form, headers=headers)


def test_a_file_comes_in_by_the_form_and_leads_to_its_report(cast):
    answer = _upload(cast, employment_of("MOS-7K4Q-3"))
    with maintenance():
        delivery = Delivery.objects.get()
    assert answer["Location"] == here(cast, f"{delivery.pk}/")
    assert (delivery.file_name, delivery.source) == ("jobb.csv", "Aa-registeret")


def test_with_script_the_browser_is_sent_to_the_report(cast):
    answer = _upload(cast, employment_of("MOS-7K4Q-3"), **{"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith(here(cast))


def test_a_refusal_stands_at_its_field_and_the_file_can_be_chosen_again(cast):
    _upload(cast, employment_of("MOS-7K4Q-3"))
    again = _upload(cast, employment_of("MOS-7K4Q-3"))
    assert "Denne filen er allerede levert." in again.content.decode()
    assert list(again.context["form"].errors) == ["file"]


def test_a_national_id_in_the_file_name_or_the_source_is_refused(cast):
    answer = _upload(cast, employment_of("MOS-7K4Q-3"), name="jobb 13097248022.csv")
    assert list(answer.context["form"].errors) == ["file"]
    with maintenance():
        assert not Delivery.objects.exists()


def test_the_report_tells_counts_and_reasons_and_the_download_every_row(cast):
    delivery = checked(cast, employment_of(enrolled(cast).number, "XYZ-0000-0"))
    client = signed_in(cast.data_manager)
    page = client.get(here(cast, f"{delivery.pk}/")).content.decode()
    assert "Deltakernummeret finnes ikke i forsøket" in page
    text = client.get(here(cast, f"{delivery.pk}/rejected.csv")).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert [(row["line"], row["reason"]) for row in rows] == [("3", "unknown_participant")]
    report = json.loads(client.get(here(cast, f"{delivery.pk}/report.json")).getvalue())
    assert report["accepted_rows"] + report["rejected_rows"] == report["rows"] == 2


def test_what_it_means_to_accept_a_file_without_rows_is_said_before_it_is_done(cast):
    delivery = checked(cast, EMPLOYMENT + "\n")
    client = signed_in(cast.data_manager)
    assert "Filen har ingen rader." in client.get(here(cast, f"{delivery.pk}/")).content.decode()
    assert client.post(here(cast, f"{delivery.pk}/accept/")).status_code == 302
    page = client.get(here(cast, f"{delivery.pk}/")).content.decode()
    assert "Godkjent" in page
    assert "Filen har ingen rader." not in page


def test_the_data_manager_accepts_and_rejects_by_button(cast):
    number = enrolled(cast).number
    good, bad = checked(cast, employment_of(number)), checked(cast, employment_of(number, start="2019-01-01"))
    client = signed_in(cast.data_manager)
    assert client.post(here(cast, f"{good.pk}/accept/")).status_code == 302
    empty = client.post(here(cast, f"{bad.pk}/reject/"), {"reason": ""})
    assert list(empty.context["form"].errors) == ["reason"]
    assert client.post(here(cast, f"{bad.pk}/reject/"), {"reason": "Feil periode"}).status_code == 302
    with maintenance():
        states = dict(Delivery.objects.values_list("pk", "state"))
    assert states == {good.pk: DeliveryState.ACCEPTED, bad.pk: DeliveryState.REJECTED}


def test_an_analyst_reads_the_report_but_has_no_buttons(cast):
    delivery = checked(cast, employment_of(enrolled(cast).number))
    client = signed_in(cast.analyst)
    page = client.get(here(cast, f"{delivery.pk}/")).content.decode()
    assert here(cast, f"{delivery.pk}/accept/") not in page
    assert client.post(here(cast, f"{delivery.pk}/accept/")).status_code == 403
    assert client.get(here(cast, "new/")).status_code == 403


@pytest.mark.parametrize("attribute", ["kari", "coordinator", "lead", "checker", "outsider"])
def test_others_have_no_deliveries(cast, attribute):
    delivery = received(cast, employment_of("MOS-7K4Q-3"))
    client = signed_in(getattr(cast, attribute))
    status = 404 if attribute == "outsider" else 403
    for tail in ("", f"{delivery.pk}/", f"{delivery.pk}/report.json", f"{delivery.pk}/rejected.csv"):
        assert client.get(here(cast, tail)).status_code == status
    assert client.get(here(cast, api=True)).status_code == status


def test_the_api_takes_a_file_and_tells_what_came_of_it(cast):
    client = signed_in(cast.data_manager)
    form = {"register": "employment", "source": "API", "file": SimpleUploadedFile("jobb.csv", b"a;b\n1;2\n")}
    made = client.post(here(cast, api=True), form)
    assert (made.status_code, made.json()["state"]) == (201, "received")
    listed = client.get(here(cast, api=True)).json()["results"]
    assert [entry["id"] for entry in listed] == [made.json()["id"]]
    wrong = client.post(here(cast, api=True), {"register": "weather", "source": "API"})
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} == {"register", "file"}


def test_the_pages_ask_the_database_a_bounded_number_of_times(cast, django_assert_max_num_queries):
    number = enrolled(cast).number
    deliveries = [checked(cast, employment_of(number, "XYZ-0000-0", start=f"20{year}-01-01")) for year in range(10, 16)]
    client = signed_in(cast.data_manager)
    for tail in ("", "new/", f"{deliveries[0].pk}/"):
        with django_assert_max_num_queries(MOST_QUERIES + SAVEPOINT):
            assert client.get(here(cast, tail)).status_code == 200
