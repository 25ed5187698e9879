"""The main job from end to end: `manage.py demo`."""

import sys
from argparse import SUPPRESS, ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from redis import RedisError

from trial.access.refusals import Refusal
from trial.config.assets import AssetsError
from trial.config.demo.beside import live
from trial.config.demo.evaluate import DemoFailure
from trial.config.demo.story import tell
from trial.config.demo.terminal import Terminal
from trial.config.services import SENTENCES, Place, ServiceFailure


class Command(BaseCommand):
    help = "Make the SE-KLAR demonstration trial, run its plan, verify its draws, and serve the site."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="do everything but serve")
        parser.add_argument("--fresh", action="store_true", help="throw earlier demonstration data away and begin anew")
        parser.add_argument("--beside", action="store_true", help=SUPPRESS)  # the demonstration's own second process
        parser.add_argument("--port", type=int, default=8000, help="where to serve (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration runs only with NAVTRIAL_DEMO=1, never on real data.")
        try:
            if options["beside"]:
                live()
                return
            tell(Terminal(sys.stdout), fresh=options["fresh"], port=None if options["check"] else options["port"])
        except (ServiceFailure, AssetsError, DemoFailure) as failure:
            raise CommandError(str(failure)) from None
        except Refusal as refusal:
            raise CommandError(f"The demonstration was refused ({refusal.code}): {refusal.sentence}") from None
        except (OperationalError, InterfaceError, RedisError) as error:
            raise CommandError(f"{_what_gave_way()} ({str(error).strip().partition(chr(10))[0]})") from None
        except OSError as error:
            if error.errno not in SENTENCES:
                raise
            raise CommandError(SENTENCES[error.errno].format(path=error.filename or settings.LOCAL)) from None


def _what_gave_way() -> str:
    """Why a server that worked a moment ago does not."""
    try:
        Place.at().check_room()
    except ServiceFailure as failure:
        return str(failure)
    return "A server stopped answering in the middle. Start again: what was begun is begun anew."
