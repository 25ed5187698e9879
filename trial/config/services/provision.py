"""`provide` and `reset`: which servers this process uses, and what it leaves behind."""

import atexit
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from trial.config.services.broker import Broker
from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.postgres import Postgres
from trial.config.services.sharing import Place


@dataclass
class Services:
    """The servers this process uses. `stop` leaves them, and stops the embedded ones when nobody else is left."""

    database_url: str = field(repr=False)  # the addresses carry passwords
    worker_database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    place: Place | None = None  # None: everything was named by the environment
    _mark: IO[str] | None = None
    _process: int = 0

    def __enter__(self) -> "Services":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave; may be called twice, and does nothing in a forked copy of the process."""
        if self.place is None or self._mark is None or self._process != os.getpid():
            return
        mark, self._mark = self._mark, None
        with _undisturbed(), self.place.alone():
            self.place.leave(mark)
            _stop_if_unused(self.place)

    def export(self) -> None:
        """Name the servers in the environment, for the settings of this process and for its children."""
        os.environ["DATABASE_URL"] = self.database_url
        os.environ["REDIS_URL"] = self.redis_url
        if self.worker_database_url:
            os.environ["WORKER_DATABASE_URL"] = self.worker_database_url


def provide(place: Callable[[], Place] = Place.at) -> Services:
    """See to a PostgreSQL and a Redis, name them in the environment, and stop them when this process ends.

    `DATABASE_URL` and `REDIS_URL` are used where they are set. Raises `ServiceFailure` with a sentence otherwise.
    """
    database, broker = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if database and broker:
        return Services(database, os.environ.get("WORKER_DATABASE_URL", ""), broker)
    services = joined(place(), postgres=not database, broker=not broker)
    if database:
        services.database_url, services.worker_database_url = database, os.environ.get("WORKER_DATABASE_URL", "")
    services.redis_url = broker or services.redis_url
    _end_in_order_on_signals()
    atexit.register(services.stop)
    services.export()
    return services


def joined(place: Place, *, postgres: bool = True, broker: bool = True) -> Services:
    """Use the embedded servers of a place: start what does not run. The caller stops."""
    with explained(place.local), place.alone():
        mark = place.join()
        services = Services("", "", "", place, mark, os.getpid())
        try:
            if postgres:
                server = Postgres(place)
                server.start()
                services.database_url, services.worker_database_url = server.url("navtrial"), server.url("analyst")
            if broker:
                queue = Broker(place)
                queue.start()
                services.redis_url = queue.url
        except BaseException:
            place.leave(mark)
            _stop_if_unused(place)
            raise
        return services


def reset(place: Callable[[], Place] = Place.at) -> None:
    """Throw the embedded servers' data away, to begin anew. Refused while another process uses them."""
    chosen = place()
    with explained(chosen.data), chosen.alone():
        if chosen.others_present():
            raise ServiceFailure("Another process of this checkout uses the data. Stop it first, then begin anew.")
        _stop_if_unused(chosen)
        for server in (Postgres(chosen), Broker(chosen)):
            if server.home.exists():
                shutil.rmtree(server.home)


def _stop_if_unused(place: Place) -> None:
    if not place.others_present():
        Postgres(place).stop()
        Broker(place).stop()


def _end_in_order_on_signals() -> None:
    """End by `SystemExit` when asked to terminate or when the terminal is closed, so that exit handlers run."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the stopping of servers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
