"""The person's extract holds the draw and the whole follow-up; opening the follow-up is a display of the person."""

import json

import pytest
from django.test import Client

from tests.cast import acting
from tests.followup.people import assigned
from trial.access.planes import maintenance
from trial.audit import clock
from trial.enrolment.models import Display
from trial.followup.actions import log_contact, mark_principles, record_measure

pytestmark = pytest.mark.slow


@pytest.fixture
def followed(cast):
    """Someone with a specialist, a contact, a measure and a principle of IPS, marked and taken back."""
    participant = assigned(cast)
    with acting(cast.jon):
        log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=45, note="Vil jobbe på lager")
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=clock.today(), provider="Byggmester")
        mark_principles(by=cast.jon, participant=participant, principles=["choice"], note="Sa det selv i møtet")
        mark_principles(by=cast.jon, participant=participant, principles=[])
    return participant


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_everything_that_rooms_above_hold_stands_in_the_extract(cast, followed):
    path = f"/trials/se-klar/participants/{followed.number}/extract.json"
    parts = {part["heading"]: part for part in json.loads(client_of(cast.kari).post(path).content)["sections"]}
    assert parts["Loddtrekning"]["values"]["Gruppe"] == "Intervensjonsgruppe"
    assert parts["Jobbspesialister"]["rows"][0]["Jobbspesialist"] == "Jon Jobbspesialist"
    assert parts["Kontakter"]["rows"][0]["Notat"] == "Vil jobbe på lager"
    assert parts["Kontakter"]["rows"][0]["Skrevet av"] == "Jon Jobbspesialist"
    assert parts["Tiltak"]["rows"][0]["Arrangør"] == "Byggmester"
    assert parts["Tiltak"]["rows"][0]["Tiltak"] == "Arbeidstrening (ARBTREN)"
    assert parts["De åtte prinsippene i IPS"]["rows"] == [
        {
            "Prinsipp": "Personen har selv valgt å delta",
            "Dag": "02.03.2026",
            "Notat": "Sa det selv i møtet",
            "Skrevet av": "Jon Jobbspesialist",
            "Merket av nå": "Nei",
        }
    ]
    assert "Jobber" not in parts, "what there is nothing of is left out"


def test_opening_the_follow_up_is_one_display(cast, followed):
    answer = client_of(cast.jon).get(f"/trials/se-klar/participants/{followed.number}/follow-up/")
    assert answer.status_code == 200
    with maintenance():
        assert list(Display.objects.values_list("what", "user__display_name")) == [("follow_up", "Jon Jobbspesialist")]
