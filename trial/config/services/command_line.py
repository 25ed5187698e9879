"""What `manage.py` does before Django reads its settings: servers for the commands that need them."""

import hashlib
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.named import check_named
from trial.config.services.provision import provide, reset
from trial.config.services.sharing import Place

WITHOUT_SERVERS = frozenset({"", "assets", "check", "collectstatic", "help", "version", "-h", "--help", "--version"})


@contextmanager
def without_traceback() -> Iterator[None]:
    """End as a shell expects when Ctrl-C was pressed or nobody reads on, wherever the command is just then."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed into nothing
        sys.exit(128 + signal.SIGPIPE)


def prepare(arguments: Sequence[str]) -> None:
    """Start or join what the command needs; exit with a sentence and code 1 when that fails.

    A database of our own making, or one that `demo` was given, is a demonstration, never production: only then do keys
    have a default.
    """
    command = next(iter(arguments[1:]), "")
    if command == "demo" or (command not in WITHOUT_SERVERS and _is_demonstration()):
        os.environ.setdefault("NAVTRIAL_DEMO", "1")
    if command == "demo":
        os.environ.setdefault("SITE_URL", f"http://localhost:{_port(arguments)}")
    if command in WITHOUT_SERVERS or {"-h", "--help"} & set(arguments):
        return
    try:
        check_named(for_demonstration=command == "demo")
        if command == "demo" and "--fresh" in arguments:
            reset()
        provide()
    except ServiceFailure as failure:
        sys.exit(str(failure))


def _port(arguments: Sequence[str]) -> str:
    """Where the demonstration will be served: its letters lead there. What is no port is refused later, by argparse."""
    parser = ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--port", nargs="?", const="8000", default="8000")
    return str(parser.parse_known_args(arguments)[0].port)


def _is_demonstration() -> bool:
    named = os.environ.get("DATABASE_URL", "")
    return not named or (_record().exists() and _record().read_text() == _digest(named))


def remember_demonstration() -> None:
    """Keep the digest of the database that holds the demonstration, so that later commands open it with its keys.

    Call it once the database is known to hold nothing else.
    """
    with explained(_record()):
        _record().parent.mkdir(parents=True, exist_ok=True)
        _record().write_text(_digest(os.environ["DATABASE_URL"]))


def _record() -> Path:
    return Place.local_folder() / "demo" / "database"


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
