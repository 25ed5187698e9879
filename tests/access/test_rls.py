"""Every table with people stands behind forced row-level security; a new table fails here until someone decides."""

import pytest
from django.apps import apps
from django.db import connection

from trial.access.rls import Grant, Protect

PEOPLES_COLUMNS = {"office_id", "participant_id", "subject"}
# Tables that name an office but no participant: who works where, readable on every plane.
WITHOUT_PEOPLE = {"studies_membership"}


def tables_with_people():
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("trial.")
        and PEOPLES_COLUMNS & {field.column for field in model._meta.concrete_fields}
        and model._meta.managed
        and model._meta.db_table not in WITHOUT_PEOPLE
    )


def test_the_list_of_tables_finds_the_ones_that_matter():
    assert {"identity_identityrecord", "enrolment_participant", "enrolment_consent"} <= set(tables_with_people())


def test_every_table_with_people_forces_row_level_security(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relrowsecurity AND relforcerowsecurity",
            [tables_with_people()],
        )
        forced = {name for (name,) in cursor.fetchall()}
    assert set(tables_with_people()) - forced == set()


def test_nobody_but_offices_has_a_grant_on_identity(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT grantee FROM information_schema.role_table_grants "
            "WHERE table_name = 'identity_identityrecord' AND grantee <> current_user"
        )
        assert cursor.fetchall() == [("office",)]


def test_no_table_is_granted_to_everyone(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' "
            "AND table_schema = 'public'"
        )
        assert cursor.fetchall() == []


def test_a_misspelled_role_is_an_error_and_no_open_table():
    with pytest.raises(ValueError, match="unknown database roles"):
        Protect("some_table", grants={"ofice": "SELECT"}).statements()


def test_a_table_without_grants_gets_no_policy_but_the_owners():
    lines = Protect("some_table", grants={"analyst": ""}).statements()
    assert not [line for line in lines if "GRANT" in line]
    assert len([line for line in lines if "CREATE POLICY" in line]) == 1


def test_a_grant_is_written_for_each_role():
    assert Grant("some_table", {"office": "SELECT"}).statements() == ["GRANT SELECT ON some_table TO office"]
