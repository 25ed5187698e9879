"""Sign the logs as they are now; run it hourly: `manage.py allocation_checkpoint`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from trial.allocation.actions import checkpoint
from trial.allocation.queries import logged_trials


class Command(BaseCommand):
    help = "Sign a checkpoint of every trial's log, or of the trials named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trials", nargs="*", help="codes of trials (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        for trial in logged_trials(options["trials"]):
            signed = checkpoint(by=None, trial=trial)
            self.stdout.write(f"{trial.code} {signed.size} {signed.root}")
