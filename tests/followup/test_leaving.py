"""Positions and roles that end, are planned to end, or come back: nobody is lost from sight or given to the gone."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting, new_user
from tests.followup.people import assigned, drawn, specialist
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit.clock import SimulatedClock
from trial.followup.actions import appoint_specialist, assign, caseloads, change_position, transfer
from trial.followup.models import EmploymentSpecialist
from trial.followup.queries import board_for, candidates_at, supervisors_at
from trial.followup.queries.caseloads import freed_a_week
from trial.monitoring.caseloads import loads_of
from trial.studies.actions import add_member, end_membership
from trial.studies.models import Membership

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def colleague(cast: Cast, role: Role = Role.SPECIALIST, **dates: date) -> User:
    with maintenance():
        user = new_user("tora", "Tora Vikar")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=user, role=role, office=cast.moss, **dates)
    return user


def test_whoever_is_with_a_specialist_whose_position_is_over_stays_in_sight(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    post, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        change_position(by=cast.siri, specialist=post, position_share=100, valid_to=TODAY)
        assign(by=cast.siri, participant=participant, specialist=post)
        simulated_clock.advance(DAY)
        (board,) = board_for(cast.siri, cast.trial)
        assert [(each.specialist, each.left, each.load.people) for each in board.caseloads] == [(post, True, 1)]
        assert (board.proposal, board.load.capacity) == (None, 0)
        with pytest.raises(Refusal, match="specialist_not_there"):
            assign(by=cast.siri, participant=drawn(cast, "intervention"), specialist=post)
    with acting(cast.coordinator):
        load = loads_of(cast.trial, [cast.moss])[cast.moss.pk]
        assert (load.people, load.capacity) == (1, 0)
    page = board_page(cast)
    assert "Ikke lenger i stillingen" in page
    assert reverse("followup:colleague", args=[cast.trial.code, post.pk]) in page
    assert "data-place" not in page


def test_control_a_position_that_is_over_and_empty_is_gone(cast: Cast, simulated_clock: SimulatedClock) -> None:
    post = specialist(cast)
    with acting(cast.siri):
        change_position(by=cast.siri, specialist=post, position_share=100, valid_to=TODAY)
        simulated_clock.advance(DAY)
        (board,) = board_for(cast.siri, cast.trial)
    assert board.caseloads == []


def test_nobody_is_proposed_or_given_to_someone_whose_role_is_over(cast: Cast, simulated_clock: SimulatedClock) -> None:
    post, participant = specialist(cast), drawn(cast, "intervention")
    with maintenance():
        role = Membership.objects.get(user=cast.jon)
    with acting(cast.lead):
        end_membership(by=cast.lead, membership=role)
    with acting(cast.siri):
        assert not board_for(cast.siri, cast.trial)[0].caseloads[0].left
    simulated_clock.advance(DAY)
    with acting(cast.siri):
        (board,) = board_for(cast.siri, cast.trial)
        assert (board.proposal, board.caseloads[0].left) == (None, True)
        with pytest.raises(Refusal, match="specialist_not_there"):
            assign(by=cast.siri, participant=participant, specialist=post, reason="Trengs")
    assert f'<option value="{post.pk}"' not in board_page(cast)


@pytest.mark.parametrize("role", [Role.SPECIALIST, Role.SUPERVISOR])
def test_a_role_with_a_planned_end_gives_a_position_as_well(cast: Cast, role: Role) -> None:
    user = colleague(cast, role, valid_to=date(2026, 12, 31))
    with acting(cast.siri):
        assert user in [each.user for each in candidates_at([cast.moss])]
        assert (user in [each.user for each in supervisors_at([cast.moss])]) == (role == Role.SUPERVISOR)
        assert appoint_specialist(by=cast.siri, user=user, office=cast.moss, position_share=50).kind == role.value


def test_control_a_role_that_is_over_or_yet_to_come_gives_none(cast: Cast, simulated_clock: SimulatedClock) -> None:
    user = colleague(cast, valid_from=TODAY + DAY, valid_to=TODAY + DAY)
    for _day in range(3):
        with acting(cast.siri):
            offered = user in [each.user for each in candidates_at([cast.moss])]
        simulated_clock.advance(DAY)
        assert offered == (simulated_clock.moment.date() == TODAY + 2 * DAY)


def test_a_second_position_that_shares_a_day_is_told_at_its_field(cast: Cast) -> None:
    post, client = specialist(cast), signed_in(cast.siri)
    with acting(cast.siri):
        change_position(by=cast.siri, specialist=post, position_share=100, valid_to=TODAY)
        role = candidates_at([cast.moss]).get(user=cast.jon)
    address = reverse("followup:appoint", args=[cast.trial.code])
    sent = {"user": role.pk, "position_share": "50", "team": "", "supervisor": "", "valid_from": "02.03.2026"}
    again = client.post(address, sent)
    assert again.context["form"].errors == {"valid_from": ["Personen har en annen stilling ved kontoret i perioden."]}
    assert client.post(address, sent | {"valid_from": "03.03.2026"}).status_code == 302
    with acting(cast.siri), pytest.raises(Refusal) as refused:
        change_position(by=cast.siri, specialist=post, position_share=100)
    assert (refused.value.code, refused.value.field) == ("already_appointed", "valid_to")


def test_of_two_who_appoint_the_same_at_once_one_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caseloads, "_in_one_position", lambda *_known, **_but: None)  # each looks before the other
    specialist(cast)
    with pytest.raises(Refusal, match="already_appointed"):
        specialist(cast)


def test_a_transfer_frees_no_place_at_the_office(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant, user = assigned(cast), colleague(cast)
    with acting(cast.siri):
        other = appoint_specialist(by=cast.siri, user=user, office=cast.moss, position_share=50)
        simulated_clock.advance(DAY)
        transfer(by=cast.siri, participant=participant, specialist=other, hand_over="Vil ha praksis")
        assert freed_a_week([cast.moss]) == {}
        assert EmploymentSpecialist.objects.count() == 2


def board_page(cast: Cast) -> str:
    return signed_in(cast.siri).get(reverse("followup:caseloads", args=[cast.trial.code])).content.decode()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_position_yet_to_come_is_seen_and_its_first_day_can_be_put_right(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    participant, client = drawn(cast, "intervention"), signed_in(cast.siri)
    with acting(cast.siri):
        post = appoint_specialist(
            by=cast.siri, user=cast.jon, office=cast.moss, position_share=100, valid_from=date(2036, 3, 9)
        )
        (board,) = board_for(cast.siri, cast.trial)
        assert (board.proposal, board.load.capacity) == (None, 0)
        with pytest.raises(Refusal, match="specialist_not_there"):
            assign(by=cast.siri, participant=participant, specialist=post)
    with acting(cast.coordinator):
        assert loads_of(cast.trial, [cast.moss])[cast.moss.pk].capacity == 0
    assert "Begynner 09.03.2036" in board_page(cast)
    address = reverse("followup:position", args=[cast.trial.code, post.pk])
    sent = {"position_share": "100", "team": "", "supervisor": "", "valid_from": "09.03.2026", "version": "1"}
    assert client.post(address, sent).status_code == 302
    simulated_clock.advance(timedelta(days=7))
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=post)
    late = client.post(address, sent | {"valid_from": "10.03.2026", "version": "2"})
    assert late.context["form"].errors == {"valid_from": ["Jobbspesialisten har hatt deltakere før denne dagen."]}


def test_whoever_is_told_that_a_position_has_changed_sees_the_days_as_well(cast: Cast) -> None:
    post, client = specialist(cast), signed_in(cast.siri)
    with acting(cast.siri):
        change_position(by=cast.siri, specialist=post, position_share=100, valid_to=date(2026, 6, 30), version=1)
    address = reverse("followup:position", args=[cast.trial.code, post.pk])
    again = client.post(address, {"position_share": "80", "team": "", "valid_to": "", "version": "1"})
    assert "Første dag: 02.03.2026. Siste dag: 30.06.2026." in again.content.decode()
