"""Every number of the flow leads to the list behind it, and the list has as many people as the number says."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import acting
from tests.factories import consented, registered
from tests.followup.people import drawn, specialist
from trial.enrolment.actions import check_eligibility, withdraw
from trial.enrolment.states import Withdrawal
from trial.followup.actions import assign, record_deviation, take_back_deviation
from trial.monitoring import consort
from trial.monitoring.lists import STEPS, rows_of
from trial.monitoring.queries import dashboard_for

pytestmark = pytest.mark.slow
LINK = re.compile(r'<a class="app-figure__link" href="([^"]+)"><text.*?\(n = (\d+)\)')


@pytest.fixture
def lived(cast):
    """People at every step of the flow, and in every way out of it."""
    post = specialist(cast)
    with acting(cast.kari):
        no = {"reduced_capacity": False, "wants_work": True, "in_work": False}
        check_eligibility(by=cast.kari, office=cast.moss, answers=no)
    people = [drawn(cast, arm) for arm in ("intervention",) * 4 + ("control",) * 3]
    with acting(cast.siri):
        for person in people[:2]:
            assign(by=cast.siri, participant=person, specialist=post)
    with acting(cast.kari):
        record_deviation(by=cast.kari, participant=people[4], kind="control_followed", reason="Traff spesialisten")
        record_deviation(by=cast.kari, participant=people[0], kind="not_assigned", reason="Ferie")
        record_deviation(by=cast.kari, participant=people[0], kind="other", reason="Byttet kontor")
        mistaken = record_deviation(by=cast.kari, participant=people[5], kind="other", reason="Feil person")
        take_back_deviation(by=cast.kari, deviation=mistaken, reason="other_person")
        for person, meaning in zip(people[1:4], Withdrawal, strict=True):
            withdraw(by=cast.kari, participant=person, meaning=meaning)
        withdraw(by=cast.kari, participant=registered(cast), meaning=Withdrawal.EVERYTHING)
    consented(cast)
    return cast


def page_of(user, name, *args):
    client = Client()
    client.force_login(user)
    return client.get(reverse(f"monitoring:{name}", args=["se-klar", *args]))


def test_the_steps_are_those_of_consort_2025(lived):
    with acting(lived.coordinator):
        found = {
            row.step: (row.count, *row.by_arm) for row in consort.rows(dashboard_for(lived.coordinator, "se-klar"))
        }
    assert found == {
        "assessed": (10,),
        "not-eligible": (1,),
        "declined": (1,),
        "under-way": (1,),
        "enrolled": (7,),
        "waiting": (0,),
        "randomised": (7,),
        "allocated": (7, 4, 3),
        "received": (4, 2, 2),
        "not-received": (3, 2, 1),
        "deviated": (2, 1, 1),
        "stopped": (1, 1, 0),
        "lost": (2, 2, 0),
        "completed": (0, 0, None),  # nobody of a control group has a specialist to be done with
        "analysed": (6, 3, 3),
        "excluded": (1, 1, 0),
    }


def test_a_step_s_count_is_the_length_of_its_list(lived):
    with acting(lived.coordinator):
        board = dashboard_for(lived.coordinator, "se-klar")
        for row in consort.rows(board):
            step = STEPS[row.step]
            if not step.of_arm:
                assert rows_of(lived.trial, step, None).count() == row.count, row.step
            for arm, number in zip(board.arms, row.by_arm, strict=False):
                assert rows_of(lived.trial, step, arm).count() == (number or 0), (row.step, arm.code)


def test_every_number_of_the_figure_is_a_link_to_its_list(lived):
    client = Client()
    client.force_login(lived.coordinator)
    figure = client.get(reverse("monitoring:flow", args=["se-klar"])).content.decode()
    found = LINK.findall(figure)
    assert len(found) == len(re.findall(r"\(n = ", figure))
    assert len(found) >= 20
    for url, number in found:
        page = client.get(url)
        assert page.status_code == 200
        assert page.context["page"].paginator.count == int(number), url


@pytest.mark.parametrize("width", [120, 169, 229, 340])
def test_what_is_too_long_for_its_box_goes_on_below_with_its_number_whole(width):
    line = consort.Line("Ekskludert fra analysen: vil ha alt slettet (n = 123)", "/list/")
    box = consort.Box(0, 0, [line], width)
    ((found, parts),) = box.texts
    assert (found, " ".join(part for _y, part in parts)) == (line, line.text)
    assert all(len(part) * consort.LETTER <= width for _y, part in parts)
    assert "(n = 123)" in parts[-1][1]
    assert parts[-1][0] < box.bottom - 4


def test_who_sees_no_people_gets_protected_numbers_and_no_list(lived):
    page = page_of(lived.lead, "flow").content.decode()
    assert "app-figure__link" not in page
    assert "(n = &lt;5)" in page
    assert page_of(lived.lead, "flow_list", "randomised").status_code == 403
    assert page_of(lived.lead, "flow_arm_list", "lost", "control").status_code == 403


@pytest.mark.parametrize(
    ("name", "args"),
    [("flow_list", ("allocated",)), ("flow_arm_list", ("randomised", "control")), ("flow_arm_list", ("lost", "none"))],
)
def test_a_list_that_is_not_counted_so_is_not_there(lived, name, args):
    assert page_of(lived.coordinator, name, *args).status_code == 404


def test_a_list_links_to_the_person_and_names_nobody(lived):
    page = page_of(lived.coordinator, "flow_arm_list", "excluded", "intervention").content.decode()
    assert len(re.findall(r"/participants/[A-ZÆØÅ]{3}-", page)) == 1
    assert "Kontor" in page
