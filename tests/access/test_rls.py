"""Every table with people or offices stands behind forced row-level security; a new table fails here until it does."""

import pytest
from django.db import connection

from trial.access.rls import Grant, Protect

NAMES_PEOPLE_OR_OFFICES = ["office_id", "trial_id", "participant_id", "subject", "trial_code"]


def tables_with_people_or_offices():
    """From the database itself, so that a table without a model counts too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.table_name FROM information_schema.columns c "
            "JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.column_name = ANY(%s)",
            [NAMES_PEOPLE_OR_OFFICES],
        )
        return {name for (name,) in cursor.fetchall()}


def protected_tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        return {name for (name,) in cursor.fetchall()}


def test_the_list_of_tables_finds_the_ones_that_matter(db):
    wanted = {"identity_identityrecord", "enrolment_participant", "studies_membership", "studies_office", "studies_arm"}
    assert wanted <= tables_with_people_or_offices()


def test_every_table_with_people_or_offices_forces_row_level_security(db):
    assert tables_with_people_or_offices() - protected_tables() == set()


def test_control_a_table_that_somebody_forgot_is_found(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (id int, office_id bigint)")
    assert tables_with_people_or_offices() - protected_tables() == {"forgotten"}


@pytest.mark.parametrize(
    "table",
    ["access_apitoken", "django_session", "mfa_authenticator", "axes_accessattempt", "socialaccount_socialaccount",
     "access_cache"],
)  # fmt: skip
def test_no_plane_reads_what_sign_in_keeps(db, table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT grantee FROM information_schema.role_table_grants WHERE table_name = %s "
            "AND grantee IN ('office', 'coordinator', 'analyst', 'draw', 'respondent')",
            [table],
        )
        assert cursor.fetchall() == []


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
