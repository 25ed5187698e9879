"""Migration operations that put a table on its planes: grants, row-level security, append-only triggers.

`app_offices()`, `app_trials()` and `app_user()` read the settings of the transaction (see `planes`). They are plain
SQL functions without arguments, so PostgreSQL evaluates them once per query and can use an index on the column.
"""

from collections.abc import Mapping
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ROLES = ("office", "coordinator", "analyst", "draw", "respondent", "linkage")

Rule = str | tuple[str, str]

CREATE_ROLE_TEMPLATE = """
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[%s] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %%I NOINHERIT', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT EXISTS (
      SELECT 1 FROM pg_auth_members m WHERE m.roleid = name::regrole AND m.member = current_user::regrole
        AND m.set_option
    ) THEN
      EXECUTE format('GRANT %%I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE', name);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %%I', name);
  END LOOP;
END $$;
"""


def create_roles(*names: str) -> str:
    """SQL that makes the database roles where they are missing and lets the migrating account speak as them."""
    return CREATE_ROLE_TEMPLATE % ", ".join(f"'{name}'" for name in names)


CREATE_FUNCTIONS = """
CREATE FUNCTION app_offices() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(string_to_array(nullif(current_setting('app.offices', true), ''), ',')::bigint[], '{}') $$;
CREATE FUNCTION app_trials() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(string_to_array(nullif(current_setting('app.trials', true), ''), ',')::bigint[], '{}') $$;
CREATE FUNCTION app_user() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.user', true), '')::bigint $$;
CREATE FUNCTION app_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: it is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class _TableOperation(Operation):
    """An operation on one table that needs no state and is undone with the table itself."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing in Django's own picture of the schema changes."""

    def statements(self) -> list[str]:
        raise NotImplementedError

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        for statement in self.statements():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Policies, grants and triggers go with the table."""


class Protect(_TableOperation):
    """Force row-level security on a table and grant it to the planes.

    `grants`: database role -> what it may do, e.g. ``{"office": "SELECT, INSERT"}``; a role left out may do nothing.
    `rows`: database role -> SQL condition for the rows it sees and writes, or a pair (sees, writes); default: all.
    """

    def __init__(self, table: str, grants: Mapping[str, str], rows: Mapping[str, Rule] | None = None) -> None:
        super().__init__(table)
        self.grants = grants
        self.rows = rows or {}

    def describe(self) -> str:
        return f"Row-level security and grants of {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table, self.grants, self.rows], {}

    def statements(self) -> list[str]:
        unknown = (set(self.grants) | set(self.rows)) - set(ROLES)
        if unknown:
            raise ValueError(f"unknown database roles: {sorted(unknown)}")
        return [
            f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {self.table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY maintenance ON {self.table} TO CURRENT_USER "
            "USING (current_setting('app.maintenance', true) = 'on')",
            *(line for role, rights in self.grants.items() if rights for line in self._open(role, rights)),
        ]

    def _open(self, role: str, rights: str) -> list[str]:
        rule = self.rows.get(role, "true")
        sees, writes = rule if isinstance(rule, tuple) else (rule, rule)
        return [
            f"GRANT {rights} ON {self.table} TO {role}",
            f"CREATE POLICY {role}_rows ON {self.table} TO {role} USING ({sees}) WITH CHECK ({writes})",
        ]


class Grant(_TableOperation):
    """Grant a table without people to the planes, without row-level security."""

    def __init__(self, table: str, grants: Mapping[str, str]) -> None:
        super().__init__(table)
        self.grants = grants

    def describe(self) -> str:
        return f"Grants of {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table, self.grants], {}

    def statements(self) -> list[str]:
        return [f"GRANT {rights} ON {self.table} TO {role}" for role, rights in self.grants.items()]


class AppendOnly(_TableOperation):
    """Refuse UPDATE, DELETE and TRUNCATE on a table for everyone, also during replication (`ENABLE ALWAYS`)."""

    def describe(self) -> str:
        return f"Append-only triggers of {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {}

    def statements(self) -> list[str]:
        table = self.table
        return [
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION app_refuse_change()",
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION app_refuse_change()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_change",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_truncate",
        ]
