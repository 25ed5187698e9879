"""Sign the logs as they are now and tell the witnesses; run it hourly: `manage.py allocation_checkpoint`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from trial.allocation.actions import checkpoint
from trial.allocation.queries import logged_trials
from trial.allocation.witnesses import tell_witnesses


class Command(BaseCommand):
    help = "Sign a checkpoint of every trial's log, or of the trials named, and tell the webhook and the time stamper."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trials", nargs="*", help="codes of trials (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits 1 where a witness could not be told; it is told at the next round."""
        failures = []
        for trial in logged_trials(options["trials"]):
            signed = checkpoint(by=None, trial=trial)
            self.stdout.write(f"{trial.code} {signed.size} {signed.root}")
            failures += [f"{trial.code}: {line}" for line in tell_witnesses(trial)]
        for failure in failures:
            self.stderr.write(failure)
        if failures:
            sys.exit(1)
