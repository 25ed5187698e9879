"""The coordinator's dashboard: what it counts, what it hides from whom, and how often it asks the database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, acting, recruiting
from tests.factories import consented, registered
from tests.followup.people import drawn, specialist
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.audit.clock import SimulatedClock
from trial.audit.guards import writing
from trial.enrolment.actions import check_eligibility, withdraw
from trial.enrolment.models import EligibilityCheck
from trial.enrolment.states import Withdrawal
from trial.followup.actions import assign, record_deviation, record_measure
from trial.followup.queries import caseloads_at
from trial.monitoring import consort
from trial.monitoring.calendar import months_between
from trial.monitoring.measures import ANY
from trial.monitoring.presentation import (
    flow_table,
    forecast_sentence,
    measures_chart,
    office_sentence,
    office_table,
    recruitment_chart,
    register_table,
)
from trial.monitoring.queries import Dashboard, dashboard_for
from trial.studies.actions import add_member, create_trial, move_trial
from trial.studies.models import Office
from trial.studies.queries import forget_memberships
from trial.studies.states import TrialState

MOST_QUERIES = 12
EVENING = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
# The test's own transaction adds a savepoint, its release and the way back to the plane before.
AROUND = 3


PARTS = ("recruitment", "flow", "loads", "deviations", "measures", "balance", "responses", "registers", "lags")


def board_of(cast: Cast, user: User) -> Dashboard:
    """The whole dashboard; its parts are read while the user's rows can be reached."""
    with acting(user):
        board = dashboard_for(user, cast.trial.code)
        for part in PARTS:
            getattr(board, part)
    return board


def test_months_have_no_gap_over_the_new_year() -> None:
    assert months_between(date(2025, 11, 30), date(2026, 1, 1)) == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]
    assert months_between(date(2026, 2, 1), date(2026, 1, 1)) == []


def test_recruitment_is_counted_by_month_and_office_against_the_plan(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    cast.trial.planned_start, cast.trial.planned_end = date(2026, 3, 1), date(2027, 3, 1)
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=40))
    drawn(cast, "control")
    drawn(cast, "intervention", by=cast.hanne, office=cast.hurum)
    board = board_of(cast, cast.coordinator)
    assert board.recruitment.months == [date(2026, 3, 1), date(2026, 4, 1)]
    assert [board.recruitment.so_far(month) for month in board.recruitment.months] == [1, 3]
    assert board.recruitment.at_office(cast.moss.pk) == 2
    assert [row[:4] for row in recruitment_chart(board)["rows"]][:2] == [
        ["mars 2026", "1", 1, "–"],
        ["april 2026", "2", 3, "–"],
    ]


def test_the_plan_is_a_straight_line_between_its_dates(drafted_cast: Cast) -> None:
    trial = drafted_cast.trial
    trial.planned_start, trial.planned_end, trial.planned_size = date(2026, 1, 1), date(2026, 12, 31), 364
    with acting(drafted_cast.coordinator):
        recruitment = dashboard_for(drafted_cast.coordinator, trial.code).recruitment
    planned = replace(recruitment, trial=trial).planned
    assert [planned(date(2026, month, 1)) for month in (1, 6, 12)] == [31, 181, 364]
    assert planned(date(2025, 11, 1)) == 0


def planned_for_a_month(**settings: Any) -> Cast:
    return recruiting("planned", planned_start=date(2026, 3, 1), planned_end=date(2026, 4, 1), **settings)


@pytest.mark.django_db
def test_the_plan_of_an_office_is_what_it_expects_and_runs_to_today(simulated_clock: SimulatedClock) -> None:
    trial = planned_for_a_month(planned_size=310)
    with maintenance(), writing():
        Office.objects.filter(pk=trial.moss.pk).update(planned_size=217)
    simulated_clock.advance(timedelta(days=8))
    planned = {row[0]: row[2] for row in office_table(board_of(trial, trial.coordinator))["rows"]}
    assert planned == {"Nav Moss": 70, "Nav Hurum": 10, "Nav Rygge": 10, "Nav Røyken": 10}, "ten of 31 days"


@pytest.mark.django_db
def test_people_who_come_after_the_plan_s_end_are_no_forecast(simulated_clock: SimulatedClock) -> None:
    trial = planned_for_a_month()
    drawn(trial, "intervention")
    simulated_clock.advance(timedelta(days=100))
    board = board_of(trial, trial.coordinator)
    assert board.recruitment.months[-1] == date(2026, 6, 1)
    assert "er til og med 10.06.2027, med farten" in office_sentence(board), "a year on: the plan has ended"
    quiet = next(row for row in recruitment_chart(board)["rows"] if row[0] == "mai 2026")
    assert quiet[1:3] == ["0", 1]


