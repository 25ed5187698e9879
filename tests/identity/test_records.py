"""Who a participant is stays with the own office, encrypted in the database, once per trial, and can be erased."""

import pytest
from cryptography.exceptions import InvalidTag
from django.db import ProgrammingError, connection

from tests.cast import acting, recruiting
from tests.factories import registered, synthetic_person
from trial.access.planes import DatabaseRole, Plane, entered, maintenance
from trial.access.refusals import Refusal
from trial.identity.actions import erase, keep
from trial.identity.models import IdentityRecord, Person
from trial.identity.queries import find, named_like, names_of, person_of

NORA = Person(name="Nora Testvik", national_id=synthetic_person(3).national_id, contact="nora@example.org")

COLUMNS = [field.column for field in IdentityRecord._meta.concrete_fields]


def _stored(subject):
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM identity_identityrecord WHERE subject = %s", [subject])
        row = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    return tuple(row[column] for column in COLUMNS)


def test_the_own_office_reads_the_person(cast):
    participant = registered(cast, person=NORA)
    with acting(cast.kari):
        assert person_of(participant.key) == NORA
        assert names_of([participant.key], seen_by=cast.kari) == {participant.key: "Nora Testvik"}
        assert find(NORA.national_id, trial_code="se-klar") == participant.key
        assert named_like("test nor", trial_code="se-klar") == [participant.key]
        assert named_like("Aksel", trial_code="se-klar") == []


def test_the_database_holds_no_clear_text(cast):
    stored = _stored(registered(cast, person=NORA).key)
    everything = b"".join(bytes(value) for value in stored if isinstance(value, bytes | memoryview))
    assert len(everything) > 100
    for secret in ("Nora", NORA.national_id, "nora@example.org"):
        assert secret.encode() not in everything


def test_another_office_reads_nobody(cast):
    participant = registered(cast, person=NORA)
    with acting(cast.hanne):
        assert person_of(participant.key) == Person()
        assert names_of([participant.key], seen_by=cast.hanne) == {}
        assert named_like("Nora", trial_code="se-klar") == []
        assert IdentityRecord.objects.count() == 0
    with acting(cast.kari):
        assert IdentityRecord.objects.count() == 1, "control: the row is there for its own office"


def test_without_a_plane_there_is_nobody(cast):
    registered(cast, person=NORA)
    assert IdentityRecord.objects.count() == 0
    with entered(Plane(DatabaseRole.OFFICE)):
        assert IdentityRecord.objects.count() == 0
    with maintenance():
        assert IdentityRecord.objects.count() == 1, "control: the row exists"


@pytest.mark.parametrize("who", ["coordinator", "researcher", "lead", "analyst", "data_manager", "checker", "auditor"])
def test_no_other_plane_has_any_right_here(cast, who):
    registered(cast, person=NORA)
    with pytest.raises(ProgrammingError, match="permission denied"), acting(getattr(cast, who)):
        IdentityRecord.objects.count()


def test_the_draw_has_no_right_here_either(cast):
    with pytest.raises(ProgrammingError, match="permission denied"), entered(Plane(DatabaseRole.DRAW)):
        IdentityRecord.objects.count()


def test_the_same_person_is_refused_at_the_same_office(cast):
    registered(cast, person=NORA)
    with pytest.raises(Refusal) as refused:
        registered(cast, person=NORA)
    assert (refused.value.code, refused.value.field) == ("already_in_trial", "national_id")


def test_the_same_person_is_refused_at_another_office_without_naming_it(cast):
    registered(cast, person=NORA)
    with pytest.raises(Refusal) as refused:
        registered(cast, by=cast.hanne, office=cast.hurum, person=NORA)
    assert refused.value.code == "already_in_trial"
    assert "Moss" not in str(refused.value.sentence)


@pytest.mark.slow
def test_the_same_person_may_be_in_another_trial(cast):
    registered(cast, person=NORA)
    other = recruiting("se-klar-2")
    assert registered(other, person=NORA).trial == other.trial


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE identity_identityrecord a SET name = b.name, wrapped_key = b.wrapped_key "
        "FROM identity_identityrecord b WHERE a.subject <> b.subject",
        "UPDATE identity_identityrecord a SET name = b.name "
        "FROM identity_identityrecord b WHERE a.subject <> b.subject",
        "UPDATE identity_identityrecord SET name = contact",
    ],
    ids=["row with its key", "row", "column"],
)
def test_a_ciphertext_moved_in_the_database_raises(cast, swap):
    one, two = registered(cast, person=NORA), registered(cast)
    with maintenance(), connection.cursor() as cursor:
        cursor.execute(swap)
    with acting(cast.kari):
        for participant in (one, two):
            with pytest.raises(InvalidTag):
                person_of(participant.key)


def test_correcting_a_person_keeps_the_key_and_moves_the_index(cast):
    participant = registered(cast, person=NORA)
    corrected = Person(NORA.name, synthetic_person(77).national_id)
    with acting(cast.kari):
        keep(
            by=cast.kari,
            subject=participant.key,
            trial_code="se-klar",
            office_id=cast.moss.pk,
            person=corrected,
        )
        assert person_of(participant.key) == corrected
        assert find(NORA.national_id, trial_code="se-klar") is None


def test_an_erased_person_is_gone_and_stays_gone_in_a_backup(cast):
    participant = registered(cast, person=NORA)
    backup = _stored(participant.key)
    with acting(cast.kari):
        erase(by=cast.kari, subject=participant.key)
        erase(by=cast.kari, subject=participant.key)
        assert person_of(participant.key) == Person()
        assert names_of([participant.key], seen_by=cast.kari) == {}
        assert find(NORA.national_id, trial_code="se-klar") is None
    now = dict(zip(COLUMNS, _stored(participant.key), strict=True))
    before = dict(zip(COLUMNS, backup, strict=True))
    assert before["wrapped_key"] is not None
    assert {now[column] for column in ("wrapped_key", "name", "national_id", "contact", "blind_index")} == {None}
    assert now["key_destroyed_by"] == cast.kari.pk


def test_a_person_never_shows_in_an_error():
    assert "Nora" not in repr(NORA)
