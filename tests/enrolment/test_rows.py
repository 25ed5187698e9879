"""Who sees which rows, asked of PostgreSQL without any filter of ours; and what cannot be changed by anyone."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.cast import REGISTERS, acting
from tests.factories import consented, registered
from trial.access.planes import DatabaseRole, Plane, entered, maintenance
from trial.audit.guards import writing
from trial.enrolment import actions
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant
from trial.enrolment.states import Withdrawal

TABLES = [EligibilityCheck, Participant, Consent]


@pytest.fixture
def people(cast):
    """One at Moss, one at Hurum."""
    return consented(cast), consented(cast, by=cast.hanne, office=cast.hurum)


@pytest.mark.parametrize("model", TABLES)
def test_each_office_sees_its_own_people_only(cast, people, model):
    for user, office in ((cast.kari, cast.moss), (cast.hanne, cast.hurum), (cast.jon, cast.moss)):
        with acting(user):
            assert {row.office_id for row in model.objects.all()} == {office.pk}
    with maintenance():
        assert model.objects.count() == 2, "control: both rows are there"


@pytest.mark.parametrize("model", TABLES)
def test_without_a_plane_or_with_an_empty_one_there_are_no_rows(cast, people, model):
    assert model.objects.count() == 0
    for role in (DatabaseRole.OFFICE, DatabaseRole.COORDINATOR):
        with entered(Plane(role)):
            assert model.objects.count() == 0


@pytest.mark.parametrize("model", TABLES)
def test_the_trial_plane_sees_its_trials_people_and_changes_nothing(cast, people, model):
    with acting(cast.coordinator):
        assert model.objects.count() == 2
    with pytest.raises(ProgrammingError, match="permission denied"), writing(), acting(cast.coordinator):
        model.objects.update(office=cast.moss)
    with entered(Plane(DatabaseRole.COORDINATOR, trials=(cast.trial.pk + 1,))):
        assert model.objects.count() == 0


def test_an_office_writes_no_row_into_another(cast):
    with pytest.raises(ProgrammingError, match="row-level security"), writing(), acting(cast.kari):
        EligibilityCheck.objects.create(
            trial=cast.trial, office=cast.hurum, checked_at="2026-03-02T08:00Z", checked_by=cast.kari
        )


@pytest.mark.parametrize("column", ["number", "office_id", "trial_id", "registered_at"])
def test_an_office_cannot_change_what_a_number_stands_for(cast, people, column):
    with pytest.raises(ProgrammingError, match="permission denied"), acting(cast.kari), connection.cursor() as cursor:
        cursor.execute(f"UPDATE enrolment_participant SET {column} = {column}")  # noqa: S608 - a list above


def test_nobody_changes_the_stratum_of_a_place_in_the_draw(cast):
    one = consented(cast)
    move = "UPDATE enrolment_participant SET stratum = 'Hurum' WHERE key = %s"
    with acting(cast.kari), connection.cursor() as cursor:
        cursor.execute(move, [one.pk])
        assert cursor.rowcount == 1, "control: before the enrolment corrected answers may change it"
        cursor.execute("UPDATE enrolment_participant SET stratum = 'Moss' WHERE key = %s", [one.pk])
        actions.mark_enrolled(by=cast.kari, participant=one)
    with pytest.raises(IntegrityError, match="append-only"), acting(cast.kari), connection.cursor() as cursor:
        cursor.execute(move, [one.pk])


def test_research_sees_numbers_and_states_and_nobody_who_recorded_them(cast, people):
    with acting(cast.analyst):
        numbers = set(Participant.objects.values_list("number", flat=True))
    assert numbers == {person.number for person in people}
    for model, column in ((Participant, "registered_by"), (Consent, "paper_reference")):
        with pytest.raises(ProgrammingError, match="permission denied"), acting(cast.analyst):
            list(model.objects.values_list(column, flat=True))
    with pytest.raises(ProgrammingError, match="permission denied"), acting(cast.analyst):
        EligibilityCheck.objects.count()


def _consented_registers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT participant_number, register FROM enrolment_consented")
        return sorted(cursor.fetchall())


def test_research_reads_which_registers_each_enrolled_person_agreed_to(cast, people):
    moss, _hurum = people
    with acting(cast.kari):
        actions.mark_enrolled(by=cast.kari, participant=moss)
    with acting(cast.analyst):
        assert _consented_registers() == sorted((moss.number, register) for register in REGISTERS)
    with acting(cast.kari):
        actions.withdraw(by=cast.kari, participant=moss, meaning=Withdrawal.FOLLOW_UP)
    with acting(cast.analyst):
        assert len(_consented_registers()) == len(REGISTERS)
    with acting(cast.kari):
        actions.withdraw(by=cast.kari, participant=moss, meaning=Withdrawal.NEW_DATA)
    with acting(cast.analyst):
        assert _consented_registers() == []


def test_the_coverage_view_shows_nothing_of_other_trials(cast, people):
    with acting(cast.kari):
        actions.mark_enrolled(by=cast.kari, participant=people[0])
    with entered(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk + 1,))):
        assert _consented_registers() == []


def test_the_draw_moves_a_state_and_nothing_else(cast, people):
    with entered(Plane(DatabaseRole.DRAW)):
        actions.mark_enrolled(by=cast.kari, participant=people[0])
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), writing():
            Participant.objects.update(stratum="Hurum")


@pytest.mark.parametrize(
    "change", ["UPDATE enrolment_consentform SET text_nb = ''", "DELETE FROM enrolment_consentform"]
)
def test_a_published_form_cannot_be_changed_even_by_the_owner(cast, change):
    with pytest.raises(IntegrityError, match="append-only"), maintenance(), connection.cursor() as cursor:
        cursor.execute(change)
    with maintenance():
        assert ConsentForm.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        "SET state = 'sleeping'",
        "SET state = 'withdrawn'",
        "SET state = 'enrolled'",
        "SET enrolled_at = now()",
        "SET withdrawn_at = now()",
    ],
)
def test_half_a_state_is_refused_by_the_database(cast, change):
    registered(cast)
    with pytest.raises(IntegrityError), maintenance(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE enrolment_participant {change}")
