"""Who may be given to whom: the arm, the office, the capacity; and that nobody is ever with two specialists."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from evaluation.national_id import synthetic_national_id
from tests.cast import Cast, acting, new_user, recruiting
from tests.followup.people import drawn, specialist
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit.clock import SimulatedClock, simulated
from trial.audit.guards import writing
from trial.audit.models import AuditEvent
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Participant
from trial.enrolment.states import ParticipantState, Withdrawal
from trial.followup import steps
from trial.followup.actions import (
    appoint_specialist,
    assign,
    change_position,
    complete,
    end_assignment,
    transfer,
)
from trial.followup.models import Assignment, EmploymentSpecialist
from trial.followup.policies import (
    AssignmentCase,
    Load,
    Verdict,
    capacity,
    decide_assignment,
    most_room,
)
from trial.followup.queries import Caseload, board_for, caseload_of, load_of
from trial.studies.actions import add_member

FREE = AssignmentCase(
    is_control=False, is_followed=True, same_office=True, specialist_there=True, is_assigned=False, load=Load(3, 20)
)


@pytest.mark.parametrize(
    ("share", "per_position", "people"), [(100, 20, 20), (50, 20, 10), (33, 20, 6), (1, 20, 0), (80, 12, 9)]
)
def test_a_share_of_a_position_has_room_for_whole_people(share: int, per_position: int, people: int) -> None:
    assert capacity(share, per_position) == people


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.ACCEPTED),
        ({"is_control": None}, Verdict.NOT_DRAWN),
        ({"is_control": True}, Verdict.CONTROL_NOT_ASSIGNABLE),
        ({"is_control": True, "reason": "Ønsker det sterkt"}, Verdict.CONTROL_NOT_ASSIGNABLE),
        ({"is_followed": False}, Verdict.NOT_FOLLOWED),
        ({"same_office": False}, Verdict.OTHER_OFFICE),
        ({"specialist_there": False}, Verdict.SPECIALIST_NOT_THERE),
        ({"is_assigned": True}, Verdict.ALREADY_ASSIGNED),
        ({"load": Load(19, 20)}, Verdict.ACCEPTED),
        ({"load": Load(20, 20)}, Verdict.OVER_CAPACITY),
        ({"load": Load(20, 20), "reason": "  "}, Verdict.OVER_CAPACITY),
        ({"load": Load(20, 20), "reason": "Kollegaen er syk"}, Verdict.ACCEPTED_OVER_CAPACITY),
    ],
)
def test_the_decision_needs_no_database(changed: dict[str, object], verdict: Verdict) -> None:
    case = AssignmentCase(**(FREE.__dict__ | changed))
    assert decide_assignment(case) == verdict


def test_the_one_with_most_room_is_proposed() -> None:
    assert most_room([Load(12, 20), Load(2, 10), Load(5, 20)]) == 2
    assert most_room([Load(10, 20), Load(0, 10)]) == 1
    assert most_room([]) is None


def test_the_first_assignment_begins_the_follow_up(cast: Cast, simulated_clock: SimulatedClock) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=3))
    with acting(cast.siri):
        assignment = assign(by=cast.siri, participant=participant, specialist=jon)
        participant.refresh_from_db()
    assert participant.state == ParticipantState.FOLLOWING
    assert assignment.start.isoformat() == "2026-03-05"
    assert assignment.assigned_at == simulated_clock.moment
    with maintenance():
        assert participant.stages.get().stage == "contact"
        assert AuditEvent.objects.get(verb="assigned").details == {"specialist": cast.jon.pk, "over_capacity": False}


def test_a_control_participant_is_never_given_to_a_specialist(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "control")
    with acting(cast.siri), pytest.raises(Refusal) as refused:
        assign(by=cast.siri, participant=participant, specialist=jon, reason="Likevel")
    assert refused.value.code == "control_not_assignable"
    with maintenance():
        assert not Assignment.objects.exists()


def test_exceeding_the_capacity_takes_a_reason_that_is_kept(cast: Cast) -> None:
    jon = specialist(cast, share=5)
    first, second = drawn(cast, "intervention"), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=first, specialist=jon, reason="Trengs ikke")
        with pytest.raises(Refusal) as refused:
            assign(by=cast.siri, participant=second, specialist=jon)
        assert (refused.value.code, refused.value.field) == ("over_capacity", "reason")
        assign(by=cast.siri, participant=second, specialist=jon, reason="Kollegaen er syk")
        reasons = Assignment.objects.order_by("pk").values_list("overload_reason", flat=True)
        assert list(reasons) == ["", "Kollegaen er syk"]


def test_a_reason_holds_no_national_id(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    number = synthetic_national_id(date(1980, 1, 1), 1)
    with acting(cast.siri), pytest.raises(Refusal) as refused:
        assign(by=cast.siri, participant=participant, specialist=jon, reason=f"Gjelder {number}")
    assert (refused.value.code, refused.value.field) == ("national_id_in_text", "reason")


def test_a_transfer_leaves_no_day_without_a_specialist_and_none_with_two(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    colleague = _colleague(cast)
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
        simulated_clock.advance(timedelta(days=10))
        transfer(by=cast.siri, participant=participant, specialist=colleague, hand_over="Vil jobbe ute")
        old, new = participant.assignments.order_by("pk")
        assert (old.end, new.end) == (new.start, None)
        assert (load_of(jon).people, load_of(colleague).people) == (0, 1)
        with pytest.raises(Refusal, match="same_specialist"):
            transfer(by=cast.siri, participant=participant, specialist=colleague, hand_over="")


def test_a_transfer_on_the_day_of_the_assignment_is_possible(cast: Cast) -> None:
    jon, participant, colleague = specialist(cast), drawn(cast, "intervention"), _colleague(cast)
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
        transfer(by=cast.siri, participant=participant, specialist=colleague, hand_over="Feil person")
        assert participant.assignments.filter(end=None).get().specialist == colleague


def test_an_ended_assignment_puts_the_person_on_the_waiting_list_again(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
        assert _waiting(cast) == []
        end_assignment(by=cast.siri, participant=participant, reason="Ønsket pause")
        assert _waiting(cast) == [participant.number]


def test_the_waiting_list_is_in_the_order_of_the_draw_and_without_controls(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    specialist(cast)
    first = drawn(cast, "intervention")
    drawn(cast, "control")
    simulated_clock.advance(timedelta(days=1))
    second = drawn(cast, "intervention")
    with acting(cast.siri):
        assert _waiting(cast) == [first.number, second.number]


def test_whoever_withdraws_is_no_longer_with_a_specialist(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=participant, meaning=Withdrawal.FOLLOW_UP)
    with acting(cast.siri):
        assert load_of(jon) == Load(0, 20)
        assert not participant.assignments.filter(Q(end=None)).exists()
        assert _waiting(cast) == []


def test_a_completed_follow_up_frees_the_place(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
        assert complete(by=cast.siri, participant=participant).state == ParticipantState.COMPLETED
        assert load_of(jon).people == 0
        with pytest.raises(Refusal, match="not_followed"):
            assign(by=cast.siri, participant=participant, specialist=jon)


def test_nobody_leaves_a_position_while_people_are_still_there(cast: Cast, simulated_clock: SimulatedClock) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    with acting(cast.siri):
        assign(by=cast.siri, participant=participant, specialist=jon)
        last_day = simulated_clock.moment.date()
        with pytest.raises(Refusal, match="has_people"):
            change_position(by=cast.siri, specialist=jon, position_share=100, valid_to=last_day)
        end_assignment(by=cast.siri, participant=participant, reason="Slutter")
        change_position(by=cast.siri, specialist=jon, position_share=100, valid_to=last_day)
        simulated_clock.advance(timedelta(days=1))
        with pytest.raises(Refusal, match="specialist_not_there"):
            assign(by=cast.siri, participant=participant, specialist=jon)


@pytest.mark.parametrize(
    ("share", "code"), [(0, "share_out_of_range"), (101, "share_out_of_range"), (50, "already_appointed")]
)
def test_impossible_positions_are_refused(cast: Cast, share: int, code: str) -> None:
    specialist(cast)
    with acting(cast.siri), pytest.raises(Refusal, match=code):
        appoint_specialist(by=cast.siri, user=cast.jon, office=cast.moss, position_share=share)


def test_only_someone_with_the_role_gets_a_position(cast: Cast) -> None:
    with acting(cast.siri), pytest.raises(Refusal, match="not_a_specialist"):
        appoint_specialist(by=cast.siri, user=cast.kari, office=cast.moss, position_share=50)


def test_caseworkers_and_coordinators_assign_nobody(cast: Cast) -> None:
    jon, participant = specialist(cast), drawn(cast, "intervention")
    for user in (cast.kari, cast.jon, cast.coordinator):
        with acting(user), pytest.raises(Refusal, match="not_allowed"):
            assign(by=user, participant=participant, specialist=jon)


def test_the_database_itself_refuses_two_specialists_at_once(cast: Cast) -> None:
    jon, participant, colleague = specialist(cast), drawn(cast, "intervention"), _colleague(cast)
    with acting(cast.siri):
        given = assign(by=cast.siri, participant=participant, specialist=jon)
        twin = {field.attname: getattr(given, field.attname) for field in Assignment._meta.concrete_fields}
        twin |= {"id": None, "specialist_id": colleague.pk, "end": given.start + timedelta(days=5)}
        twin |= {"ended_at": given.assigned_at, "ended_by_id": cast.siri.pk}
        with writing(), pytest.raises(IntegrityError, match="assignment_one_at_a_time"), transaction.atomic():
            Assignment.objects.create(**twin)


@pytest.mark.slow
def test_two_supervisors_at_once_give_a_person_to_one_specialist(
    committed_database: None, simulated_clock: SimulatedClock
) -> None:
    cast = recruiting()
    posts, participant = [specialist(cast), _colleague(cast)], drawn(cast, "intervention")
    assert _at_once(simulated_clock, cast, [(participant, post) for post in posts]) == ["already_assigned", "given"]


@pytest.mark.slow
def test_supervisors_at_once_never_give_away_the_last_place_twice(
    committed_database: None, simulated_clock: SimulatedClock
) -> None:
    assert _rush_for_the_last_place(simulated_clock) == ["given"] + ["over_capacity"] * 3


@pytest.mark.slow
def test_without_the_lock_the_last_place_is_given_away_twice(
    committed_database: None, simulated_clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the rush above finds a missing lock."""
    everyone_has_counted = Barrier(4, timeout=20)

    def unlocked_load(post: EmploymentSpecialist) -> Caseload:
        caseload = caseload_of(post)
        everyone_has_counted.wait()
        return caseload

    monkeypatch.setattr(steps, "locked_specialist", lambda post: post)
    monkeypatch.setattr(steps, "caseload_of", unlocked_load)
    assert _rush_for_the_last_place(simulated_clock) == ["given"] * 4


