"""The whole database to a file, while the site goes on: `manage.py backup FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from trial.config import backups
from trial.config.services import ServiceFailure


class Command(BaseCommand):
    help = (
        "Write the whole database to FILE as one snapshot, and FILE.json with what is in it. Keys, register files "
        "(SNAPSHOT_ROOT) and the register of erasures lie outside the database and are kept apart from it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("erasures", "note", stdout=self.stdout)
        try:
            manifest = backups.write(options["file"])
        except (backups.BackupFailure, ServiceFailure) as failure:
            raise CommandError(str(failure)) from None
        rows, size = sum(manifest.rows.values()), options["file"].stat().st_size
        self.stdout.write(f"{options['file']}: {rows} rows of {len(manifest.rows)} tables, {size} bytes.")
