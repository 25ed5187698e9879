"""The main job from end to end: `manage.py demo`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from trial.access.refusals import Refusal
from trial.config.assets import AssetsError
from trial.config.demo.evaluate import DemoFailure
from trial.config.demo.story import tell
from trial.config.demo.terminal import Terminal
from trial.config.services import ServiceFailure


class Command(BaseCommand):
    help = "Make the SE-KLAR demonstration trial, run its plan, verify its draws, and serve the site."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="do everything but serve")
        parser.add_argument("--fresh", action="store_true", help="throw earlier demonstration data away and begin anew")
        parser.add_argument("--port", type=int, default=8000, help="where to serve (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration runs only with NAVTRIAL_DEMO=1, never on real data.")
        try:
            tell(Terminal(sys.stdout), fresh=options["fresh"], port=None if options["check"] else options["port"])
        except (ServiceFailure, AssetsError, DemoFailure) as failure:
            raise CommandError(str(failure)) from None
        except Refusal as refusal:
            raise CommandError(f"The demonstration was refused ({refusal.code}): {refusal.sentence}") from None
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
