"""The whole database in one file, and back into an empty one.

Row-level security is forced on the owner as well. PostgreSQL's own `pg_dump` therefore refuses, or, told not to,
silently writes tables without their rows. Here it speaks as maintenance does, and only when every table lets
maintenance see all. Beside the file lies a manifest: the number of rows of each table in the very snapshot that was
dumped, and the SHA-256 of the file. A restore must come to the same.
"""

import hashlib
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from trial.access.planes import maintenance
from trial.access.rls import ROLES, create_roles
from trial.allocation.monitoring import faults_of
from trial.allocation.queries import logged_trials
from trial.config.services.failures import explained
from trial.config.services.postgres import INSTALLED

NOT_KEPT = ("django_session", "access_cache")  # who is signed in just now: nobody is, after a restore
AS_MAINTENANCE = "-c app.maintenance=on"
HIDDEN = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND NOT EXISTS (
  SELECT 1 FROM pg_policies WHERE tablename = relname AND policyname = 'maintenance' AND current_user = ANY (roles))
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> ALL (%s) ORDER BY relname
"""


class BackupFailure(Exception):  # noqa: N818 - said as a sentence
    """A backup could not be written, or what was restored is not what was written."""


@dataclass(frozen=True)
class Manifest:
    """What lies in a backup. `rows`: table -> number of rows in the snapshot; `sha256`: of the file, in hex."""

    made_at: str
    rows: dict[str, int]
    sha256: str

    @classmethod
    def of(cls, file: Path) -> "Manifest":
        try:
            return cls(**json.loads(_manifest_of(file).read_text()))
        except (OSError, ValueError, TypeError):
            raise BackupFailure(f"{_manifest_of(file)} is missing or no manifest; it belongs to {file.name}.") from None


def write(file: Path) -> Manifest:
    """Dump the database at hand to `file` as it is at this moment, while everyone goes on working.

    Only its owner can read it. Raises BackupFailure, also when the file exists; ServiceFailure on a full disk.
    """
    if file.exists():
        raise BackupFailure(f"{file} exists. Give each backup a name of its own.")
    draft = file.with_name(f"{file.name}.unfinished")
    with explained(file):
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with psycopg.connect(_conninfo(), password=_password()) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.read_only = True
        snapshot = _value(session, sql.SQL("SELECT pg_export_snapshot()"))
        if hidden := session.execute(HIDDEN).fetchall():
            raise BackupFailure(f"This account does not see all rows of {hidden[0][0]}. Sign in as the owner.")
        rows = _counted(session)
        left_out = [f"--exclude-table-data={table}" for table in NOT_KEPT]
        _run("pg_dump", "--format=custom", "--enable-row-security", f"--snapshot={snapshot}", *left_out, to=draft)
    manifest = Manifest(datetime.now(UTC).isoformat(timespec="seconds"), rows, _sha256(draft))
    with explained(file):
        _manifest_of(file).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        draft.replace(file)
    return manifest


def read_back(file: Path) -> Manifest:
    """Restore `file` into the database at hand, which must be empty, whole or not at all; count what came.

    Raises:
        BackupFailure: another file than was written, a database with tables, other numbers of rows.
    """
    manifest = Manifest.of(file)
    with explained(file):
        if _sha256(file) != manifest.sha256:
            raise BackupFailure(f"{file} is not the file that was written: its SHA-256 is another.")
    if connection.introspection.table_names():
        raise BackupFailure("The database is not empty. Name a new one in DATABASE_URL.")
    with connection.cursor() as cursor:
        cursor.execute(create_roles(*ROLES))
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={_conninfo()}", str(file))
    with psycopg.connect(_conninfo(), password=_password()) as session:
        found = _counted(session)
    if differing := sorted(t for t in manifest.rows.keys() | found if manifest.rows.get(t) != found.get(t)):
        raise BackupFailure(f"Other rows than were written came back, in {', '.join(differing)}.")
    return manifest


def faults() -> list[str]:
    """What is wrong with the logs of the draws: each must lead to every checkpoint that was ever signed."""
    return [f"{trial.code}: {fault}" for trial in logged_trials() for fault in faults_of(trial)]


def accounts_present() -> bool:
    """Whether anyone can sign in: an erasure is carried out in somebody's name."""
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM access_user)")
        return bool(cursor.fetchone()[0])


def _counted(session: psycopg.Connection) -> dict[str, int]:
    tables = [table for (table,) in session.execute(TABLES, [list(NOT_KEPT)])]
    count = sql.SQL("SELECT count(*) FROM {}")
    return {table: int(_value(session, count.format(sql.Identifier(table)))) for table in tables}


def _value(session: psycopg.Connection, question: sql.SQL | sql.Composed) -> str:
    row = session.execute(question).fetchone()
    return str(row[0]) if row else ""


def _run(program: str, *options: str, to: Path | None = None) -> None:
    """Run a client program of PostgreSQL on the database at hand; the password is in no argument."""
    where = [f"--dbname={_conninfo()}", f"--file={to}"] if to else []
    command = [str(INSTALLED / "bin" / program), "--no-password", *where, *options]
    environment = os.environ | {"PGPASSWORD": _password(), "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailure(f"{program} could not do it: {' | '.join(done.stderr.strip().splitlines()[-3:])}")


def _conninfo() -> str:
    """The database at hand as libpq is told of it, without the password, as maintenance."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"password", "options"}
    given = connection.get_connection_params()
    options = f"{given.get('options', '')} {AS_MAINTENANCE}".strip()
    return make_conninfo(**{name: value for name, value in given.items() if name in known}, options=options)


def _password() -> str:
    return str(connection.get_connection_params().get("password") or "")


def _manifest_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
