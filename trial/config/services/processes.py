"""Long-running server processes: started apart from the terminal, recognised again, stopped."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

import psutil

from trial.config.services.accounts import Account
from trial.config.services.failures import ServiceFailure

CLOCK_TOLERANCE_SECONDS = 60.0  # a clock set right after boot moves every process's start time
POLL_SECONDS = 0.02
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Running:
    """A server process that was started once: its identity survives the process that started it."""

    pid: int
    started: float  # seconds since 1970; tells the server from a later process with the same id
    port: int
    password: str = ""

    @classmethod
    def read(cls, path: Path) -> "Running | None":
        """The record at `path`; none when it was never written or was cut short by a crash."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Replace the record in one step, readable by its owner only."""
        write_privately(path, json.dumps(asdict(self)))

    @property
    def alive(self) -> bool:
        if (child := _children.get(self.pid)) is not None and child.poll() is not None:
            return False
        try:
            process = psutil.Process(self.pid)
            same: bool = abs(process.create_time() - self.started) < CLOCK_TOLERANCE_SECONDS
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def stop(self, first: signal.Signals, *, name: str, patience: float = 30.0) -> None:
        """Ask the process to end with `first`; after `patience` seconds insist."""
        for number, seconds in ((first, patience), (signal.SIGKILL, 5.0)):
            if self.alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
            if self._gone_within(seconds):
                return
        raise ServiceFailure(f"{name} (process {self.pid}) does not stop. End it by hand and start again.")

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def launch(
    command: Sequence[str], log: Path, account: Account, *, port: int, password: str = "", settings: str = ""
) -> Running:
    """Start a server that listens on `port`, apart from the terminal: Ctrl-C is for the application.

    `settings` are written to its standard input, where nobody else on the machine can read a password.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            **account.identity,
        )
    _children[process.pid] = process
    started = 0.0  # ended already: never taken for alive
    with contextlib.suppress(psutil.Error):
        started = psutil.Process(process.pid).create_time()
    with contextlib.suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as pipe:
        pipe.write(settings.encode())
    return Running(process.pid, started, port, password)


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner reads, so that a crash leaves the old text or the new, never half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def free_port() -> int:
    """A port on the loopback address that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a server's log, for the sentence about why it did not start."""
    with contextlib.suppress(OSError):
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-count:])
    return ""
