"""Finish unattended draws that a crash cut off; run it at start and each minute: `manage.py allocation_finish`."""

from typing import Any

from django.core.management.base import BaseCommand

from trial.allocation.actions import finish_unattended
from trial.allocation.queries import logged_trials


class Command(BaseCommand):
    help = "Draw every place of an unattended trial that has no arm yet: same position, same arm."

    def handle(self, *args: Any, **options: Any) -> None:
        for trial in logged_trials():
            drawn = finish_unattended(trial=trial)
            if drawn:
                self.stdout.write(f"{trial.code}: {len(drawn)} finished")
