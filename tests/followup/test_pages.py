"""The pages of follow-up: who gets in, what they see, what happens on a click, and how often the database is asked."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, specialist
from trial.access.models import User
from trial.access.planes import maintenance
from trial.audit.clock import SimulatedClock
from trial.followup.actions import log_contact, record_deviation, record_measure
from trial.followup.models import Assignment, Contact, Deviation, EmploymentSpecialist, Measure, StageSpell

MOST_QUERIES = 12
# The test's own transaction adds a savepoint, its release and the way back to the plane before.
AROUND = 3
DISPLAY = 3  # that the person was shown is written, in a savepoint of its own


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name: str, cast: Cast, *more: object) -> str:
    return reverse(f"followup:{name}", args=[cast.trial.code, *more])


def test_the_board_shows_load_waiting_list_and_proposal(cast: Cast) -> None:
    participant = drawn(cast, "intervention")
    specialist(cast)
    page = signed_in(cast.siri).get(address("caseloads", cast)).content.decode()
    assert participant.number in page
    assert "Jon Jobbspesialist: 0 av 20" in page
    assert "1 venter på jobbspesialist" in page
    assert "Nav Hurum" not in page


def test_the_board_speaks_english_too(cast: Cast) -> None:
    specialist(cast, share=50)
    client = signed_in(cast.siri)
    client.cookies["language"] = "en"
    page = client.get(address("caseloads", cast)).content.decode()
    assert "Jon Jobbspesialist (50% position)" in page
    assert "0 waiting for an employment specialist" in page


def test_a_supervisor_assigns_on_the_board(cast: Cast) -> None:
    post, participant = specialist(cast), drawn(cast, "intervention")
    answer = _assign(cast, participant.number, post.pk)
    assert answer.status_code == 302
    with maintenance():
        assert Assignment.objects.get().participant == participant


def test_an_overload_asks_for_a_reason_at_the_field(cast: Cast) -> None:
    post = specialist(cast, share=4)
    number = drawn(cast, "intervention").number
    answer = _assign(cast, number, post.pk)
    form = answer.context["boards"][0]["form"]
    assert list(form.errors) == ["reason"]
    assert "ikke ledig plass" in answer.content.decode()
    assert _assign(cast, number, post.pk, reason="Kollegaen er syk").status_code == 302


def test_a_control_participant_cannot_be_smuggled_into_the_form(cast: Cast) -> None:
    post = specialist(cast)
    drawn(cast, "intervention")
    control = drawn(cast, "control")
    answer = _assign(cast, control.number, post.pk)
    assert list(answer.context["boards"][0]["form"].errors) == ["participant"]
    with maintenance():
        assert not Assignment.objects.exists()


def test_the_coordinator_sees_numbers_and_no_form(cast: Cast) -> None:
    specialist(cast)
    participant = drawn(cast, "intervention")
    page = signed_in(cast.coordinator).get(address("caseloads", cast)).content.decode()
    assert participant.number in page
    assert "data-assign" not in page
    assert "Nav Hurum" in page


@pytest.mark.parametrize("name", ["caseloads", "portfolio", "deviations", "appoint"])
def test_strangers_find_nothing(cast: Cast, name: str) -> None:
    assert signed_in(cast.outsider).get(address(name, cast)).status_code == 404


@pytest.mark.parametrize(
    ("name", "user"),
    [("caseloads", "kari"), ("portfolio", "coordinator"), ("deviations", "analyst"), ("appoint", "jon")],
)
def test_members_without_the_right_are_told_so(cast: Cast, name: str, user: str) -> None:
    assert signed_in(getattr(cast, user)).get(address(name, cast)).status_code == 403


def test_a_position_is_given_and_changed(cast: Cast) -> None:
    client = signed_in(cast.siri)
    page = client.get(address("appoint", cast))
    ((member, _shown), _supervisor) = page.context["form"].fields["user"].choices
    assert client.post(address("appoint", cast), {"user": member, "position_share": 60}).status_code == 302
    with maintenance():
        post = EmploymentSpecialist.objects.get()
    client.post(address("position", cast, post.pk), {"position_share": 80, "valid_to": ""})
    with maintenance():
        assert EmploymentSpecialist.objects.get().position_share == 80


def test_the_portfolio_shows_names_by_stage_and_who_is_quiet(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    simulated_clock.advance(timedelta(days=31))
    answer = signed_in(cast.jon).get(address("portfolio", cast))
    (stage, _label, people), *others = answer.context["stages"]
    assert (stage, [followed.participant for followed, _name in people]) == ("contact", [participant])
    assert all(not others_people for _stage, _label, others_people in others)
    assert people[0][1]
    assert "Ikke kontaktet på 31 dager" in answer.content.decode()


def test_a_contact_is_logged_from_the_portfolio_and_never_double(cast: Cast) -> None:
    participant, key = assigned(cast), uuid4()
    client = signed_in(cast.jon)
    sent = {"kind": "phone", "counterpart": "participant", "minutes": 10, "day": "02.03.2026", "note": "", "key": key}
    for _attempt in range(2):
        answer = client.post(address("act", cast, participant.number, "contact"), sent | {"from": "portfolio"})
        assert answer["Location"] == address("portfolio", cast)
    with maintenance():
        assert Contact.objects.count() == 1


def test_whoever_logs_from_a_colleagues_portfolio_is_not_led_to_the_own_empty_one(cast: Cast) -> None:
    participant = assigned(cast)
    with maintenance():
        post = EmploymentSpecialist.objects.get()
    page = signed_in(cast.siri).get(address("colleague", cast, post.pk)).content.decode()
    assert address("act_form", cast, participant.number, "contact") in page
    assert "from=portfolio" not in page
    assert 'name="from"' not in page
    assert "from=portfolio" in signed_in(cast.jon).get(address("portfolio", cast)).content.decode()


def test_a_form_comes_alone_to_script_and_on_the_page_without(cast: Cast) -> None:
    participant = assigned(cast)
    form = address("act_form", cast, participant.number, "contact")
    client = signed_in(cast.jon)
    alone = client.get(f"{form}?from=portfolio", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in alone
    assert 'name="from" value="portfolio"' in alone
    page = client.get(form)
    assert [each["name"] for each in page.context["offered"] if each["form"]] == ["contact"]


def test_a_form_that_is_not_offered_leads_back_to_the_page(cast: Cast) -> None:
    participant = assigned(cast)
    answer = signed_in(cast.kari).get(address("act_form", cast, participant.number, "contact"))
    assert answer["Location"] == address("follow_up", cast, participant.number)


def test_what_is_wrong_stands_at_the_field_of_its_form(cast: Cast) -> None:
    participant = assigned(cast)
    answer = signed_in(cast.jon).post(
        address("act", cast, participant.number, "measure"), {"code": "ARBTREN", "start": "01.04.2026", "end": ""}
    )
    (form,) = [each["form"] for each in answer.context["offered"] if each["name"] == "measure"]
    assert form.errors == {"start": ["Datoen kan ikke være fram i tid."]}
    assert "Datoen kan ikke være fram i tid." in answer.content.decode()


def test_measures_stages_and_deviations_are_kept_from_the_page(cast: Cast) -> None:
    participant = assigned(cast)
    client = signed_in(cast.jon)
    for act, sent in (
        ("measure", {"code": "ARBTREN", "start": "01.02.2026", "end": ""}),
        ("stage", {"stage": "profile"}),
        ("deviation", {"kind": "other", "reason": "Byttet kontor", "day": "02.03.2026"}),
    ):
        assert client.post(address("act", cast, participant.number, act), sent).status_code == 302
    with maintenance():
        measure = Measure.objects.get()
        assert Deviation.objects.get().reason == "Byttet kontor"
        assert StageSpell.objects.get(end=None).stage == "profile"
    client.post(address("end_measure", cast, measure.pk), {"end": "28.02.2026"})
    with maintenance():
        assert Measure.objects.get().end == date(2026, 2, 28)


def test_the_follow_up_of_another_office_is_not_found(cast: Cast) -> None:
    participant = assigned(cast)
    assert signed_in(cast.hanne).get(address("follow_up", cast, participant.number)).status_code == 404


def test_the_coordinator_does_not_read_about_one_person(cast: Cast) -> None:
    participant = assigned(cast)
    assert signed_in(cast.coordinator).get(address("follow_up", cast, participant.number)).status_code == 403


def test_a_caseworker_reads_and_reports_deviations_but_follows_nobody_up(cast: Cast) -> None:
    participant = assigned(cast)
    answer = signed_in(cast.kari).get(address("follow_up", cast, participant.number))
    assert [each["name"] for each in answer.context["offered"]] == ["deviation"]


def test_the_list_of_deviations_names_nobody_to_those_who_see_no_people(cast: Cast) -> None:
    participant = drawn(cast, "control")
    with acting(cast.kari):
        record_deviation(by=cast.kari, participant=participant, kind="control_followed", reason="Misforståelse")
    shown = {
        user: participant.number in signed_in(getattr(cast, user)).get(address("deviations", cast)).content.decode()
        for user in ("kari", "hanne", "coordinator", "lead")
    }
    assert shown == {"kari": True, "hanne": False, "coordinator": True, "lead": False}


@pytest.mark.parametrize(("name", "user"), [("caseloads", "siri"), ("portfolio", "jon"), ("deviations", "kari")])
def test_a_page_asks_the_database_seldom(
    cast: Cast, name: str, user: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    participant = assigned(cast)
    _lived(cast, participant.number)
    drawn(cast, "intervention")
    client = signed_in(getattr(cast, user))
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        assert client.get(address(name, cast)).status_code == 200


@pytest.mark.parametrize("user", ["jon", "siri"])
def test_one_persons_page_asks_the_database_seldom(
    cast: Cast, user: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    participant = assigned(cast)
    _lived(cast, participant.number)
    client = signed_in(getattr(cast, user))
    with django_assert_max_num_queries(MOST_QUERIES + AROUND + DISPLAY):
        assert client.get(address("follow_up", cast, participant.number)).status_code == 200


def _lived(cast: Cast, number: str) -> None:
    """A contact, a measure and a deviation of someone whom Jon follows."""
    with acting(cast.jon):
        participant = cast.trial.participants.select_related("trial", "office").get(number=number)
        log_contact(by=cast.jon, participant=participant, kind="meeting", minutes=30)
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 2, 1))
        record_deviation(by=cast.jon, participant=participant, kind="other", reason="Prøve")


def _assign(cast: Cast, number: str, post: int, reason: str = "") -> object:
    office = cast.moss.pk
    sent = {"participant": number, "specialist": post, "reason": reason}
    return signed_in(cast.siri).post(
        address("caseloads", cast),
        {"office": office, **{f"office-{office}-{name}": value for name, value in sent.items()}},
    )
