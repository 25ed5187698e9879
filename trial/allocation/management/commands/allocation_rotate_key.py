"""Change SEED_KEY: start with the new one in SEED_KEY and the old one in OLD_SEED_KEY, run this, drop the old one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.allocation.rotation import rotate_seed_key
from trial.allocation.sealing import UnsealError


class Command(BaseCommand):
    help = "Seal every seed with SEED_KEY that OLD_SEED_KEY still seals. Draws go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = rotate_seed_key()
        except UnsealError as problem:
            raise CommandError("A seed opens with neither SEED_KEY nor OLD_SEED_KEY. Nothing was changed.") from problem
        self.stdout.write(f"{changed} seeds sealed anew; OLD_SEED_KEY can be taken away")
