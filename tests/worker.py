"""A real Celery worker on the committed test database, started, killed and stopped by the tests that need one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

from trial.config.celery import app

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.02
QUEUES = ("analyses", "deliveries", "notices")
PREFIX = f"test-{os.getpid()}-"

# Set before this process first speaks to the broker, so that its messages are its own: another process of the tests
# has a worker too, on another database.
app.conf.broker_transport_options["global_keyprefix"] = PREFIX


class Worker:
    """One worker with one pool process, so that "the worker was killed" means one thing.

    `program`: Python that starts a worker of another kind instead, for a control.
    """

    def __init__(self, log: Path, *, program: str = "") -> None:
        self.log = log
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "trial.config.celery", "worker"]
        command += ["-Q", ",".join(QUEUES), "--concurrency", "1", "--loglevel", "INFO", "--without-mingle"]
        command = [sys.executable, "-W", "ignore", "-c", program] if program else command
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=os.environ | environment(), start_new_session=True
            )

    def kill(self) -> None:
        """Nine, the whole group: what a power cut or the memory killer does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        """Stand still, so that what waits for the worker can be looked at."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


def environment() -> dict[str, str]:
    """What makes a process the worker of this test: its database, its broker, its files."""
    database = connection.settings_dict
    host, port = database["HOST"] or "localhost", database["PORT"] or 5432
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return {
        "NAVTRIAL_WORKER": "1",
        "DATABASE_URL": f"postgres://{database['USER']}{password}@{host}:{port}/{database['NAME']}",
        "WORKER_DATABASE_URL": _own_address(database["NAME"]),
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_PREFIX": PREFIX,
        "SNAPSHOT_ROOT": str(settings.SNAPSHOT_ROOT),
    }


def _own_address(name: str) -> str:
    """The worker's own sign-in, where there is one, on the database of this test."""
    given = os.environ.get("WORKER_DATABASE_URL", "")
    return urlsplit(given)._replace(path=f"/{name}").geturl() if given else ""


def forget_messages() -> None:
    """Lose every message, as a broker does that was ended without saving."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    for key in broker.scan_iter(f"{PREFIX}*"):
        broker.delete(key)
    broker.close()


def wait_for(question: Callable[[], Any], worker: Worker | None = None) -> Any:
    """Ask until the answer is true; fail with the end of the worker's log."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(POLL_SECONDS)
    log = worker.log.read_text()[-4000:] if worker else ""
    raise AssertionError(f"nothing came within {PATIENCE_SECONDS} seconds\n{log}")
