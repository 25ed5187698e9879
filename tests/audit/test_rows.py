"""Rows by prepared statements: the same rows as the ORM's, nothing unseen, and one error for several at once."""

from contextlib import nullcontext
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection

from tests.cast import Cast
from trial.access.planes import maintenance
from trial.audit import clock
from trial.audit.actions import post
from trial.audit.guards import WriteOutsideActionError, writing
from trial.audit.models import AuditEvent, OutboxMessage
from trial.audit.rows import Rows, apart, ask, one_trip, written_together
from trial.studies.models import Membership, Trial

TRIAL = Rows(Trial, "SELECT {columns} FROM studies_trial WHERE id = %s FOR NO KEY UPDATE")


def event(**fields: object) -> AuditEvent:
    return AuditEvent(time=clock.now(), actor="Kari", verb="tested", details={"søsken": [1, None]}, **fields)


def without_state(row: Trial) -> dict:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_a_row_read_by_statement_is_the_orms_row(cast: Cast):
    with maintenance():
        read = TRIAL.ask(cast.trial.pk).one()
        assert without_state(read) == without_state(Trial.objects.get(pk=cast.trial.pk))
        assert TRIAL.ask(0).first() is None
        with pytest.raises(Trial.DoesNotExist):
            TRIAL.ask(0).one()


def test_a_row_added_is_the_row_that_the_orm_reads_back(db):
    with maintenance(), writing():
        made = event(actor_id=5)
        made.added()
        found = AuditEvent.objects.get(pk=made.pk)
    assert (found.details, found.time, found.actor_id) == ({"søsken": [1, None]}, made.time, 5)
    assert not made._state.adding


def test_a_change_writes_the_named_fields_only(cast: Cast):
    with maintenance(), writing():
        stale = Trial.objects.get(pk=cast.trial.pk)
        Trial.objects.filter(pk=cast.trial.pk).update(purpose="Ny")
        stale.changed(name="Annet navn", planned_size=7)
        fresh = Trial.objects.get(pk=cast.trial.pk)
    assert (fresh.purpose, fresh.name, fresh.planned_size) == ("Ny", "Annet navn", 7)


@pytest.mark.parametrize("together", [False, True])
def test_a_change_that_meets_no_row_is_an_error(db, together: bool):
    gone = Membership(pk=999_999)
    with (
        pytest.raises(DatabaseError, match="a change in studies_membership met 0 rows"),
        maintenance(),
        writing(),
        written_together() if together else nullcontext(),
    ):
        gone.changed(valid_to=None)


def test_what_comes_in_the_same_trip_after_an_error_does_not_happen(committed_database):
    def write() -> None:
        post(kind="first", to="a")
        Membership(pk=999_999).changed(valid_to=None)

    together = written_together(then=lambda: ask("COMMIT"))
    with pytest.raises(DatabaseError, match="met 0 rows"), maintenance(), writing(), together:
        write()
    with maintenance():
        assert not OutboxMessage.objects.exists()


def test_columns_left_out_are_read_when_they_are_asked_for(cast: Cast):
    some = Rows(Trial, "SELECT {columns} FROM studies_trial WHERE id = %s", only="id code")
    with maintenance():
        read = some.ask(cast.trial.pk).one()
        assert (read.code, read.get_deferred_fields() >= {"name", "state"}) == (cast.trial.code, True)
        assert read.name == cast.trial.name


@pytest.mark.parametrize("told_apart", [True, False])
def test_a_statement_of_its_own_sees_what_was_written_before(committed_database, told_apart: bool):
    unseen = nullcontext() if told_apart else pytest.raises(DatabaseError, match="met 0 rows")
    with unseen, maintenance(), writing(), written_together():
        message = post(kind="first", to="a")
        if told_apart:
            apart()
        message.changed(attempts=1)
    with maintenance():
        assert [each.attempts for each in OutboxMessage.objects.all()] == ([1] if told_apart else [])


def test_rows_written_together_are_all_there_and_one_changed_twice_has_the_last_value(cast: Cast):
    with maintenance(), writing():
        with written_together():
            for serial in range(40):
                post(kind="many", to=str(serial))
            cast.trial.changed(name="Først")
            cast.trial.changed(name="Sist", purpose="Ny")
        assert OutboxMessage.objects.filter(kind="many").count() == 40
        assert Trial.objects.filter(name="Sist", purpose="Ny").count() == 1


def test_one_trip_gives_the_answers_in_order_and_writes_all(db):
    with maintenance(), writing():
        with one_trip():
            post(kind="first", to="a")
            counted = ask("SELECT count(*) FROM audit_outboxmessage WHERE kind IN ('first', 'second')")
            post(kind="second", to="b")
        assert counted.fetchone() == (1,)
        assert OutboxMessage.objects.filter(kind__in=["first", "second"]).count() == 2


def test_rows_written_together_with_one_error_are_not_written_at_all(committed_database):
    twice = uuid4()

    def write() -> None:
        post(kind="first", to="a")
        event(id=twice).added()
        event(id=twice).added()
        post(kind="second", to="b")

    with pytest.raises(IntegrityError), maintenance(), writing(), written_together():
        write()
    with maintenance():
        assert not OutboxMessage.objects.exists()
    connection.close()


def test_nothing_is_added_or_changed_outside_an_action(cast: Cast):
    for write in (event().added, lambda: cast.trial.changed(name="x")):
        with pytest.raises(WriteOutsideActionError):
            write()
