"""The page with criteria and consent forms: read by everyone in the trial, changed by its leads."""

from html import unescape

import pytest
from django.test import Client

from tests.cast import acting
from trial.enrolment.models import ConsentForm
from trial.studies.actions import move_trial
from trial.studies.states import TrialState

pytestmark = pytest.mark.slow
HERE = "/trials/se-klar/conditions/"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def body(response):
    return unescape(response.content.decode())


@pytest.mark.parametrize("who", ["kari", "coordinator", "researcher", "analyst", "auditor"])
def test_everyone_in_the_trial_reads_criteria_and_forms(cast, who):
    page = body(client_of(getattr(cast, who)).get(HERE))
    assert "Har personen nedsatt arbeidsevne?" in page
    assert cast.form.sha256 in page
    assert "Publiser" not in page


def test_a_lead_sets_the_criteria_while_the_trial_is_planned(drafted_cast):
    cast, lead = drafted_cast, client_of(drafted_cast.lead)
    assert "Ønsker personen ordinært arbeid?" in body(lead.get(f"{HERE}criteria/"))
    answer = lead.post(
        f"{HERE}criteria/", {"yes": "Er personen over 18 år?\n\nBor personen i Moss?", "no": "Er personen i arbeid?"}
    )
    assert answer.status_code == 302
    with acting(cast.lead):
        set_now = [(criterion.code, criterion.required) for criterion in cast.trial.criteria.all()]
    assert set_now == [("er-personen-over-18-ar", True), ("bor-personen-i-moss", True), ("er-personen-i-arbeid", False)]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"yes": ""}, "Skriv minst ett spørsmål"),
        ({"yes": "Er det slik?\nEr det slik?"}, "To spørsmål er for like"),
        ({"yes": "En?\nTo?", "yes_en": "One?"}, "like mange linjer på engelsk"),
        ({"no": "Er det slik? " + "x" * 200}, "Et spørsmål kan ha høyst 200 tegn"),
        ({"yes": "Er 13097248022 med?"}, "Fødselsnummer kan ikke skrives her"),
    ],
)
def test_unusable_criteria_are_refused_at_the_field(drafted_cast, given, sentence):
    assert sentence in body(client_of(drafted_cast.lead).post(f"{HERE}criteria/", given))


def test_criteria_stand_once_the_protocol_is_locked(cast):
    page = client_of(cast.lead).post(f"{HERE}criteria/", {"yes": "Noe nytt?"})
    assert "Protokollen er låst" in body(page)
    with acting(cast.lead):
        assert cast.trial.criteria.count() == 3


def test_a_lead_publishes_a_new_version(cast):
    lead = client_of(cast.lead)
    given = {"text_nb": "Ny tekst", "covers": ["employment"], "optional": ["later_contact"]}
    given |= {"variables-employment": "start: Når jobben begynte"}
    assert lead.post(f"{HERE}consent-form/", given).status_code == 302
    with acting(cast.lead):
        newest = ConsentForm.objects.first()
    assert (newest.version, newest.covers, newest.optional) == (2, ["employment", "later_contact"], ["later_contact"])
    assert "Versjon 2" in body(lead.get(HERE))


def test_an_archived_trial_gets_no_new_form(cast):
    with acting(cast.lead):
        for state in (TrialState.CLOSED, TrialState.DATA_LOCKED, TrialState.OPENED, TrialState.ARCHIVED):
            move_trial(by=cast.lead, trial=cast.trial, to=state, verb="moved")
    lead = client_of(cast.lead)
    assert "Publiser en ny versjon" not in body(lead.get(HERE))
    page = body(lead.post(f"{HERE}consent-form/", {"text_nb": "Ny tekst", "covers": ["survey"]}))
    assert "Forsøket er arkivert" in page


def test_a_form_without_text_is_refused(cast):
    assert "Tekst på bokmål må fylles ut" in body(client_of(cast.lead).post(f"{HERE}consent-form/", {"text_nb": ""}))


@pytest.mark.parametrize("path", ["criteria/", "consent-form/"])
def test_nobody_else_changes_them(cast, path):
    assert client_of(cast.kari).get(f"{HERE}{path}").status_code == 403
    assert client_of(cast.outsider).get(f"{HERE}{path}").status_code == 404
