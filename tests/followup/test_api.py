"""The API of follow-up: the same rights, the same refusals, as problem details."""

from uuid import uuid4

import pytest
from django.test import Client

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, specialist
from trial.access.models import User
from trial.access.planes import maintenance
from trial.followup.actions import log_contact
from trial.followup.models import Contact, Measure

API = "/api/v1/trials/se-klar"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_caseloads_are_numbers_and_name_no_participant(cast: Cast) -> None:
    specialist(cast, share=50)
    participant = drawn(cast, "intervention")
    answer = signed_in(cast.siri).get(f"{API}/caseloads/")
    assert answer.json() == [
        {
            "office": "Nav Moss",
            "people": 0,
            "capacity": 10,
            "waiting": 1,
            "specialists": [{"specialist": "Jon Jobbspesialist", "position_share": 50, "people": 0, "capacity": 10}],
        }
    ]
    assert participant.number not in answer.content.decode()


def test_a_contact_posted_twice_with_its_key_is_one(cast: Cast) -> None:
    number, key = assigned(cast).number, str(uuid4())
    client = signed_in(cast.jon)
    body = {"participant": number, "kind": "phone", "minutes": 10, "key": key}
    for _attempt in range(2):
        answer = client.post(f"{API}/contacts/", body, content_type="application/json")
        assert (answer.status_code, answer.json()["key"]) == (201, key)
    with maintenance():
        assert Contact.objects.count() == 1
    (listed,) = client.get(f"{API}/contacts/").json()["results"]
    assert (listed["participant"], listed["day"]) == (number, "2026-03-02")


def test_a_measure_is_recorded_and_listed_to_the_coordinator_by_number(cast: Cast) -> None:
    number = assigned(cast).number
    body = {"participant": number, "code": "ARBTREN", "start": "2026-02-01"}
    answer = signed_in(cast.jon).post(f"{API}/measures/", body, content_type="application/json")
    assert answer.status_code == 201
    (listed,) = signed_in(cast.coordinator).get(f"{API}/measures/").json()["results"]
    assert listed == body | {"key": listed["key"], "end": None, "provider": ""}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"start": "2026-04-01"}, 422, "in_future"),
        ({"end": "2026-01-01"}, 422, "end_before_start"),
        ({"code": "PRAKSORD"}, 422, "code_not_valid"),
        ({"code": "FINNESIKKE"}, 422, "invalid"),
        ({"start": "i går"}, 422, "invalid"),
        ({"participant": "MOS-2222-2"}, 422, None),
    ],
)
def test_an_impossible_measure_is_a_problem_with_a_code(
    cast: Cast, change: dict[str, str], status: int, code: str | None
) -> None:
    body = {"participant": assigned(cast).number, "code": "ARBTREN", "start": "2026-02-01"} | change
    answer = signed_in(cast.jon).post(f"{API}/measures/", body, content_type="application/json")
    assert answer["Content-Type"] == "application/problem+json"
    if code:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert 400 <= answer.status_code < 500
    with maintenance():
        assert not Measure.objects.exists()


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("outsider", "caseloads", 404),
        ("kari", "caseloads", 403),
        ("coordinator", "caseloads", 200),
        ("coordinator", "contacts", 403),
        ("kari", "contacts", 403),
        ("analyst", "measures", 403),
        ("kari", "measures", 200),
    ],
)
def test_every_list_is_for_those_with_the_right(cast: Cast, user: str, path: str, status: int) -> None:
    assert signed_in(getattr(cast, user)).get(f"{API}/{path}/").status_code == status


def test_another_office_lists_nothing_of_ours(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=30)
    assert signed_in(cast.hanne).get(f"{API}/measures/").json()["results"] == []
