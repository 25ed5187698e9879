"""Notices leave after the commit that caused them, at least once, and not for ever."""

from datetime import timedelta
from itertools import pairwise
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.message import sanitize_address
from django.db import connection

from tests.cast import acting
from trial.access.planes import DatabaseRole, Plane, entered
from trial.audit.actions import action, post
from trial.audit.models import OutboxMessage
from trial.audit.outbox import MOST_ATTEMPTS, send_all


@action
def _post(*, by: None, to: str) -> OutboxMessage:
    return post(kind="run_done", to=to, run="7")


def _left() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true), set_config('app.maintenance', 'on', true)")
    return OutboxMessage.objects.filter(sent_at=None).count()


@pytest.fixture
def posted(cast) -> None:
    with acting(cast.kari):
        _post(by=None, to="anne@example.no")


def test_a_notice_is_sent_once(posted):
    assert [send_all(), send_all()] == [1, 0]
    assert [message.to for message in mail.outbox] == [["anne@example.no"]]
    assert _left() == 0


def test_a_user_name_is_resolved_and_an_account_without_address_is_no_error(cast):
    cast.analyst.email = "analyst@example.no"
    cast.analyst.save()
    with acting(cast.analyst):
        _post(by=None, to=cast.analyst.username)
        _post(by=None, to=cast.checker.username)
    send_all()
    assert [message.to for message in mail.outbox] == [["analyst@example.no"]]
    assert _left() == 0


def test_a_server_that_does_not_answer_is_tried_again_later_and_in_the_end_left_alone(
    posted, simulated_clock, monkeypatch
):
    tries = []

    def fails(*_mail: object) -> None:
        tries.append(simulated_clock.moment)
        raise SMTPServerDisconnected

    monkeypatch.setattr("trial.audit.outbox.send_mail", fails)
    for _minute in range(24 * 60):
        send_all()
        simulated_clock.advance(timedelta(minutes=1))
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) == MOST_ATTEMPTS
    assert waits == sorted(waits)
    assert _left() == 1


def test_a_notice_that_has_waited_long_is_tried_once_in_a_run(posted, simulated_clock, monkeypatch):
    tries = []

    def fails(*_mail: object) -> None:
        tries.append(simulated_clock.moment)
        raise SMTPServerDisconnected

    monkeypatch.setattr("trial.audit.outbox.send_mail", fails)
    simulated_clock.advance(timedelta(days=1))  # no worker ran
    send_all()
    assert len(tries) == 1
    monkeypatch.undo()
    assert send_all() == 1


def test_a_notice_that_cannot_be_written_holds_no_other_back(cast, monkeypatch):
    def sends(subject: str, body: str, sender: None, to: list[str]) -> int:
        sanitize_address(to[0], "utf-8")  # as the mail server's connection does
        return mail.send_mail(subject, body, sender, to)

    monkeypatch.setattr("trial.audit.outbox.send_mail", sends)
    with acting(cast.kari):
        _post(by=None, to="anne@@example.no")
        _post(by=None, to="anne@example.no")
    assert send_all() == 1
    assert [message.to for message in mail.outbox] == [["anne@example.no"]]
    assert _left() == 1


@pytest.mark.parametrize(("active", "told"), [(True, [["analyst@example.no"]]), (False, [])])
def test_a_user_name_that_looks_like_an_address_is_a_user_name(cast, active, told):
    cast.analyst.username, cast.analyst.email, cast.analyst.is_active = "ana@nav", "analyst@example.no", active
    cast.analyst.save()
    with acting(cast.kari):
        _post(by=None, to="ana@nav")
    send_all()
    assert [message.to for message in mail.outbox] == told
    assert _left() == 0


def test_nobody_reads_the_outbox_but_its_sender(posted, cast):
    assert not OutboxMessage.objects.exists()
    with entered(Plane(DatabaseRole.ANALYST, cast.analyst.pk, trials=(cast.trial.pk,))):
        assert not OutboxMessage.objects.exists()


def test_a_notice_tells_nothing_but_that_something_waits(posted):
    send_all()
    assert "Logg inn" in mail.outbox[0].body
    assert "run" not in mail.outbox[0].body
