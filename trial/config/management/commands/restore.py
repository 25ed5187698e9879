"""A backup into an empty database, and what must follow: `manage.py restore FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from trial.config import backups
from trial.config.services import ServiceFailure


class Command(BaseCommand):
    help = (
        "Restore FILE, written by `manage.py backup`, into the empty database that DATABASE_URL names; count the rows; "
        "erase again whoever the register of erasures names; finish draws that were under way; compare the draws' "
        "logs with their checkpoints."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backups.read_back(options["file"])
        except (backups.BackupFailure, ServiceFailure) as failure:
            raise CommandError(str(failure)) from None
        self.stdout.write(
            f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, as of {manifest.made_at}."
        )
        if backups.accounts_present():
            call_command("erasures", "replay", stdout=self.stdout)
        call_command("allocation_finish", stdout=self.stdout)  # draws that were under way in the backup's moment
        if faults := backups.faults():
            raise CommandError("The restored logs do not lead to their checkpoints:\n" + "\n".join(faults))
        self.stdout.write("The logs of the draws lead to every checkpoint they hold. Compare with those held outside.")
