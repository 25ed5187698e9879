"""What `manage.py` does before Django reads its settings: servers for the commands that need them."""

import os
import sys
from collections.abc import Sequence

from trial.config.services.failures import ServiceFailure
from trial.config.services.provision import provide, reset

WITHOUT_SERVERS = frozenset({"", "assets", "check", "collectstatic", "help", "version", "-h", "--help", "--version"})


def prepare(arguments: Sequence[str]) -> None:
    """Start or join what the command needs; exit with a sentence and code 1 when that fails.

    A database of our own making is a demonstration, never production: only then do keys have a default.
    """
    command = next(iter(arguments[1:]), "")
    if command == "demo" or (command not in WITHOUT_SERVERS and "DATABASE_URL" not in os.environ):
        os.environ.setdefault("NAVTRIAL_DEMO", "1")
    if command in WITHOUT_SERVERS or {"-h", "--help"} & set(arguments):
        return
    try:
        if command == "demo" and "--fresh" in arguments:
            reset()
        provide()
    except ServiceFailure as failure:
        sys.exit(str(failure))
