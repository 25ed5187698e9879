"""The application's own servers: started, shared, stopped, and found again after a crash."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from trial.config.services import Durability, Place, ServiceFailure, provide, reset
from trial.config.services.broker import Broker
from trial.config.services.postgres import Postgres
from trial.config.services.provision import Services, joined

pytestmark = pytest.mark.slow

USER = """
import sys
from pathlib import Path
from trial.config.services import Durability, Place, provide
provide(lambda: Place.at(Path(sys.argv[1]), Durability.THROWAWAY))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place() -> Iterator[Place]:
    """A folder that the servers' account can reach, which pytest's own temporary folders are not when root runs it."""
    folder = Path(tempfile.mkdtemp(prefix="navtrial-", dir="/tmp"))
    folder.chmod(0o755)
    chosen = Place.at(folder, Durability.THROWAWAY)
    yield chosen
    for server in (Postgres(chosen), Broker(chosen)):
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def made(place: Place) -> Place:
    """A place whose servers ran once and were stopped."""
    joined(place).stop()
    return place


def ask(services: Services, question: str) -> object:
    with psycopg.connect(services.database_url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def pids(place: Place) -> tuple[int, int]:
    postgres, broker = Postgres(place).running, Broker(place).running
    assert postgres
    assert broker
    return postgres.pid, broker.pid


def gone(running: tuple[int, ...]) -> bool:
    """Whether the processes have ended, or will in a moment; one that its parent has not collected has ended."""
    deadline = time.monotonic() + 5
    while any(lives(pid) for pid in running):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


# Whoever runs the tests in the background or under nohup hands signals down that are ignored.
HEARS_SIGNALS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
"""


def user_process(place: Place) -> subprocess.Popen[str]:
    """Another process of the same checkout, using the same servers."""
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_SIGNALS + USER, str(place.local)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=40)
    return process.returncode


def test_servers_start_answer_and_stop(place: Place) -> None:
    with joined(place) as services:
        assert ask(services, "SELECT current_user") == "navtrial"
        assert answers(services.redis_url)
        running = pids(place)
    assert gone(running)


def test_the_owner_is_no_superuser_and_the_worker_signs_in_as_analyst(place: Place) -> None:
    with joined(place) as services:
        assert ask(services, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
        assert ask(services, "SHOW server_encoding") == "UTF8"
        assert ask(services, "SELECT upper('æøå')") == "ÆØÅ"
        with psycopg.connect(services.worker_database_url) as worker:
            assert worker.execute("SELECT current_user").fetchone() == ("analyst",)


def test_nobody_signs_in_without_the_password_or_as_the_superuser(place: Place) -> None:
    with joined(place) as services:
        port = psycopg.conninfo.conninfo_to_dict(services.database_url)["port"]
        for user in ("navtrial", "analyst", "postgres"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(host="127.0.0.1", port=port, user=user, password="guessed", dbname="postgres")
        queue = Broker(place).running
        assert queue
        with redis.Redis(port=queue.port) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_a_second_start_finds_the_data_of_the_first(made: Place) -> None:
    with joined(made) as services, psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 268 AS people")
    with joined(made) as services:
        assert ask(services, "SELECT people FROM kept") == 268


def test_two_processes_share_the_servers_and_the_last_one_stops_them(made: Place) -> None:
    first = user_process(made)
    running = pids(made)
    second = user_process(made)
    assert pids(made) == running
    assert ended(first) == 0
    assert pids(made) == running
    assert ended(second) == 0
    assert gone(running)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -2)])
def test_servers_stop_when_the_process_is_told_to_end(made: Place, number: signal.Signals, code: int) -> None:
    process = user_process(made)
    running = pids(made)
    process.send_signal(number)
    assert ended(process) == code
    assert gone(running)


def test_a_killed_process_does_not_count_as_a_user(made: Place) -> None:
    process = user_process(made)
    running = pids(made)
    process.kill()
    ended(process)
    services = joined(made)
    assert pids(made) == running
    services.stop()
    assert gone(running)


def test_killed_servers_are_recovered_with_what_was_acknowledged(made: Place) -> None:
    services = joined(made)
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 268 AS people")
    running = pids(made)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    assert gone(running)
    with joined(made) as again:
        assert ask(again, "SELECT people FROM kept") == 268
    services.stop()


def test_a_lock_whose_process_is_now_another_does_not_stop_the_start(made: Place) -> None:
    lock = Postgres(made).home / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n")
    with joined(made) as services:
        assert ask(services, "SELECT 1") == 1


def test_a_start_that_was_killed_half_way_is_begun_again(place: Place) -> None:
    (place.data / "postgres.unfinished" / "data" / "base").mkdir(parents=True)
    with joined(place) as services:
        assert ask(services, "SELECT 1") == 1


def test_data_are_thrown_away_only_when_nobody_uses_them(made: Place) -> None:
    services = joined(made)
    with pytest.raises(ServiceFailure, match="Another process"):
        reset(lambda: made)
    services.stop()
    reset(lambda: made)
    assert not Postgres(made).home.exists()


def test_servers_named_by_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://someone@elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/1")
    monkeypatch.delenv("WORKER_DATABASE_URL", raising=False)
    services = provide(lambda: pytest.fail("no place is needed"))
    assert (services.database_url, services.redis_url) == ("postgres://someone@elsewhere/db", "redis://elsewhere/1")
    assert services.place is None
    services.stop()


def test_only_the_server_that_is_missing_is_started(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://someone@elsewhere/db")
    monkeypatch.delenv("REDIS_URL", raising=False)
    with provide(lambda: place) as services:
        assert services.database_url == "postgres://someone@elsewhere/db"
        assert answers(os.environ["REDIS_URL"])
        assert not Postgres(place).home.exists()


def test_the_addresses_do_not_show_in_a_traceback(place: Place) -> None:
    with joined(place) as services:
        assert services.redis_url.split("@")[0].rsplit(":", 1)[1] not in repr(services)
