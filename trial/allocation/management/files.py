"""Commands that write one of the verifier's files."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.access.refusals import Refusal
from trial.allocation.queries import trial_named
from trial.studies.models import Trial


class FileCommand(BaseCommand):
    """Print what `content` gives for a trial, or write it to --out."""

    @staticmethod
    def content(trial: Trial) -> dict[str, Any]:
        """What the file holds."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trial", help="code of the trial")
        parser.add_argument("--out", type=Path, help="file to write instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = type(self).content(trial_named(options["trial"]))
        except Refusal as refusal:
            raise CommandError(str(refusal.sentence)) from refusal
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        if options["out"]:
            options["out"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
