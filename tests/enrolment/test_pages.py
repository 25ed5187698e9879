"""The list, the search, the participant's page, withdrawal: who sees what, and at what cost."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import acting
from tests.factories import checked, consented, registered, synthetic_person
from trial.enrolment import actions, sections
from trial.enrolment.models import Participant
from trial.identity.models import Person
from trial.identity.queries import person_of

pytestmark = pytest.mark.slow


def body(response):
    return unescape(response.content.decode())


def said(response, number):
    """A page without the number asked for and without the token that differs each time."""
    return re.sub(r'"X-CSRFToken": "\w+"|value="\w{64}"', "", body(response)).replace(number, "")


def test_the_list_shows_the_own_offices_people_by_number_and_name(office, cast):
    nora, other = Person("Nora Testvik", synthetic_person(3).national_id), synthetic_person(4)
    here = registered(cast, person=nora)
    there = registered(cast, by=cast.hanne, office=cast.hurum, person=other)
    page = body(office.get())
    assert here.number in page
    assert "Nora Testvik" in page
    assert there.number not in page
    assert other.name not in page


@pytest.mark.parametrize("who", ["coordinator"])
def test_the_trial_plane_sees_every_number_and_no_name(at, cast, who):
    people = [consented(cast), consented(cast, by=cast.hanne, office=cast.hurum)]
    pages = at(getattr(cast, who))
    for page in (body(pages.get()), *(body(pages.get(f"{person.number}/")) for person in people)):
        for person in people:
            with acting(cast.kari if person.office == cast.moss else cast.hanne):
                assert person_of(person.key).name not in page
    assert all(person.number in body(pages.get()) for person in people)


@pytest.mark.parametrize("who", ["researcher", "lead", "analyst", "auditor"])
def test_roles_without_participants_get_none(at, cast, who):
    consented(cast)
    assert at(getattr(cast, who)).get().status_code == 403


def test_an_outsider_does_not_learn_that_the_trial_exists(at, cast):
    assert at(cast.outsider).get().status_code == 404


def test_the_list_and_the_page_take_few_queries_however_many_people(office, cast):
    for serial in range(12):
        consented(cast, person=synthetic_person(serial))
        checked(cast)
    with acting(cast.kari):
        number = Participant.objects.first().number
    for path in ("", f"{number}/"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert office.get(path).status_code == 200
        asked = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"] and "set_config" not in q["sql"]]
        assert len(asked) <= 12, "\n".join(asked)


def test_groups_narrow_the_list_and_are_counted(office, cast):
    one, two = registered(cast), consented(cast)
    with acting(cast.kari):
        actions.mark_enrolled(by=cast.kari, participant=two)
    page = body(office.get("?group=waiting"))
    assert two.number in page
    assert one.number not in page
    assert "Venter på loddtrekning (1)" in page
    assert office.get("?group=nonsense&page=99").status_code == 200


def test_the_list_is_paged(office, cast):
    numbers = [registered(cast).number for _ in range(27)]
    first, second = body(office.get()), body(office.get("?page=2"))
    assert sum(number in first for number in numbers) == 25
    assert sum(number in second for number in numbers) == 2


def test_a_search_by_number_name_or_national_id_leads_to_the_page(office, cast):
    person = synthetic_person(11)
    participant = registered(cast, person=person)
    for text in (participant.number.lower().replace("-", ""), person.name.upper(), person.national_id):
        response = office.post("search/", {"q": text})
        assert response.status_code == 302, text
        assert response.url.endswith(f"/{participant.number}/")


def test_a_search_finds_several_or_nobody(office, cast):
    for serial in (0, 8):
        registered(cast, person=synthetic_person(serial))
    assert body(office.post("search/", {"q": "Nora"})).count("MOS-") >= 2
    assert "Ingen treff" in body(office.post("search/", {"q": "Ukjent"}))
    assert "Ingen treff" in body(office.post("search/", {"q": ""}))


def test_a_search_never_reaches_another_office(at, cast):
    person = synthetic_person(12)
    participant = registered(cast, person=person)
    for text in (participant.number, person.name, person.national_id):
        assert "Ingen treff" in body(at(cast.hanne).post("search/", {"q": text}))


def test_a_search_in_the_address_is_not_answered(office):
    assert office.get("search/?q=Nora").url == "/trials/se-klar/participants/"


def test_the_page_shows_person_consents_and_case_line(office, cast):
    participant = consented(cast)
    page = body(office.get(f"{participant.number}/"))
    with acting(cast.kari):
        person = person_of(participant.key)
    for text in (person.name, "Perm 1", "Samtykke gitt til versjon 1", "Har samtykket", "Fortsett registreringen"):
        assert text in page


def test_another_offices_participant_is_as_unknown_as_nobody(at, cast):
    participant = consented(cast)
    hanne = at(cast.hanne)
    other, nobody = hanne.get(f"{participant.number}/"), hanne.get("MOS-7K4Q-3/")
    assert (other.status_code, nobody.status_code) == (404, 404)
    assert said(other, participant.number) == said(nobody, "MOS-7K4Q-3")


def test_a_mistyped_number_is_told_apart_from_an_unknown_one(office):
    response = office.get("MOS-7K4Q-4/")
    assert response.status_code == 422
    assert "Kontrollsifferet" in body(response)


def test_rooms_above_fill_their_sections(office, cast, monkeypatch, settings):
    monkeypatch.setattr(sections, "_contributors", [])
    sections.register(lambda user, who: None)
    sections.register(lambda user, who: sections.Section("Gruppe", "components/tag.html", {"text": "x"}))
    page = body(office.get(f"{consented(cast).number}/"))
    assert "Gruppe" in page


def test_a_withdrawal_takes_one_page_and_offers_only_what_goes_further(office, cast):
    participant = consented(cast)
    path = f"{participant.number}/withdrawal/"
    assert body(office.get(path)).count('type="radio"') == 3
    assert "Du må rette disse feilene" in body(office.post(path, {"meaning": ""}))
    assert office.post(path, {"meaning": "new_data"}).status_code == 302
    assert body(office.get(path)).count('type="radio"') == 1
    assert "Det er allerede registrert at personen har trukket seg" in body(office.post(path, {"meaning": "new_data"}))
    assert office.post(path, {"meaning": "follow_up"}).status_code == 200
    assert office.post(path, {"meaning": "everything"}).status_code == 302
    page = body(office.get(f"{participant.number}/"))
    assert "Navn og fødselsnummer er slettet" in page
    assert "withdrawal/" not in page


def test_a_specialist_sees_the_person_and_cannot_withdraw_the_consent(at, cast):
    participant = consented(cast)
    jon = at(cast.jon)
    assert "withdrawal/" not in body(jon.get(f"{participant.number}/"))
    assert jon.get(f"{participant.number}/withdrawal/").status_code == 403


def test_a_new_form_version_is_announced_on_the_page(office, cast):
    participant = consented(cast)
    with acting(cast.lead):
        actions.publish_consent_form(by=cast.lead, trial=cast.trial, text={"nb": "Ny"}, covers=[])
    assert "Samtykkeskjemaet er endret" in body(office.get(f"{participant.number}/"))
