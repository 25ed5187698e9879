"""Build what the pages look like: `manage.py assets`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.config import assets, translations


class Command(BaseCommand):
    help = "Install the look's packages from npm, write .local/assets and compile the English texts."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="build although everything is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            built = assets.build(force=options["force"])
        except assets.AssetsError as error:
            raise CommandError(str(error)) from None
        texts = translations.compile_all()
        self.stdout.write("Assets built." if built else "Assets are up to date.")
        self.stdout.write(f"{texts} English texts compiled.")
