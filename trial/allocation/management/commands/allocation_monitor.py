"""Look for faults in the logs: `manage.py allocation_monitor [TRIAL ...] [--anchors FILE ...]`.

Exits 0 where nothing was found, 1 on a fault, 2 on suspicions only, 3 where it could not look.
"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.access.refusals import Refusal
from trial.allocation.monitoring import Head, watch
from trial.allocation.queries import logged_trials

FAULT, SUSPICION, BLIND = 1, 2, 3


class Command(BaseCommand):
    help = (
        "Compare each log with its head, its checkpoints, its receipts and the state of its strata; find draws that "
        "hang and bursts of enrolment and withdrawal. Exits 1 on a fault, 2 on suspicions only, 3 where it cannot look."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trials", nargs="*", help="codes of trials (all)")
        parser.add_argument("--anchors", type=Path, nargs="*", default=[], help="anchors that others hold of one trial")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["anchors"] and len(options["trials"]) != 1:
            raise CommandError("Anchors belong to one trial: name it.", returncode=BLIND)
        outside = [head for path in options["anchors"] for head in _heads_in(path)]
        try:
            found = {trial.code: watch(trial, outside) for trial in logged_trials(options["trials"])}
        except Refusal as refusal:
            raise CommandError(str(refusal.sentence), returncode=BLIND) from refusal
        for code, each in found.items():
            for line in each.faults:
                self.stdout.write(f"{code}: {line}")
            for line in each.suspicions:
                self.stdout.write(f"{code}: look into: {line}")
        if any(each.faults for each in found.values()):
            sys.exit(FAULT)
        if any(each.suspicions for each in found.values()):
            sys.exit(SUSPICION)
        self.stdout.write("no faults")


def _heads_in(path: Path) -> list[Head]:
    """The checkpoints of an anchors file, as the client keeps it."""
    try:
        return [(int(each["size"]), str(each["root"])) for each in json.loads(path.read_text())["checkpoints"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CommandError(f"{path} is no anchors file.", returncode=BLIND) from problem