def _rush_for_the_last_place(clock: SimulatedClock) -> list[str]:
    cast = recruiting()
    post, people = specialist(cast, share=5), [drawn(cast, "intervention") for _ in range(4)]
    return _at_once(clock, cast, [(participant, post) for participant in people])


def _at_once(clock: SimulatedClock, cast: Cast, pairs: list[tuple[Participant, EmploymentSpecialist]]) -> list[str]:
    """Assign each pair on a connection of its own; what became of each, sorted."""

    def give(pair: tuple[Participant, EmploymentSpecialist]) -> str:
        with simulated(clock.moment):
            try:
                with acting(cast.siri):
                    assign(by=cast.siri, participant=pair[0], specialist=pair[1])
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()
        return "given"

    with ThreadPoolExecutor(len(pairs)) as pool:
        return sorted(pool.map(give, pairs))


def _colleague(cast: Cast) -> EmploymentSpecialist:
    with maintenance():
        user = new_user("colleague", "Janne Jobbspesialist")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=user, role=Role.SPECIALIST, office=cast.moss)
    with acting(cast.siri):
        return appoint_specialist(by=cast.siri, user=user, office=cast.moss, position_share=50)


def _waiting(cast: Cast) -> list[str]:
    (board,) = board_for(cast.siri, cast.trial)
    return [each.participant.number for each in board.waiting]
