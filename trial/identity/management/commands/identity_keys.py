"""The keys that wrap people's keys: `manage.py identity_keys status | add | rotate | retire`."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from trial.access.planes import maintenance
from trial.identity.actions import rewrap_some
from trial.identity.keys import FileKeys, KeyFailure, service
from trial.identity.models import IdentityRecord

PAUSE = 0.2  # seconds, while others write the last rows


class Command(BaseCommand):
    help = (
        "status: how many people each wrapping key holds. add: put a new key first in IDENTITY_KEY_FILE. "
        "rotate: wrap every person's key under the first key, while the site runs. "
        "retire: drop the keys of the file that hold nobody; backups from their time become unreadable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", choices=["status", "add", "rotate", "retire"])

    def handle(self, *args: Any, **options: Any) -> None:
        steps: dict[str, Callable[[], None]] = {
            "status": self._status,
            "add": self._add,
            "rotate": self._rotate,
            "retire": self._retire,
        }
        try:
            steps[options["do"]]()
        except KeyFailure as failure:
            raise CommandError(str(failure)) from None

    def _status(self) -> None:
        current = service().current()
        for name, people in sorted(({current: 0} | _held()).items()):
            self.stdout.write(f"{name} {people} people{' (wraps now)' if name == current else ''}")

    def _add(self) -> None:
        self.stdout.write(f"{_file_keys().add()} wraps from now on. Rotate next.")

    def _rotate(self) -> None:
        while set(_held()) - {service().current()}:
            with maintenance():
                rewrapped = rewrap_some(by=None)
            if not rewrapped:
                time.sleep(PAUSE)
        self.stdout.write(f"Every person's key is wrapped by {service().current()} now.")

    def _retire(self) -> None:
        keys = _file_keys()
        gone = keys.retire(set(keys.keys()) - _held().keys())
        self.stdout.write(f"Retired: {', '.join(gone) or 'none'}.")


def _file_keys() -> FileKeys:
    keys = service()
    if not isinstance(keys, FileKeys):
        raise KeyFailure("Only the keys of IDENTITY_KEY_FILE are changed here. In the environment, set IDENTITY_KEY "
                         "to the new key and add the old one to IDENTITY_KEYS_RETIRED.")  # fmt: skip
    return keys


def _held() -> dict[str, int]:
    """How many people each wrapping key holds, by its name."""
    with maintenance():
        rows = IdentityRecord.objects.filter(wrapped_key__isnull=False).order_by()
        return dict(rows.values_list("key_name").annotate(Count("subject")))
