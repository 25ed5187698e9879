"""What `manage.py` does before Django reads its settings: servers for the commands that need them."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from trial.config.services.failures import ServiceFailure, explained
from trial.config.services.provision import provide, reset
from trial.config.services.sharing import Place

WITHOUT_SERVERS = frozenset({"", "assets", "check", "collectstatic", "help", "version", "-h", "--help", "--version"})


def prepare(arguments: Sequence[str]) -> None:
    """Start or join what the command needs; exit with a sentence and code 1 when that fails.

    A database of our own making, or one that `demo` was given, is a demonstration, never production: only then do keys
    have a default.
    """
    command = next(iter(arguments[1:]), "")
    if command == "demo" or (command not in WITHOUT_SERVERS and _is_demonstration()):
        os.environ.setdefault("NAVTRIAL_DEMO", "1")
    if command in WITHOUT_SERVERS or {"-h", "--help"} & set(arguments):
        return
    try:
        if command == "demo" and "--fresh" in arguments:
            reset()
        provide()
        if command == "demo":
            _remember_demonstration()
    except ServiceFailure as failure:
        sys.exit(str(failure))


def _is_demonstration() -> bool:
    named = os.environ.get("DATABASE_URL", "")
    return not named or (_record().exists() and _record().read_text() == _digest(named))


def _remember_demonstration() -> None:
    """Keep the digest of the database that holds the demonstration, so that later commands open it with its keys."""
    with explained(_record()):
        _record().parent.mkdir(parents=True, exist_ok=True)
        _record().write_text(_digest(os.environ["DATABASE_URL"]))


def _record() -> Path:
    return Place.local_folder() / "demo" / "database"


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
