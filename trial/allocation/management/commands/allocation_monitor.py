"""Look for faults in the logs: `manage.py allocation_monitor`. Exits 1 and prints a line for each that it finds."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from trial.allocation.monitoring import faults_of
from trial.allocation.queries import logged_trials


class Command(BaseCommand):
    help = "Compare each log with its head, its checkpoints and the state of its strata; find draws that hang."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = [f"{trial.code}: {fault}" for trial in logged_trials() for fault in faults_of(trial)]
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            sys.exit(1)
        self.stdout.write("no faults")
