"""What the database itself refuses: seeds for nobody but the draw, a log that only grows, arms that never change."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.allocation.trials import DrawCast
from tests.cast import acting
from trial.access.planes import DatabaseRole, Plane, entered, maintenance
from trial.allocation import sealing
from trial.allocation.models import Allocation, Checkpoint, LogLeaf, Protocol, SealedSeed
from trial.audit.guards import WriteOutsideActionError
from trial.studies.actions import close_recruitment, lock_data

pytestmark = pytest.mark.slow

SEALED = ["sealedseed", "stratumstate", "idempotencyrecord", "armmask"]
APPEND_ONLY = ["logleaf", "checkpoint"]
PEOPLE_OF_ROLES = {"office": "kari", "coordinator": "lead", "analyst": "analyst"}


@pytest.fixture
def drawn(drawn_trial: DrawCast) -> DrawCast:
    """Three people of Moss and one of Hurum, drawn."""
    for person in drawn_trial.people(3):
        drawn_trial.enrol(person)
    hanne = drawn_trial.cast.hanne
    drawn_trial.enrol(drawn_trial.people(1, office=drawn_trial.cast.hurum, by=hanne)[0], by=hanne)
    drawn_trial.draw()
    return drawn_trial


def ask(statement: str, *parameters: object) -> list[tuple]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("table", SEALED)
@pytest.mark.parametrize("role", PEOPLE_OF_ROLES)
def test_only_the_draw_reads_what_is_sealed(drawn: DrawCast, role: str, table: str):
    with acting(getattr(drawn.cast, PEOPLE_OF_ROLES[role])), pytest.raises(DatabaseError, match="permission denied"):
        ask("TABLE allocation_" + table)


def test_without_a_plane_there_is_not_one_row(drawn: DrawCast):
    for model in (SealedSeed, LogLeaf, Allocation, Protocol):
        assert model.objects.count() == 0


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET trial_id = trial_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nobody_changes_the_log_not_even_its_owner(locked_trial: DrawCast, table: str, statement: str):
    with maintenance():
        ask("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come is not truncated for that reason
    with maintenance(), pytest.raises(DatabaseError, match="append-only"):
        ask(statement.format(f"allocation_{table}"))


def test_a_locked_protocol_and_a_drawn_arm_never_change(drawn: DrawCast):
    for statement in (
        "UPDATE allocation_protocol SET reason = 'x'",
        "DELETE FROM allocation_protocol",
        "UPDATE allocation_allocation SET drawn_at = now()",
        "DELETE FROM allocation_allocation",
    ):
        with maintenance(), pytest.raises(DatabaseError, match="append-only"):
            ask(statement)


def test_an_office_sees_the_arms_of_its_own_people(drawn: DrawCast):
    with acting(drawn.cast.kari):
        assert Allocation.objects.count() == 3
    with acting(drawn.cast.hanne):
        assert Allocation.objects.count() == 1
    with acting(drawn.cast.kari), pytest.raises(DatabaseError, match="permission denied"):
        ask("UPDATE allocation_allocation SET arm_id = arm_id")


def test_research_sees_letters_until_the_data_are_locked_and_never_the_table(drawn: DrawCast):
    cast = drawn.cast
    with acting(cast.analyst):
        masked = ask("SELECT participant_number, office, arm, start_date::text FROM allocation_research ORDER BY 1")
        with pytest.raises(DatabaseError, match="permission denied"):
            ask("SELECT * FROM allocation_allocation")
    assert len(masked) == 4
    assert {arm for _, _, arm, _ in masked} <= {"A", "B"}
    assert {office for _, office, _, _ in masked} == {"Moss", "Hurum"}
    assert {start for *_, start in masked} == {"2026-03-02"}
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
        lock_data(by=cast.lead, trial=cast.trial)
    with acting(cast.analyst):
        unmasked = dict(ask("SELECT participant_number, arm FROM allocation_research"))
    assert set(unmasked.values()) <= {"intervention", "control"}
    letters = {(arm, unmasked[number]) for number, _, arm, _ in masked}
    assert len(letters) == len({arm for arm, _ in letters})


def test_research_of_another_trial_sees_nobody(drawn: DrawCast):
    with entered(Plane(DatabaseRole.ANALYST, trials=(drawn.trial.pk + 1,))):
        assert ask("SELECT * FROM allocation_research") == []


def test_the_masked_view_leaves_no_door_open_behind_it(drawn: DrawCast):
    with acting(drawn.cast.analyst):
        ask("SELECT count(*) FROM allocation_research")
        assert ask("SELECT current_setting('app.maintenance', true)") == [("",)]


@pytest.mark.parametrize("role", ["office", "analyst"])
def test_the_log_is_read_on_the_trial_plane_only(drawn: DrawCast, role: str):
    with acting(getattr(drawn.cast, PEOPLE_OF_ROLES[role])), pytest.raises(DatabaseError, match="permission denied"):
        ask("SELECT * FROM allocation_logleaf")


def test_nothing_is_written_outside_an_action(drawn: DrawCast):
    with maintenance():
        place, leaf = Allocation.objects.first(), LogLeaf.objects.first()
        for write in (place.save, leaf.delete, Checkpoint.objects.all().delete):
            with pytest.raises(WriteOutsideActionError):
                write()


def test_a_sealed_seed_opens_only_with_its_key_and_at_its_place(drawn: DrawCast, settings):
    with maintenance():
        sealed = SealedSeed.objects.get()
    seed = sealing.unseal(sealed.sealed, commitment=sealed.commitment)
    assert len(seed) == 32
    assert seed not in bytes(sealed.sealed)
    with pytest.raises(sealing.UnsealError):
        sealing.unseal(sealed.sealed, commitment="0" * 64)
    with pytest.raises(sealing.UnsealError):
        sealing.unseal(bytes(sealed.sealed)[:-1] + b"x", commitment=sealed.commitment)
    settings.SEED_KEY = "55" * 32
    with pytest.raises(sealing.UnsealError):
        sealing.unseal(sealed.sealed, commitment=sealed.commitment)
