"""Two persons at once, each of whom saw that nobody had done it yet: the database takes one, the other is told so."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.allocation.trials import DrawCast, drawing
from tests.cast import acting, new_user
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.allocation.models import Recovery
from trial.allocation.recovery import request_recovery
from trial.audit.clock import SimulatedClock, simulated
from trial.audit.guards import writing
from trial.config.middleware import PlaneMiddleware
from trial.config.problems import problem_response
from trial.studies.actions import add_member
from trial.studies.models import Arm

Act = Callable[[DrawCast], None]
LATE = "Noen andre har endret dette mens du skrev."


@pytest.mark.slow
def test_who_is_second_reads_why_and_what_stands_now(committed_database: None, simulated_clock: SimulatedClock) -> None:
    made = drawing()
    with maintenance():
        other = new_user("forsker-2", "Frida Forsker")
    with acting(made.cast.lead):
        add_member(by=made.cast.lead, trial=made.trial, user=other, role=Role.RESEARCHER)
    page = Client()
    page.force_login(other)
    with asked_and_not_yet_committed(made, simulated_clock) as commit:
        answer = page.post(reverse("allocation:key", args=[made.trial.code]), {"reason": "Minnepinnen er borte."})
        assert commit.is_set()  # the page waited for the other one
    assert answer.status_code == 200
    assert LATE in answer.content.decode()
    assert "Maskinen ble stjålet." in answer.content.decode()
    with maintenance():
        assert Recovery.objects.get().requested_by == made.cast.researcher


@contextmanager
def asked_and_not_yet_committed(made: DrawCast, clock: SimulatedClock) -> Iterator[Event]:
    """The researcher has asked for the key; the transaction ends as soon as another one waits for it."""
    asked, commit = Event(), Event()

    def ask() -> None:
        with simulated(clock.moment):
            try:
                with acting(made.cast.researcher):
                    request_recovery(by=made.cast.researcher, trial=made.trial, reason="Maskinen ble stjålet.")
                    asked.set()
                    someone_waits()
                    commit.set()
            finally:
                asked.set()
                connection.close()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask)
        assert asked.wait(20)
        yield commit
        first.result(20)


def someone_waits() -> None:
    with connection.cursor() as cursor:
        for _look in range(400):
            cursor.execute("SELECT pg_sleep(0.05), count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[1]:
                return
    raise AssertionError("nobody came second")


def doubled(made: DrawCast) -> None:
    """A row that exists: the database refuses it."""
    twin = Arm.objects.filter(trial=made.trial)[0]
    twin.pk = None
    with writing(), transaction.atomic():
        twin.save(force_insert=True)


def broken(made: DrawCast) -> None:
    """A row that may not exist: a fault of ours, whoever was first."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("UPDATE studies_arm SET ratio = -1 WHERE trial_id = %s", [made.trial.pk])


@pytest.fixture
def made(db: None, simulated_clock: SimulatedClock) -> DrawCast:
    return drawing()


@pytest.mark.parametrize(("act", "told"), [(doubled, (409, "changed_meanwhile")), (broken, None)])
def test_a_program_is_told_with_a_stable_code(made: DrawCast, act: Act, told: tuple[int, str] | None) -> None:
    with maintenance(), pytest.raises(IntegrityError) as caught:
        act(made)
    with transaction.atomic():
        answer = problem_response(caught.value, {"request": None})
    assert (answer and (answer.status_code, answer.data["code"])) == told


def test_a_button_is_told_on_a_page_and_a_fault_stays_a_fault(made: DrawCast) -> None:
    request = RequestFactory().post("/")
    request.user = made.cast.lead

    def pressed(act: Act) -> HttpResponse | None:
        def view(_request: HttpRequest) -> None:
            with maintenance():
                act(made)

        return PlaneMiddleware(lambda _request: HttpResponse()).process_view(request, view, (), {})

    answer = pressed(doubled)
    assert answer is not None
    assert answer.status_code == 409
    assert LATE in answer.content.decode()
    with pytest.raises(IntegrityError):
        pressed(broken)
