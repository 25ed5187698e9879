"""Finish unattended draws that a crash cut off; run it at start and each minute: `manage.py allocation_finish`."""

from typing import Any

from django.core.management.base import BaseCommand

from trial.access.refusals import Refusal
from trial.allocation.actions import finish_unattended
from trial.allocation.queries import logged_trials


class Command(BaseCommand):
    help = "Draw every place of an unattended trial that has no arm yet: same position, same arm."

    def handle(self, *args: Any, **options: Any) -> None:
        """A trial that cannot be drawn in yet, as it waits for its beacon, keeps no other from being finished."""
        for trial in logged_trials():
            try:
                drawn = finish_unattended(trial=trial)
            except Refusal as refusal:
                self.stderr.write(f"{trial.code}: {refusal.code}")
                continue
            if drawn:
                self.stdout.write(f"{trial.code}: {len(drawn)} finished")