@pytest.mark.django_db
def test_measures_are_counted_after_recruitment_has_ended_and_till_the_last_of_them(
    simulated_clock: SimulatedClock,
) -> None:
    trial = planned_for_a_month()
    specialist(trial)
    person = drawn(trial, "intervention")
    simulated_clock.advance(timedelta(days=250))
    with acting(trial.siri):
        record_measure(
            by=trial.siri, participant=person, code="ARBTREN", start=date(2026, 9, 1), end=date(2026, 10, 31)
        )
    with acting(trial.lead):
        move_trial(by=trial.lead, trial=trial.trial, to=TrialState.CLOSED, verb="moved")
    going_on = board_of(trial, trial.coordinator).measures
    assert going_on
    assert going_on.months[-1] == date(2026, 11, 1)
    assert sorted({month for month, _arm, _group in going_on.people}) == [date(2026, 9, 1), date(2026, 10, 1)]
    with acting(trial.lead):
        for state in (TrialState.DATA_LOCKED, TrialState.OPENED):
            move_trial(by=trial.lead, trial=trial.trial, to=state, verb="moved")
    forget_memberships(trial.coordinator)
    simulated_clock.advance(timedelta(days=3 * 365))
    over = board_of(trial, trial.coordinator).measures
    assert over
    assert over.months[-1] == date(2026, 10, 1)


def test_the_flow_counts_everyone_once(cast: Cast) -> None:
    post = specialist(cast)
    followed, waiting, control = (drawn(cast, arm) for arm in ("intervention", "intervention", "control"))
    with acting(cast.siri):
        assign(by=cast.siri, participant=followed, specialist=post)
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=control, meaning=Withdrawal.FOLLOW_UP)
        check_eligibility(
            by=cast.kari, office=cast.moss, answers={"reduced_capacity": False, "wants_work": True, "in_work": False}
        )
    consented(cast)
    corrected = registered(cast)
    with acting(cast.kari):
        check = EligibilityCheck.objects.select_related("trial", "office").get(pk=corrected.pk)
        answers = {"reduced_capacity": False, "wants_work": True, "in_work": False}
        check_eligibility(by=cast.kari, office=cast.moss, answers=answers, check=check)
    flow = board_of(cast, cast.coordinator).flow
    assert (flow.assessed, flow.not_eligible, flow.under_way, flow.enrolled, flow.waiting) == (6, 1, 2, 3, 0)
    shown = [(arm.arm.code, arm.drawn, arm.followed, arm.unassigned, arm.withdrawn) for arm in flow.arms]
    assert shown == [("intervention", 2, 1, 1, 0), ("control", 1, 0, 0, 1)]
    assert waiting.number


