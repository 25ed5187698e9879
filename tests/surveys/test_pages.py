"""The pages of the office and of the trial lead: who should answer, letters, typing, and what is asked."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import acting
from tests.surveys.asked import ABILITY, GIVEN, TIME, asking, code_for, enrolled, holding, invited
from trial.surveys.actions import submit, type_answers
from trial.surveys.design import save_item
from trial.surveys.extracts import questionnaires
from trial.surveys.instruments import read
from trial.surveys.models import Answer, Entry, Instrument, Invitation, Wave

pytestmark = pytest.mark.slow
MOST_QUERIES = 12
AROUND = 3  # the test's own transaction: a savepoint, its release, the way back to the plane before


@pytest.fixture
def asked(cast):
    return asking(cast)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(name, *args):
    return reverse(f"surveys:{name}", args=["se-klar", *args])


def fields(answers):
    return {f"{instrument}-{item}": value for (instrument, item), value in answers.items()}


def test_the_list_shows_who_should_answer_and_not_what(asked, django_assert_max_num_queries):
    for _each in range(3):
        invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        submit(by=None, invitation=invitation, answers=GIVEN)
    client = signed_in(asked.kari)
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        page = client.get(at("overview")).content.decode()
    assert page.count("/surveys/") > 2
    assert "33 %" in page
    assert invitation.participant.number not in page, "who has answered is on another tab"
    assert invitation.participant.number in client.get(at("overview") + "?group=all").content.decode()


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("kari", 200),
        ("siri", 200),
        ("coordinator", 200),
        ("jon", 403),
        ("lead", 403),
        ("analyst", 403),
        ("outsider", 404),
    ],
)
def test_the_list_is_for_those_with_the_right(asked, user, status):
    assert signed_in(getattr(asked, user)).get(at("overview")).status_code == status


def test_the_coordinator_sees_numbers_without_names_and_opens_nothing(asked):
    invitation = invited(asked)
    client = signed_in(asked.coordinator)
    page = client.get(at("overview")).content.decode()
    assert invitation.participant.number in page
    assert str(invitation.pk) not in page
    assert client.get(at("invitation", invitation.pk)).status_code == 403


def test_another_office_s_questionnaire_is_not_there(asked):
    invitation = invited(asked)
    client = signed_in(asked.hanne)
    for name in ("invitation", "type_answers"):
        assert client.get(at(name, invitation.pk)).status_code == 404
    for name in ("letter", "send_link"):
        assert client.post(at(name, invitation.pk)).status_code == 404


def test_the_office_opens_waves_prints_a_letter_and_the_code_on_it_works(asked):
    enrolled(asked)
    client = signed_in(asked.kari)
    assert client.post(at("open_waves")).status_code == 302
    with acting(asked.kari):
        invitation = Invitation.objects.get()
    page = client.post(at("letter", invitation.pk)).content.decode()
    code = page.partition("<dt>Kode</dt><dd>")[2].partition("</dd>")[0]
    assert "Hvor mange poeng gir du arbeidsevnen din nå?" in page
    assert Client().get(reverse("surveys:open", args=[code])).status_code == 302
    assert "1 gang, sist" in client.get(at("invitation", invitation.pk)).content.decode()


def test_a_person_without_address_is_told_at_the_button(asked):
    answer = signed_in(asked.kari).post(at("send_link", invited(asked).pk))
    assert answer.status_code == 409
    assert "verken e-post eller mobilnummer" in answer.content.decode()


def test_a_paper_is_typed_twice_and_settled_where_the_two_differ(asked):
    invitation = invited(asked)
    kari, siri, address = signed_in(asked.kari), signed_in(asked.siri), at("type_answers", invitation.pk)
    assert kari.post(address, fields(GIVEN)).status_code == 302
    assert "En kollega må skrive dem inn" in kari.get(at("invitation", invitation.pk)).content.decode()
    assert 'value="7" checked' not in siri.get(address).content.decode(), "the second typing is blind"
    siri.post(address, fields(GIVEN | {ABILITY: "1"}))
    page = siri.get(address).content.decode()
    assert "work_ability-work_ability" in page
    assert "expected_time_to_work" not in page, "only what differs is asked"
    assert siri.post(address, fields({ABILITY: "7"}) | {"deciding": "1"}).status_code == 302
    with acting(asked.kari):
        assert Invitation.objects.get().state == "answered"


def test_what_the_office_can_no_longer_ask_is_told_to_the_office(asked, simulated_clock):
    answered, late = invited(asked), invited(asked)
    with holding(code_for(asked, answered)):
        submit(by=None, invitation=answered, answers=GIVEN)
    client = signed_in(asked.kari)
    assert "Svarene er allerede sendt inn." in client.post(at("letter", answered.pk)).content.decode()
    simulated_clock.advance(timedelta(days=30))
    told = client.post(at("letter", late.pk)).content.decode()
    assert "Fristen for å svare gikk ut 23.03.2026. Har personen levert et papir" in told
    page = client.get(at("invitation", late.pk)).content.decode()
    assert at("letter", late.pk) not in page
    assert at("type_answers", late.pk) in page


@pytest.fixture
def differing(asked):
    """A paper about which two people do not agree."""
    invitation = invited(asked)
    for typist, given in ((asked.kari, GIVEN), (asked.siri, GIVEN | {ABILITY: "1"})):
        signed_in(typist).post(at("type_answers", invitation.pk), fields(given))
    return invitation


def test_a_second_typing_that_comes_twice_decides_nothing(asked, differing):
    client, address = signed_in(asked.siri), at("type_answers", differing.pk)
    again = client.post(address, fields(GIVEN | {ABILITY: "1"}), follow=True)
    assert "De to innskrivingene er ulike. Se på papiret" in again.content.decode()
    with acting(asked.kari):
        assert Invitation.objects.get().state == "differing"


def test_a_question_passed_over_is_not_settled_as_unanswered_but_may_be_chosen_so(asked, differing):
    client, address = signed_in(asked.siri), at("type_answers", differing.pk)
    assert "Du må velge: " in client.post(address, {"deciding": "1"}).content.decode()
    assert client.post(address, fields({ABILITY: "not_answered"}) | {"deciding": "1"}).status_code == 302
    with acting(asked.kari):
        agreed = Answer.objects.filter(entry=Entry.AGREED).values_list("instrument", flat=True)
        assert ABILITY[0] not in agreed
        assert len(agreed) == len(GIVEN) - 1


def test_what_differs_is_asked_in_the_reader_s_language(asked, differing):
    client = signed_in(asked.siri)
    client.cookies["language"] = "en"
    page = client.get(at("type_answers", differing.pk)).content.decode()
    assert "How many points do you give your work ability now?" in page
    assert "Hvor mange poeng" not in page


def test_a_person_s_extract_tells_what_was_typed_in_the_words_of_the_questions(asked, differing):
    with acting(asked.kari):
        asked_of, typed = questionnaires(differing.participant)
    assert len(asked_of.table) == 1
    rows = [row for row in typed.table if row[1] == "Når tror du at du er i ordinært arbeid?"]
    assert rows == [["T1", rows[0][1], "Vet ikke", entry] for entry in ("Første innskriving", "Andre innskriving")]


def test_a_forged_value_from_paper_is_told_at_its_question(asked):
    answer = signed_in(asked.kari).post(at("type_answers", invited(asked).pk), fields({TIME: "9"}))
    assert answer.status_code == 200
    assert "Velg et av svarene." in answer.content.decode()


def test_the_participant_s_page_shows_the_waves(asked):
    invitation = invited(asked)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=invitation, answers=GIVEN)
    number = invitation.participant.number
    page = signed_in(asked.kari).get(reverse("enrolment:participant", args=["se-klar", number])).content.decode()
    assert at("invitation", invitation.pk) in page
    assert "Papir skrevet inn én gang" in page


def test_a_lead_takes_over_the_study_s_forms_once(cast):
    client = signed_in(cast.lead)
    assert "Begynn med skjemaene" in client.get(at("plan")).content.decode()
    assert client.post(at("use_standard")).status_code == 302
    page = client.get(at("plan")).content.decode()
    assert "etter 18 måneder" in page
    assert client.post(at("use_standard")).status_code == 409


def test_a_lead_writes_a_form_with_a_branch_and_asks_it_in_a_wave(cast):
    client = signed_in(cast.lead)
    client.post(at("new_instrument"), {"title_nb": "Bolig", "title_en": "Housing", "code": "housing"})
    new = at("new_item", "housing")
    scale = {"question": "Hvor fornøyd er du?", "kind": "scale", "low": "1", "high": "5", "code": "satisfied"}
    assert client.post(new, scale).status_code == 302
    choice = {"question": "Leier du?", "kind": "choice", "options": "Ja\nNei", "do_not_know": "on", "code": "rents"}
    assert client.post(new, choice).status_code == 302
    branch = {"question": "Av hvem?", "kind": "text", "shown_if_item": "rents", "shown_if_answers": "1"}
    assert client.post(new, branch).status_code == 302
    page = client.get(at("instrument", "housing")).content.decode()
    assert "når rents er 1" in page
    assert client.post(at("remove", "housing", "rents")).status_code == 422, "the branch depends on it"
    changed = scale | {"high": "7"}
    assert client.post(at("item", "housing", "satisfied"), changed).status_code == 302
    sent = {"months": "6", "opens_before": "0", "closes_after": "20", "reminders": "5", "instruments": "housing"}
    assert client.post(at("wave", "T2"), sent).status_code == 302
    with acting(cast.lead):
        wave = Wave.objects.get()
        assert (wave.code, wave.months, wave.closes_after, wave.reminders) == ("T2", 6, 20, [5])
        assert [item.high for item in Instrument.objects.get().questions] == [7, 0, 0]


def test_a_new_question_takes_the_place_of_no_other(asked):
    client, new = signed_in(asked.lead), at("new_item", "work_ability")
    long = "Hvor fornøyd er du med oppfølgingen du fikk fra "
    for question in (long + "Nav?", long + "legen?", "?!", "??", "Ja?"):
        assert client.post(new, {"question": question, "kind": "text"}).status_code == 302
    taken = client.post(new, {"question": "Enda en?", "kind": "text", "code": "ja"})
    assert "To spørsmål kan ikke ha samme kode." in taken.content.decode()
    assert client.get(at("instrument", "work_ability")).status_code == 200
    with acting(asked.lead):
        questions = Instrument.objects.get(code="work_ability").questions
    assert [item.question["nb"] for item in questions[1:]] == [long + "Nav?", long + "legen?", "?!", "??", "Ja?"]
    assert [item.code for item in questions[3:]] == ["question", "question-2", "ja"]


def test_two_who_write_questions_at_once_lose_none(asked):
    with acting(asked.lead):
        one, other = (Instrument.objects.get(code="work_ability") for _each in range(2))
        assert len(one.questions) == len(other.questions) == 1
        for instrument, code in ((one, "first"), (other, "second")):
            item = read([{"code": code, "kind": "text", "question": {"nb": "Noe mer?"}}])[0]
            save_item(by=asked.lead, instrument=instrument, item=item)
        assert [item.code for item in Instrument.objects.get(pk=one.pk).questions] == [
            "work_ability",
            "first",
            "second",
        ]


def test_a_changed_question_keeps_the_english_words_at_its_ends(asked):
    client, address = signed_in(asked.lead), at("item", "work_ability", "work_ability")
    sent = client.get(address).context["form"].initial
    changed = {name: value for name, value in sent.items() if value and name != "shown_if_item"}
    assert client.post(address, changed | {"low": "0", "question": "Hvor mange poeng?"}).status_code == 302
    with acting(asked.lead):
        item = Instrument.objects.get(code="work_ability").questions[0]
    assert item.question["nb"] == "Hvor mange poeng?"
    assert [words["en"] for words in item.ends or ()] == ["Cannot work now", "Work ability at its best"]


def test_an_instrument_that_a_wave_asks_keeps_a_question(asked):
    answer = signed_in(asked.lead).post(at("remove", "work_ability", "work_ability"))
    assert "Det må ha minst ett spørsmål" in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            {"kind": "scale", "low": "1", "high": "5", "low_words": "Dårlig"},
            "Skriv ord ved begge tallene, eller ingen.",
        ),
        ({"kind": "text", "shown_if_answers": "1"}, "Velg spørsmålet som svarene hører til."),
        ({"kind": "scale", "low": "5", "high": "5"}, "1 til 20 over det laveste"),
        ({"kind": "choice", "options": "Ja"}, "minst to svar"),
        ({"kind": "choice", "options": "Ja\nNei", "options_en": "Yes"}, "like mange linjer på engelsk"),
        ({"kind": "text", "shown_if_item": "work_ability", "shown_if_answers": "11"}, "Velg et tidligere spørsmål"),
        ({"kind": "text", "question": "ring 130972 48022"}, "Fødselsnummer kan ikke skrives her"),
    ],
)
def test_what_cannot_be_asked_is_told_at_the_form(asked, sent, sentence):
    page = signed_in(asked.lead).post(at("new_item", "work_ability"), {"question": "Nytt?", "code": "new"} | sent)
    assert page.status_code == 200
    assert sentence in page.content.decode()


@pytest.mark.parametrize(
    ("code", "sent", "sentence"),
    [
        ("T2", {"months": "13"}, "Rundene må komme etter hverandre i tid."),
        ("T2", {"reminders": "7, x"}, "Skriv dager som hele tall"),
        ("T2", {"reminders": "7, 21"}, "En påminnelse må komme før runden stenger."),
        ("T2", {"instruments": []}, "Du må velge: Skjemaer"),
    ],
)
def test_a_wave_that_cannot_be_is_told_at_the_form(asked, code, sent, sentence):
    filled = {"months": "4", "opens_before": "0", "closes_after": "20", "reminders": "", "instruments": "work_ability"}
    page = signed_in(asked.lead).post(at("wave", code), filled | sent)
    assert page.status_code == 200
    assert sentence in page.content.decode()


def test_there_is_no_fifth_wave(asked):
    assert signed_in(asked.lead).get(at("wave", "T5")).status_code == 404


def test_what_somebody_has_been_asked_is_not_changed_any_more(asked):
    invited(asked)
    client = signed_in(asked.lead)
    item = {"question": "Nytt?", "kind": "text"}
    assert "De kan ikke endres" in client.post(at("new_item", "work_ability"), item).content.decode()
    wave = {"months": "1", "opens_before": "0", "closes_after": "9", "reminders": "", "instruments": "work_ability"}
    assert "Runden har begynt" in client.post(at("wave", "T1"), wave).content.decode()


@pytest.mark.parametrize("user", ["kari", "coordinator", "analyst"])
def test_only_who_leads_the_trial_says_what_is_asked(asked, user):
    client = signed_in(getattr(asked, user))
    assert client.get(at("plan")).status_code == 403
    assert client.post(at("use_standard")).status_code == 403


def test_a_name_that_the_access_service_hides_does_not_look_erased(asked, settings):
    invited(asked)
    settings.ACCESS_SERVICE_URL = "http://127.0.0.1:9"
    page = signed_in(asked.kari).get(at("overview")).content.decode()
    assert "Skjult i tilgangskontrollen" in page
    assert "Slettet" not in page
