"""Nav's access service: nobody whom it denies is shown, and when it does not answer as it should, nobody at all."""

from html import unescape

import pytest
from django.test import Client

from tests.cast import acting
from tests.factories import checked, consented, synthetic_person
from tests.identity import access_server
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.enrolment.actions import register_person, save_person_draft
from trial.enrolment.models import Display, Participant
from trial.enrolment.queries import matching, names_for
from trial.identity.access_service import permitted, require_access
from trial.identity.models import IdentityRecord, Person

pytestmark = pytest.mark.slow

NORA = synthetic_person(3)
CODE_6 = "AVVIST_STRENGT_FORTROLIG_ADRESSE"


@pytest.fixture
def service(settings):
    with access_server.running() as server:
        settings.ACCESS_SERVICE_URL = server.url
        settings.ACCESS_SERVICE_TOKEN = "token"
        settings.ACCESS_SERVICE_SECONDS = 0.5
        yield server


@pytest.fixture
def kari(cast):
    User.objects.filter(pk=cast.kari.pk).update(nav_ident="Z990001")
    cast.kari.nav_ident = "Z990001"
    return cast.kari


def page_of(user, path):
    client = Client()
    client.force_login(user)
    response = client.get(f"/trials/se-klar/participants/{path}")
    return response.status_code, unescape(response.content.decode())


def refused(user, national_id=NORA.national_id):
    with pytest.raises(Refusal) as answer:
        require_access(user, national_id)
    return answer.value.code


def test_it_is_asked_by_ident_with_the_number_in_the_body_only(service, kari):
    require_access(kari, NORA.national_id)
    assert service.asked == [("/api/v1/ccf/komplett/Z990001", NORA.national_id, "Bearer token")]


def test_without_an_address_nobody_is_asked(settings, kari):
    assert settings.ACCESS_SERVICE_URL == ""
    require_access(kari, NORA.national_id)
    assert permitted(kari, {NORA.national_id}) == {NORA.national_id}


def test_whom_it_denies_is_not_shown_and_why_is_not_said(service, cast, kari):
    participant = consented(cast, person=NORA)
    service.denied = {NORA.national_id: CODE_6}
    status, page = page_of(kari, f"{participant.number}/")
    assert status == 403
    assert "ikke tilgang til denne personen" in page
    assert NORA.name not in page
    assert "adresse" not in page.lower()
    with maintenance():
        assert Display.objects.count() == 0


def test_control_whom_it_allows_is_shown(service, cast, kari):
    participant = consented(cast, person=NORA)
    status, page = page_of(kari, f"{participant.number}/")
    assert status == 200
    assert NORA.name in page


def test_whom_it_denies_cannot_be_registered_and_nothing_is_kept(service, cast, kari):
    check = checked(cast)
    service.denied = {NORA.national_id: CODE_6}
    with pytest.raises(Refusal, match="access_denied"), acting(kari):
        register_person(by=kari, check=check, person=NORA)
    with maintenance():
        assert not IdentityRecord.objects.exists()
        assert not Participant.objects.exists()


def test_a_list_leaves_out_the_names_of_the_denied(service, cast, kari):
    nora, other = consented(cast, person=NORA), consented(cast, person=synthetic_person(4))
    service.denied = {NORA.national_id: CODE_6}
    with acting(kari):
        assert set(names_for(kari, cast.trial, [nora.key, other.key])) == {other.key}
    _status, page = page_of(kari, "")
    assert NORA.name not in page
    assert synthetic_person(4).name in page


@pytest.mark.parametrize("mood", ["well", "error"])
def test_a_name_that_is_not_shown_does_not_look_erased(service, cast, kari, mood):
    consented(cast, person=NORA)
    draft = checked(cast)
    with acting(kari):
        save_person_draft(by=kari, check=draft, person=synthetic_person(4))
    service.denied = {NORA.national_id: CODE_6, synthetic_person(4).national_id: CODE_6}
    service.mood = mood
    _status, page = page_of(kari, "")
    assert page.count("Skjult i tilgangskontrollen") == 2
    assert "Slettet" not in page
    assert "Ikke skrevet ennå" not in page


def test_nobody_is_found_by_name_or_number_whom_it_denies(service, cast, kari):
    nora, other = (
        consented(cast, person=NORA),
        consented(cast, person=Person(NORA.name, synthetic_person(4).national_id)),
    )
    service.denied = {NORA.national_id: CODE_6}
    with acting(kari):
        assert matching(kari, cast.trial, NORA.name) == [other]
        assert matching(kari, cast.trial, nora.number) == [nora], "a number says nothing of who it is"
        with pytest.raises(Refusal, match="access_denied"):
            matching(kari, cast.trial, NORA.national_id)
        service.denied = {}
        assert set(matching(kari, cast.trial, NORA.name)) == {nora, other}


@pytest.mark.parametrize("mood", ["slow", *access_server.BROKEN])
def test_when_it_does_not_answer_as_it_should_nobody_is_shown(service, cast, kari, mood):
    participant = consented(cast, person=NORA)
    service.mood = mood
    assert refused(kari) == "access_not_answered"
    assert permitted(kari, {NORA.national_id}) == frozenset()
    status, page = page_of(kari, f"{participant.number}/")
    assert status == 503
    assert NORA.name not in page
    with acting(kari):
        assert names_for(kari, cast.trial, [participant.key]) == {}


def test_when_it_is_not_there_nobody_is_shown(settings, kari):
    settings.ACCESS_SERVICE_URL = "http://127.0.0.1:9"
    assert refused(kari) == "access_not_answered"
    assert permitted(kari, {NORA.national_id}) == frozenset()


def test_it_is_never_followed_to_another_address(service, kari):
    service.mood = "moved"
    refused(kari)
    assert [path for path, _body, _token in service.asked] == ["/api/v1/ccf/komplett/Z990001"]


def test_a_list_holds_nobody_whom_it_answers_for_without_being_asked(service, kari, monkeypatch):
    monkeypatch.setattr(service, "answer", lambda *_asked: (207, b'{"resultater": [{"brukerId": "1", "status": 204}]}'))
    assert permitted(kari, {NORA.national_id}) == frozenset()


def test_who_has_no_ident_sees_nobody(service, cast):
    assert refused(cast.kari) == "nav_ident_missing"
    assert service.asked == []


def test_half_a_number_is_nobodys_and_nobody_is_asked(service, cast, kari):
    """Somebody went away in the middle of a number: whoever goes on finds the registration, and what was typed."""
    check = checked(cast)
    with acting(kari):
        save_person_draft(by=kari, check=check, person=Person("Nora Halvveis", "130972"))
        assert names_for(kari, cast.trial, [check.key]) == {check.key: "Nora Halvveis"}
    status, page = page_of(kari, f"new/{check.key}/person/")
    assert status == 200
    assert 'value="130972"' in page
    assert service.asked == []
