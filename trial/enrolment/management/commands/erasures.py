"""Keep erased people erased: `manage.py erasures note | check | replay`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.access.models import User
from trial.access.planes import maintenance
from trial.enrolment.actions import erase_again
from trial.identity.erasures import Erasure, note_missing, undone


class Command(BaseCommand):
    help = (
        "note: add to the register what a crash may have left out; run it hourly, and before each backup. "
        "check: fail when someone who was erased can be read. "
        "replay: after a backup is restored, erase again whoever the backup does not know to be erased."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", choices=["note", "check", "replay"])

    def handle(self, *args: Any, **options: Any) -> None:
        {"note": self._note, "check": self._check, "replay": self._replay}[options["do"]]()

    def _note(self) -> None:
        with maintenance():
            self.stdout.write(f"{note_missing()} erasures were missing in the register, and are noted now.")

    def _check(self) -> None:
        with maintenance():
            readable = len(undone())
        if readable:
            raise CommandError(f"{readable} people who were erased can be read. Run: manage.py erasures replay")
        self.stdout.write("Everyone who was erased is unreadable.")

    def _replay(self) -> None:
        with maintenance():
            again = undone()
        for erasure in again:
            with maintenance():
                erase_again(by=_by(erasure), key=erasure.subject)
        self.stdout.write(f"{len(again)} people were erased again.")


def _by(erasure: Erasure) -> User:
    """Who erased the person the first time; the backup may be older than the account."""
    known = User.objects.filter(pk=erasure.by).first() if erasure.by else None
    user = known or User.objects.order_by("pk").first()
    if user is None:
        raise CommandError("The database has no accounts. Restore it whole first.")
    return user
