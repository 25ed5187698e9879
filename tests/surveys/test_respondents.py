"""The pages of whoever answers: a code opens them, nothing else does; they save, branch and end without script."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import acting
from tests.surveys.asked import ABILITY, GIVEN, asking, code_for, enrolled, invited, opened_by
from trial.access.planes import maintenance
from trial.surveys.actions import open_waves
from trial.surveys.design import create_instrument, save_item, set_wave
from trial.surveys.guessing import MOST_MISSES
from trial.surveys.instruments import read
from trial.surveys.links import new_code
from trial.surveys.models import Answer, Invitation

pytestmark = pytest.mark.slow


@pytest.fixture
def code(cast):
    asking(cast)
    return code_for(cast, invited(cast))


def text(answer) -> str:
    return answer.content.decode()


def begun(code: str) -> Client:
    client = Client()
    answer = client.get(reverse("surveys:open", args=[code]))
    assert answer.status_code == 302
    assert code.replace("-", "") not in answer.headers["Location"].replace("-", ""), "the code leaves the address"
    return client


def test_a_person_answers_page_by_page_without_script_and_sends(cast, code):
    client = begun(code)
    start = client.get(reverse("surveys:answer_start"))
    assert "Begynn" in text(start)
    assert "no-store" in start.headers["Cache-Control"]
    pages = [{f"{instrument}-{item}": value for (instrument, item), value in part.items()} for part in in_pages()]
    address = reverse("surveys:answer_page", args=[1])
    for page in pages:
        answer = client.post(address, page)
        address = answer.headers["Location"]
    assert address == reverse("surveys:answer_send")
    review = text(client.get(address))
    assert "Vet ikke" in review
    assert client.post(address).headers["Location"] == reverse("surveys:answer_thanks")
    assert "Takk for svarene" in text(client.get(reverse("surveys:answer_thanks")))
    with maintenance():
        assert {(a.instrument, a.item): a.value for a in Answer.objects.all()} == GIVEN
    assert "Vi har fått svarene dine" in text(begun_again(code))


def in_pages():
    yield {ABILITY: GIVEN[ABILITY]}
    yield {key: value for key, value in GIVEN.items() if key[0] == "return_to_work_self_efficacy"}
    yield {key: value for key, value in GIVEN.items() if key[0] == "expected_time_to_work"}


def begun_again(code):
    return Client().get(reverse("surveys:open", args=[code]))


def test_each_answer_is_saved_as_it_is_given(cast, code):
    client = begun(code)
    saved = client.post(reverse("surveys:answer_save", args=[1]), {"work_ability-work_ability": "4"})
    assert "Lagret." in text(saved)
    assert opened_by(code).answers == {ABILITY: "4"}
    bad = client.post(reverse("surveys:answer_save", args=[1]), {"work_ability-work_ability": "44"})
    assert "Ikke lagret" in text(bad)
    assert 'value="4"' in text(client.get(reverse("surveys:answer_page", args=[1])))


def test_a_forged_answer_is_told_at_its_question(cast, code):
    answer = begun(code).post(reverse("surveys:answer_page", args=[1]), {"work_ability-work_ability": "11"})
    assert answer.status_code == 200
    assert "Velg et av svarene." in text(answer)


def test_a_branch_is_skipped_or_asked_by_the_answer_before_it(cast):
    asking(cast)
    with acting(cast.lead):
        own = create_instrument(by=cast.lead, trial=cast.trial, code="own", title_nb="Egne spørsmål")
        choice = [["1", {"nb": "Ja"}], ["2", {"nb": "Nei"}]]
        for item in read(
            [
                {"code": "job", "kind": "choice", "question": {"nb": "Har du jobb?"}, "options": choice},
                {"code": "why", "kind": "text", "question": {"nb": "Hva mangler?"},
                 "shown_if": {"item": "job", "answers": ["2"]}},
            ]
        ):  # fmt: skip
            save_item(by=cast.lead, instrument=own, item=item)
        set_wave(by=cast.lead, trial=cast.trial, code="T1", months=0, window=(0, 21), instruments=["own"])
    participant = enrolled(cast)
    with acting(cast.kari):
        open_waves(by=cast.kari, trial=cast.trial)
        invitation = Invitation.objects.select_related("trial", "office").get(participant=participant)
    client = begun(code_for(cast, invitation))
    first, second = (reverse("surveys:answer_page", args=[number]) for number in (1, 2))
    assert client.post(first, {"own-job": "1"}).headers["Location"] == reverse("surveys:answer_send")
    assert client.post(first, {"own-job": "2"}).headers["Location"] == second
    assert client.post(second, {"own-why": "Transport", "back": "1"}).headers["Location"] == first
    client.post(first, {"own-job": "1"})
    client.post(reverse("surveys:answer_send"))
    with maintenance():
        assert {(a.item, a.value) for a in Answer.objects.exclude(value="")} == {("job", "1")}


@pytest.mark.parametrize("typed", ["", "abc", "7K4Q", "0000-0000-0000-0000"])
def test_a_code_that_cannot_be_one_is_told_at_the_field(db, typed):
    answer = Client().post(reverse("surveys:answer"), {"code": typed})
    assert answer.status_code == 200
    assert "aksel-error-message" in text(answer)


def test_a_code_with_a_slip_in_it_stays_in_the_field_with_a_sentence(cast, code):
    slip = code[:-1] + ("X" if code[-1] != "X" else "W")
    answer = Client().post(reverse("surveys:answer"), {"code": slip})
    assert answer.status_code == 200
    assert "Koden åpner ikke noe spørreskjema. Sjekk at du har skrevet den riktig." in text(answer)
    assert f'value="{slip}"' in answer.content.decode()
    assert "answer" not in answer.cookies


def test_codes_cannot_be_guessed_by_typing_them_for_long(cast, code):
    client, address = Client(), reverse("surveys:answer")
    for _try in range(MOST_MISSES):
        assert "Sjekk at du har skrevet den riktig" in text(client.post(address, {"code": new_code()}))
    assert client.post(address, {"code": code}).status_code == 429


def test_a_code_can_be_typed_in_any_case(cast, code):
    client = Client()
    answer = client.post(reverse("surveys:answer"), {"code": code.lower().replace("-", " ")})
    assert answer.headers["Location"] == reverse("surveys:answer_start")
    cookie = client.cookies["answer"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", reverse("surveys:answer"))


def test_an_expired_link_is_a_sentence(cast, code, simulated_clock):
    simulated_clock.advance(timedelta(days=30))
    answer = begun_again(code)
    assert answer.status_code == 410
    assert "Fristen for å svare gikk ut 23.03.2026" in text(answer)


@pytest.mark.parametrize("name", ["answer_start", "answer_send"])
def test_without_a_code_the_pages_ask_for_it(db, name):
    answer = Client().get(reverse(f"surveys:{name}"))
    assert answer.status_code == 422
    assert "Åpne lenken på nytt, eller skriv inn koden i brevet." in text(answer)
    assert reverse("surveys:answer") in text(answer)


def test_codes_cannot_be_guessed_for_long(cast, code):
    client = Client()
    for _try in range(MOST_MISSES):
        assert client.get(reverse("surveys:open", args=[new_code()])).status_code == 404
    assert client.get(reverse("surveys:open", args=[new_code()])).status_code == 429
    assert client.get(reverse("surveys:open", args=[code])).status_code == 429, "a right one tells nothing either"
    assert Client(REMOTE_ADDR="10.0.0.9").get(reverse("surveys:open", args=[code])).status_code == 302


def test_the_limit_ends_after_a_while(cast, code, simulated_clock):
    client = Client()
    for _try in range(MOST_MISSES):
        client.get(reverse("surveys:open", args=[new_code()]))
    simulated_clock.advance(timedelta(minutes=15))
    assert client.get(reverse("surveys:open", args=[code])).status_code == 302


def test_a_link_opens_the_same_on_a_machine_where_somebody_is_signed_in(cast, code):
    client = Client()
    client.force_login(cast.hanne)
    client.get(reverse("surveys:open", args=[code]))
    page = client.get(reverse("surveys:answer_page", args=[1]))
    assert page.status_code == 200
    assert "Hovedmeny" not in text(page)


def test_a_page_beyond_the_last_leads_back(cast, code):
    client = begun(code)
    assert urlsplit(client.get(reverse("surveys:answer_page", args=[9])).headers["Location"]).path == reverse(
        "surveys:answer_start"
    )
    assert client.post(reverse("surveys:answer_save", args=[9])).status_code == 404


def test_the_pages_are_in_english_too(cast, code):
    client = begun(code)
    client.cookies["language"] = "en"
    assert "Work ability" in text(client.get(reverse("surveys:answer_page", args=[1])))
