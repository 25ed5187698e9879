"""The home of each role: what waits, where one may go; the overview and the log of a trial; the drawn life cycles."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.allocation.trials import DrawCast, drawing, proposed
from tests.cast import Cast, acting
from tests.factories import consented, registered
from tests.followup.people import assigned, drawn
from tests.surveys.asked import GIVEN, asking, invited
from trial.audit.clock import SimulatedClock
from trial.config.management.commands.states import LIVES, PAGE, diagram, page
from trial.home.deeds import DEEDS
from trial.home.waiting import waiting_for
from trial.surveys.actions import type_answers

MOST_QUERIES = 12
# The test's own transaction adds a savepoint, its release and the way back to the plane before.
AROUND = 3
ROLES = ("lead", "kari", "jon", "siri", "researcher", "coordinator", "data_manager", "analyst", "checker", "auditor")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def drawing_cast(db: None, simulated_clock: SimulatedClock) -> DrawCast:
    """A trial whose researcher draws."""
    return drawing()


def waits(cast: Cast, name: str) -> dict[str, int]:
    user = getattr(cast, name)
    with acting(user):
        return {each.label: each.number for each in waiting_for(user, cast.trial)}


def test_a_caseworker_sees_who_is_under_way(cast: Cast) -> None:
    registered(cast)
    consented(cast)
    consented(cast)
    consented(cast, by=cast.hanne, office=cast.hurum)
    assert waits(cast, "kari") == {
        "Registrert uten samtykke": 1,
        "Klare til å meldes inn": 2,
        "Venter på loddtrekning": 0,
    }


def test_an_office_sees_the_questionnaires_that_wait(cast: Cast) -> None:
    asked = asking(cast)
    labels = ("Papirsvar å skrive inn en gang til", "Spørreskjemaer som venter på svar")
    assert not set(labels) & set(waits(asked, "kari"))
    invitation, _other = invited(asked), invited(asked)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=invitation, answers=GIVEN)
    assert [waits(asked, "kari")[label] for label in labels] == [1, 1]
    assert not set(labels) & set(waits(asked, "hanne")), "those of another office"


def test_a_supervisor_sees_who_has_no_specialist(cast: Cast) -> None:
    drawn(cast, "intervention")
    drawn(cast, "control")
    assert waits(cast, "siri") == {"Venter på jobbspesialist": 1}


def test_a_specialist_sees_whom_nobody_has_been_in_contact_with(cast: Cast, simulated_clock: SimulatedClock) -> None:
    assigned(cast)
    assert waits(cast, "jon") == {"I porteføljen din": 1, "Ikke kontaktet på 30 dager": 0}
    simulated_clock.advance(timedelta(days=31))
    assert waits(cast, "jon") == {"I porteføljen din": 1, "Ikke kontaktet på 30 dager": 1}


def test_a_researcher_sees_how_many_numbers_wait(drawing_cast: DrawCast) -> None:
    for person in drawing_cast.people(2):
        drawing_cast.enrol(person)
    assert waits(drawing_cast.cast, "researcher") == {"Numre å trekke for": 2}
    drawing_cast.draw()
    assert waits(drawing_cast.cast, "researcher") == {"Numre å trekke for": 0}


def test_the_second_lead_is_asked_to_lock_and_the_first_is_not(drafted_cast: Cast) -> None:
    proposed(drafted_cast)
    assert waits(drafted_cast, "lead") == {"Protokollforslag å ta stilling til": 0}
    assert waits(drafted_cast, "second_lead") == {"Protokollforslag å ta stilling til": 1}


def test_those_who_work_with_data_see_what_they_decide(cast: Cast) -> None:
    assert waits(cast, "data_manager") == {"Leveranser å ta stilling til": 0}
    assert waits(cast, "analyst") == {"Kjøringer i gang": 0, "Kjøringer som kan frigis": 0}
    assert waits(cast, "checker") == {"Resultater å kontrollere": 0}


@pytest.mark.parametrize("name", ROLES)
def test_every_role_has_a_home_an_overview_and_places_to_go(
    drawing_cast: DrawCast, name: str, django_assert_max_num_queries
) -> None:
    client = signed_in(getattr(drawing_cast.cast, name))
    for address in ("/", "/trials/se-klar/"):
        with django_assert_max_num_queries(MOST_QUERIES + AROUND):
            answer = client.get(address)
        assert answer.status_code == 200
        assert answer.context["navigation"]
    for place in answer.context["navigation"]:
        assert client.get(place["url"]).status_code == 200, place


def test_the_page_at_hand_is_marked_in_the_navigation(cast: Cast) -> None:
    places = signed_in(cast.siri).get("/trials/se-klar/caseloads/").context["navigation"]
    assert [place["label"] for place in places if place["active"]] == ["Porteføljer"]


def test_an_outsider_has_a_home_and_nothing_more(cast: Cast) -> None:
    client = signed_in(cast.outsider)
    assert "Du er ikke med i noe forsøk" in client.get("/").content.decode()
    assert client.get("/trials/se-klar/").status_code == 404
    assert [place["label"] for place in client.get("/").context["navigation"]] == ["Forsøk"]


def test_strangers_are_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/")["Location"].startswith("/account/login/")


def test_the_lead_is_told_the_next_step(cast: Cast) -> None:
    assert "avslutt den når alle er meldt inn" in signed_in(cast.lead).get("/trials/se-klar/").content.decode()


def test_only_the_auditor_reads_the_log(cast: Cast) -> None:
    participant = registered(cast)
    address = reverse("home:audit", args=["se-klar"])
    page = signed_in(cast.auditor).get(address).content.decode()
    assert "Person registrert" in page
    assert participant.number in page
    assert signed_in(cast.kari).get(address).status_code == 403


def test_the_auditor_reads_what_concerns_one_participant_or_one_day(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    first, second = registered(cast), registered(cast)
    client, address = signed_in(cast.auditor), reverse("home:audit", args=["se-klar"])

    def found(**asked: str) -> set[str]:
        return {event.subject for event in client.get(address, asked).context["page"]}

    assert found(subject=first.number.lower()) == {first.number}
    assert found(verb="person_registered", actor=cast.kari.username) == {first.number, second.number}
    assert found(verb="person_registered", actor=cast.lead.username) == set()
    assert found(since="03.03.2026") == set()
    assert second.number in found(since="02.03.2026", until="02.03.2026")
    assert "gyldig dato" in client.get(address, {"since": "i går"}).content.decode()


def test_every_deed_has_its_words() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (settings.ROOT / "trial").glob("**/*.py"))
    verbs = set(re.findall(r"verb=\"([a-z_]+)\"", sources))
    verbs |= set(re.findall(r"verb=\"[a-z_]+\" if .* else \"([a-z_]+)\"", sources))
    verbs |= {f"participant_{state}" for state in ("allocated", "withdrawn")}
    assert len(verbs) > 80
    assert verbs - set(DEEDS) == set()


def test_the_drawn_life_cycles_are_those_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run manage.py states --write"


def test_a_changed_table_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: one transition more, and the committed page is no longer the drawn one."""
    module = LIVES["Deltaker (participant)"]
    first, *_others, last = module.TRANSITIONS
    monkeypatch.setitem(module.TRANSITIONS, last, frozenset({first}))
    assert diagram(module) not in PAGE.read_text(encoding="utf-8")


def test_the_command_prints_the_diagrams(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("states")
    assert capsys.readouterr().out.count("stateDiagram-v2") == len(LIVES)
