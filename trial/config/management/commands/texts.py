"""List the texts without English: `manage.py texts` prints entries to paste into the rooms' en.po."""

from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand

from trial.config import translations


class Command(BaseCommand):
    help = "Print the texts that no room has in English, as entries for trial/<room>/locale/en.po."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        for room, missing in groupby(translations.untranslated(), key=lambda text: text.room):
            self.stdout.write(f"# trial/{room}/locale/en.po")
            for text in missing:
                message = text.message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
                self.stdout.write(f'\n#: {text.path}\nmsgid "{message}"\nmsgstr ""')
