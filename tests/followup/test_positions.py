"""Positions, absence, teams, weights and waiting: who has room, who is away, how long the next one waits."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn, specialist
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.clock import SimulatedClock
from trial.followup.actions import (
    appoint_specialist,
    assign,
    cancel_absence,
    change_position,
    end_assignment,
    mark_principles,
    move_stage,
    record_absence,
    set_guidelines,
    transfer,
)
from trial.followup.models import Absence, EmploymentSpecialist
from trial.followup.policies import Load, decide_group, expected_weeks, most_room, together
from trial.followup.queries import board_for, load_of, load_over_time

TODAY = date(2026, 3, 2)
GUIDELINES = {
    "template": "ips",
    "supervisor_capacity": 8,
    "weights": {"contact": 150, "profile": 50},
    "barred": {},
    "days_to_assign": 7,
    "days_to_contact": 30,
}


@pytest.mark.parametrize(
    ("place", "free", "pace", "weeks"),
    [(0, 1, 0.0, 0), (0, 0, 0.0, None), (0, 0, 0.5, 2), (3, 1, 1.0, 3), (3, 4, 1.0, 0), (9, 0, 4.0, 3)],
)
def test_the_expected_wait_follows_the_place_the_room_and_the_pace(
    place: int, free: int, pace: float, weeks: int | None
) -> None:
    assert expected_weeks(place, free, pace) == weeks


def test_weights_count_in_hundredths_and_nobody_who_is_away_is_proposed() -> None:
    weighed, away = Load(10, 20, hundredths=1_250), Load(0, 20, away=True)
    assert (weighed.used, weighed.room, weighed.free, weighed.percent) == (12.5, 7.5, 7, 62)
    assert (away.free, away.is_full, away.is_over) == (0, True, False)
    assert most_room([weighed, away]) == 0
    assert most_room([away]) is None
    assert together([weighed, Load(2, 20)]).used == 14.5


@pytest.mark.parametrize(
    ("load", "under", "over"), [(Load(11, 20), True, False), (Load(12, 20), False, False), (Load(21, 20), False, True)]
)
def test_over_and_under_are_by_the_guidance_of_12_to_20(load: Load, under: bool, over: bool) -> None:
    assert (load.is_under, load.is_over) == (under, over)


@pytest.mark.parametrize(
    ("group", "refused"),
    [("wage_subsidy", True), ("sheltered_work", True), ("training", False), ("work_practice", False)],
)
def test_a_wage_subsidy_or_sheltered_place_is_one_at_a_time(group: str, refused: bool) -> None:
    earlier = [(group, (date(2026, 1, 1), None))]
    assert decide_group(group, (TODAY, None), earlier).is_refusal == refused
    assert not decide_group("follow_up", (TODAY, None), earlier).is_refusal


def test_a_method_supervisor_has_a_position_with_less_room(cast: Cast) -> None:
    with acting(cast.siri):
        post = appoint_specialist(by=cast.siri, user=cast.siri, office=cast.moss, position_share=100, team="Nord")
        assert (post.kind, load_of(post).capacity) == ("supervisor", 10)
        with pytest.raises(Refusal) as refused:
            appoint_specialist(by=cast.siri, user=cast.jon, office=cast.moss, position_share=100, supervisor=cast.kari)
    assert (refused.value.code, refused.value.field) == ("not_a_supervisor", "supervisor")


def test_stages_weigh_when_the_trial_says_so(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.lead):
        set_guidelines(by=cast.lead, trial=cast.trial, **GUIDELINES)
    with acting(cast.jon):
        post = EmploymentSpecialist.objects.get()
        assert load_of(post).used == 1.5
        move_stage(by=cast.jon, participant=participant, stage="profile")
        assert load_of(post).used == 0.5
        move_stage(by=cast.jon, participant=participant, stage="job_finding")
        assert load_of(post).used == 1.0


def test_nobody_new_is_given_to_someone_who_is_away_without_a_reason(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    post, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.jon):
        record_absence(by=cast.jon, specialist=post, start=TODAY, end=date(2026, 3, 8))
    with acting(cast.siri):
        with pytest.raises(Refusal, match="over_capacity"):
            assign(by=cast.siri, participant=participant, specialist=post)
        (board,) = board_for(cast.siri, cast.trial)
        assert (board.proposal, board.caseloads[0].back) == (None, date(2026, 3, 8))
        simulated_clock.advance(timedelta(days=7))
        assign(by=cast.siri, participant=participant, specialist=post)


@pytest.mark.parametrize(
    ("start", "end", "code", "field"),
    [
        (date(2026, 3, 9), date(2026, 3, 8), "end_before_start", "end"),
        (date(2026, 3, 5), date(2026, 3, 20), "absence_overlaps", "start"),
    ],
)
def test_an_impossible_absence_is_refused_at_its_field(
    cast: Cast, start: date, end: date, code: str, field: str
) -> None:
    post = specialist(cast)
    with acting(cast.siri):
        record_absence(by=cast.siri, specialist=post, start=TODAY, end=date(2026, 3, 6))
        with pytest.raises(Refusal) as refused:
            record_absence(by=cast.siri, specialist=post, start=start, end=end)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_an_absence_is_taken_back_and_recorded_anew(cast: Cast) -> None:
    post = specialist(cast)
    with acting(cast.siri):
        absence = record_absence(by=cast.siri, specialist=post, start=TODAY, end=date(2026, 3, 6))
        cancel_absence(by=cast.siri, absence=absence)
        record_absence(by=cast.siri, specialist=post, start=TODAY, end=date(2026, 3, 6))
        assert Absence.objects.filter(cancelled=False).count() == 1
    with acting(cast.kari), pytest.raises(Refusal, match="not_allowed"):
        record_absence(by=cast.kari, specialist=post, start=date(2026, 4, 1), end=date(2026, 4, 2))


def test_two_who_change_a_position_at_once_do_not_overwrite_each_other(cast: Cast) -> None:
    post = specialist(cast)
    with acting(cast.siri):
        change_position(by=cast.siri, specialist=post, position_share=80, version=1)
        with pytest.raises(Refusal, match="changed_meanwhile"):
            change_position(by=cast.siri, specialist=post, position_share=60, version=1)


def test_two_who_move_someone_at_once_move_once(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        move_stage(by=cast.jon, participant=participant, stage="profile", present="contact")
        with pytest.raises(Refusal, match="changed_meanwhile"):
            move_stage(by=cast.jon, participant=participant, stage="job_finding", present="contact")


@pytest.mark.parametrize(("day", "code"), [(date(2026, 3, 3), "in_future"), (date(2026, 3, 1), "before_the_stage")])
def test_a_move_has_a_day_that_is_possible(cast: Cast, day: date, code: str) -> None:
    participant = assigned(cast)
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        move_stage(by=cast.jon, participant=participant, stage="profile", day=day)
    assert (refused.value.code, refused.value.field) == (code, "day")


def test_the_wait_is_told_from_the_pace_of_the_office(cast: Cast, simulated_clock: SimulatedClock) -> None:
    post, first = specialist(cast, share=5), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=first, specialist=post)
    second = drawn(cast, "intervention")
    with acting(cast.siri):
        (board,) = board_for(cast.siri, cast.trial)
        assert [(each.participant, each.weeks) for each in board.waiting] == [(second, None)]
        simulated_clock.advance(timedelta(days=14))
        end_assignment(by=cast.siri, participant=first, reason="Ferdig")
        (board,) = board_for(cast.siri, cast.trial)
    assert [each.weeks for each in board.waiting] == [0, 26]


def test_load_over_time_is_running_sums_of_beginnings_and_ends(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    simulated_clock.advance(timedelta(days=40))
    with acting(cast.siri):
        end_assignment(by=cast.siri, participant=participant, reason="Ferdig")
        days = [date(2026, 2, 28), TODAY, date(2026, 3, 31), date(2026, 4, 11)]
        found = [(each.people, each.capacity) for each in load_over_time([cast.moss], days)]
    assert found == [(0, 0), (1, 20), (1, 20), (0, 20)]


def test_a_transfer_hands_over_what_the_next_one_should_know(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.siri):
        other = appoint_specialist(by=cast.siri, user=cast.siri, office=cast.moss, position_share=50)
        transfer(by=cast.siri, participant=participant, specialist=other, hand_over="Vil jobbe ute, helst formiddag")
    client = _client(cast, "siri")
    page = client.get(reverse("followup:follow_up", args=[cast.trial.code, participant.number])).content.decode()
    assert "Vil jobbe ute, helst formiddag" in page


@pytest.mark.parametrize(
    ("load", "shown"), [("under", True), ("over", False), ("away", False), ("all", True), ("x", True)]
)
def test_the_board_is_filtered_by_load(cast: Cast, load: str, shown: bool) -> None:
    specialist(cast)
    page = _client(cast, "siri").get(reverse("followup:caseloads", args=[cast.trial.code]), {"load": load})
    assert ("Jon Jobbspesialist (100" in page.content.decode()) == shown


def test_the_coordinator_chooses_an_office(cast: Cast) -> None:
    specialist(cast)
    address = reverse("followup:caseloads", args=[cast.trial.code])
    page = _client(cast, "coordinator").get(address, {"office": cast.moss.pk})
    assert [each["board"].office for each in page.context["boards"]] == [cast.moss]


def test_who_sees_no_people_sees_neither_who_waits_nor_small_loads(cast: Cast) -> None:
    """A number on the waiting list would tell a blinded reader the arm that it was drawn to."""
    waiting, post = drawn(cast, "intervention"), specialist(cast)
    with acting(cast.siri):
        assign(by=cast.siri, participant=drawn(cast, "intervention"), specialist=post)
    page = _client(cast, "lead").get(reverse("followup:caseloads", args=[cast.trial.code])).content.decode()
    assert waiting.number not in page
    assert "&lt;5 venter på jobbspesialist" in page
    assert "&lt;5 av 20" in page
    assert "1 av 20" not in page
    exact = _client(cast, "coordinator").get(reverse("followup:caseloads", args=[cast.trial.code])).content.decode()
    assert waiting.number in exact
    assert "1 av 20" in exact
    numbers = _client(cast, "lead").get(f"/api/v1/trials/{cast.trial.code}/caseloads/").json()
    assert [(office["people"], office["waiting"]) for office in numbers if office["capacity"]] == [(None, None)]


def test_absence_is_recorded_and_taken_back_on_the_page(cast: Cast) -> None:
    post, client = specialist(cast), _client(cast, "siri")
    address = reverse("followup:absence", args=[cast.trial.code, post.pk])
    assert (
        "Sluttdatoen kan ikke være før"
        in client.post(address, {"start": "09.03.2026", "end": "08.03.2026"}).content.decode()
    )
    assert client.post(address, {"start": "02.03.2026", "end": "08.03.2026"}).status_code == 302
    board = client.get(reverse("followup:caseloads", args=[cast.trial.code])).content.decode()
    assert "Borte til 08.03.2026" in board
    with maintenance():
        key = Absence.objects.get().pk
    cancel = reverse("followup:cancel_absence", args=[cast.trial.code, key])
    assert client.post(cancel).status_code == 302
    assert client.post(cancel).status_code == 404


def test_a_position_changed_meanwhile_is_told_with_what_stands_now(cast: Cast) -> None:
    post, client = specialist(cast), _client(cast, "siri")
    address = reverse("followup:position", args=[cast.trial.code, post.pk])
    sent = {"position_share": "80", "team": "Nord", "supervisor": str(cast.siri.pk), "valid_to": "", "version": "1"}
    assert client.post(address, sent).status_code == 302
    again = client.post(address, sent | {"position_share": "60"})
    assert "Noen andre har endret dette" in again.content.decode()
    assert "Nå er lagret: 80 prosent stilling, team Nord." in again.content.decode()
    assert 'name="version" value="2"' in again.content.decode()


def test_principles_are_marked_on_the_page_where_the_trial_uses_ips(cast: Cast) -> None:
    participant = assigned(cast)
    client = _client(cast, "jon")
    page = reverse("followup:follow_up", args=[cast.trial.code, participant.number])
    assert "De åtte prinsippene" not in client.get(page).content.decode()
    with acting(cast.lead):
        set_guidelines(by=cast.lead, trial=cast.trial, **GUIDELINES)
    address = reverse("followup:act", args=[cast.trial.code, participant.number, "principles"])
    assert client.post(address, {"principles": ["rapid", "benefits"], "note": ""}).status_code == 302
    assert client.post(address, {"principles": ["rapid"], "note": ""}).status_code == 302
    shown = client.get(page).content.decode()
    assert "Jobbsøket begynte raskt" in shown
    assert "Personen har fått råd om arbeid og ytelser <span" not in shown


def test_two_who_mark_principles_at_once_do_not_take_back_each_other_s(cast: Cast) -> None:
    participant, client = assigned(cast), _client(cast, "jon")
    with acting(cast.lead):
        set_guidelines(by=cast.lead, trial=cast.trial, **GUIDELINES)
    form = client.get(reverse("followup:act_form", args=[cast.trial.code, participant.number, "principles"]))
    assert 'name="seen" value="-"' in form.content.decode()
    with acting(cast.siri):
        mark_principles(by=cast.siri, participant=participant, principles=["rapid"], seen=[])
    address = reverse("followup:act", args=[cast.trial.code, participant.number, "principles"])
    again = client.post(address, {"principles": ["choice"], "note": "", "seen": "-"})
    assert "Noen andre har endret dette" in again.content.decode()
    assert 'name="seen" value="rapid"' in again.content.decode()
    with acting(cast.siri):
        assert participant.principles.get(cancelled=False).principle == "rapid"
    assert client.post(address, {"principles": ["choice", "rapid"], "note": "", "seen": "rapid"}).status_code == 302
    with acting(cast.siri):
        assert participant.principles.filter(cancelled=False).count() == 2


def test_a_note_without_a_principle_to_carry_it_is_not_lost_in_silence(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        for _attempt in range(2):
            mark_principles(by=cast.jon, participant=participant, principles=["choice"], note="I møtet", seen=[])
        for principles in (["choice"], []):
            with pytest.raises(Refusal) as refused:
                mark_principles(by=cast.jon, participant=participant, principles=principles, note="Noe nytt")
            assert (refused.value.code, refused.value.field) == ("note_of_nothing", "note")
        assert participant.principles.get(cancelled=False).note == "I møtet"


def _client(cast: Cast, user: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, user))
    return client