def test_measures_are_counted_by_arm_month_and_group_with_a_person_once(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    specialist(cast)
    person, control = drawn(cast, "intervention"), drawn(cast, "control")
    with acting(cast.siri):
        for code in ("ARBTREN", "MENTOR", "INDOPPFAG"):
            record_measure(by=cast.siri, participant=person, code=code, start=date(2026, 3, 1), end=date(2026, 3, 31))
        record_measure(by=cast.siri, participant=control, code="ARBTREN", start=date(2026, 2, 1), end=date(2026, 3, 30))
    simulated_clock.advance(timedelta(days=40))
    board = board_of(cast, cast.coordinator)
    in_use, arms = board.measures, {arm.code: arm.pk for arm in board.arms}
    march = {(arm, group): n for (month, arm, group), n in in_use.people.items() if month == date(2026, 3, 1)}
    intervention = arms["intervention"]
    assert march == {(intervention, ANY): 1, (intervention, "work_practice"): 1, (intervention, "follow_up"): 1}


def test_the_loads_of_the_offices_are_those_of_their_specialists(cast: Cast) -> None:
    post = specialist(cast, share=60)
    with acting(cast.siri):
        assign(by=cast.siri, participant=drawn(cast, "intervention"), specialist=post)
    board = board_of(cast, cast.coordinator)
    with acting(cast.coordinator):
        recounted = {office.pk: [each.load for each in caseloads_at([office])[office.pk]] for office in board.offices}
    expected = {key: (sum(one.people for one in of), sum(one.capacity for one in of)) for key, of in recounted.items()}
    assert {key: (load.people, load.capacity) for key, load in board.loads.items()} == expected
    assert expected[cast.moss.pk] == (1, 12)


def test_arms_are_shown_to_those_who_see_people_and_to_all_when_the_trial_is_opened(cast: Cast) -> None:
    drawn(cast, "intervention")
    assert board_of(cast, cast.coordinator).arms_seen
    blinded = board_of(cast, cast.lead)
    assert not blinded.arms_seen
    assert measures_chart(blinded) is None
    assert len(flow_table(blinded)["columns"]) == 2
    assert "Intervensjonsgruppe" not in str(consort.figure(blinded))
    with acting(cast.lead):
        for state in (TrialState.CLOSED, TrialState.DATA_LOCKED, TrialState.OPENED):
            move_trial(by=cast.lead, trial=cast.trial, to=state, verb="moved")
    forget_memberships(cast.lead)
    assert board_of(cast, cast.lead).arms_seen


def test_the_lead_and_the_auditor_see_no_small_counts(cast: Cast) -> None:
    drawn(cast, "intervention")
    seen = {
        name: office_table(board_of(cast, getattr(cast, name)))["rows"][1][1]
        for name in ("coordinator", "lead", "auditor")
    }
    assert seen == {"coordinator": "1", "lead": "<5", "auditor": "<5"}


def test_the_rows_of_a_delivery_are_no_exact_count_of_people_either(cast: Cast) -> None:
    found = SimpleNamespace(report={"coverage": 1.0}, received_at=EVENING, accepted_rows=3, rejected_rows=262)
    delivered = [{"label": "Deltakere", "in_force": found}]
    seen = {}
    for name in ("coordinator", "lead"):
        board = board_of(cast, getattr(cast, name))
        board.__dict__["registers"] = delivered
        seen[name] = register_table(board)["rows"][0][2:4]
        assert register_table(board)["rows"][0][1] == "03.03.2026", "the day in Oslo"
    assert seen == {"coordinator": ["3", "262"], "lead": ["<5", "≈260"]}


def test_a_trial_that_has_no_groups_yet_has_pages_all_the_same(cast: Cast) -> None:
    with maintenance():
        begun = create_trial(by=cast.lead, code="begun", name="Nytt", settings={})
    with acting(cast.lead):
        add_member(by=cast.lead, trial=begun, user=cast.coordinator, role=Role.COORDINATOR)
    client = Client()
    client.force_login(cast.coordinator)
    for name in ("dashboard", "flow", "groups", "data", "reports"):
        assert client.get(reverse(f"monitoring:{name}", args=["begun"])).status_code == 200, name
    assert client.get(reverse("monitoring:report_pdf", args=["begun", "board-unblinded"])).status_code == 200


def test_a_forecast_of_rounded_counts_tells_no_more_than_they_do(cast: Cast) -> None:
    """Two dozen points of a line would give its exact height and slope away."""
    for _person in range(8):
        drawn(cast, "intervention")
    eight = board_of(cast, cast.lead)
    drawn(cast, "control")
    nine = board_of(cast, cast.lead)
    assert recruitment_chart(eight)["rows"] == recruitment_chart(nine)["rows"]
    assert forecast_sentence(eight) == forecast_sentence(nine)
    exact = board_of(cast, cast.coordinator)
    assert recruitment_chart(exact)["rows"] != recruitment_chart(nine)["rows"]


@pytest.mark.parametrize(("user", "status"), [("kari", 403), ("siri", 403), ("analyst", 403), ("outsider", 404)])
def test_the_dashboard_is_for_those_with_the_right(cast: Cast, user: str, status: int) -> None:
    client = Client()
    client.force_login(getattr(cast, user))
    assert client.get(reverse("monitoring:dashboard", args=["se-klar"])).status_code == status


def test_the_page_shows_it_all_and_asks_the_database_seldom(cast: Cast, django_assert_max_num_queries) -> None:
    person = drawn(cast, "intervention")
    with acting(cast.kari):
        record_deviation(by=cast.kari, participant=person, kind="other", reason="Prøve")
    client = Client()
    client.force_login(cast.coordinator)
    with django_assert_max_num_queries(MOST_QUERIES + AROUND):
        page = client.get(reverse("monitoring:dashboard", args=["se-klar"])).content.decode()
    assert "Rekruttering mot plan" in page
    assert "Annet avvik fra protokollen" in page
    assert person.number not in page
