"""The demonstration's own processes: the web server and the Celery worker, ended with the one that started them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.processes import POLL_SECONDS, last_lines
from trial.config.services.sharing import PROJECT, Place

QUEUES = ("notices", "analyses", "deliveries")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Child:
    """A process of our own: ends when asked, when we end, and (on Linux) when we are killed."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, command: Sequence[str], environment: Mapping[str, str]) -> "Child":
        log = Place.local_folder() / f"{name}.log"
        setpriv = shutil.which("setpriv")
        tied = [setpriv, "--pdeathsig", "TERM", *command] if setpriv else [*command]
        with explained(log), log.open("wb") as output:
            process = subprocess.Popen(
                tied,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C reaches us alone, and we end the children in order
            )
        return cls(name, process, log)

    def check(self) -> None:
        """Raise with the end of the log when the process has ended by itself."""
        if self.process.poll() is not None:
            raise ServiceFailure(f"The {self.name} has ended: {last_lines(self.log)}")

    def wait(self) -> None:
        """Wait for the process to end by itself; raise with the end of its log when it failed."""
        code = self.process.wait()
        if code != 0:
            raise ServiceFailure(f"The {self.name} has failed: {last_lines(self.log) or f'it ended with {code}'}")

    def stop(self, patience: float = 20.0) -> None:
        """Ask the process to finish what it does and end; after `patience` seconds insist."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def run_worker(*, concurrency: int = 1) -> Child:
    """Start a Celery worker on every queue. It signs in to PostgreSQL as `analyst`, without a grant on identity."""
    command = [sys.executable, "-m", "celery", "--app", "trial.config.celery", "worker", "--loglevel", "INFO"]
    command += ["--concurrency", str(concurrency), "--queues", ",".join(QUEUES)]
    command += ["--without-gossip", "--without-mingle"]
    return Child.start("worker", command, {"DATABASE_URL": worker_database_url()})


def worker_database_url() -> str:
    """The address the worker signs in at: its own, or the application's with every session switched to `analyst`."""
    own = os.environ.get("WORKER_DATABASE_URL", "")
    if own:
        return own
    shared = os.environ["DATABASE_URL"]
    return f"{shared}{'&' if '?' in shared else '?'}{urlencode({'options': '-c role=analyst'})}"


def run_server(*, port: int = 8000, host: str = "127.0.0.1", workers: int = 2) -> Child:
    """Serve the site and return when it answers. Raises `ServiceFailure` when the port is taken."""
    check_port(port, host)
    command = [sys.executable, "-m", "gunicorn", "trial.config.wsgi", "--bind", f"{host}:{port}"]
    command += ["--workers", str(workers), "--threads", "4", "--graceful-timeout", "5", "--no-control-socket"]
    child = Child.start("server", command, {})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _answers(host, port):
        child.check()
        if time.monotonic() > deadline:
            child.stop()
            raise ServiceFailure(f"The server does not answer on port {port}: {last_lines(child.log)}")
        time.sleep(POLL_SECONDS)
    return child


@contextmanager
def stopped_together(*children: Child) -> Iterator[None]:
    """Stop the children, last started first, however the block ends."""
    try:
        yield
    finally:
        for child in reversed(children):
            child.stop()


def check_port(port: int, host: str = "127.0.0.1") -> None:
    """Raise `ServiceFailure` when nothing can be served there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError:
            raise ServiceFailure(f"There is no port {port}: ports are numbers up to 65535.") from None
        except OSError as error:
            raise ServiceFailure(
                f"Port {port} cannot be used ({error.strerror}). Choose another with --port."
            ) from error


def _answers(host: str, port: int) -> bool:
    """Whether a worker of the server has loaded the site: the port is open before that."""
    calling = HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(calling), contextlib.suppress(OSError, HTTPException):
        calling.request("GET", "/isalive")
        return calling.getresponse().status == HTTPStatus.OK
    return False
