"""Makes a trial of the size of a county or of the country, to see how the pages behave."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.access.planes import maintenance
from trial.followup.scale import CODE, Seeder
from trial.followup.scale_parts import Amount
from trial.studies.models import Trial
from trial.surveys.scale import add_questionnaires


class Command(BaseCommand):
    help = (
        "Writes a synthetic trial with many participants, specialists, contacts and answers. For a demonstration only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--offices", type=int, default=300)
        parser.add_argument("--specialists", type=int, default=3_000)
        parser.add_argument("--participants", type=int, default=40_000)
        parser.add_argument("--contacts", type=int, default=2_000_000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RELAXED:
            raise CommandError("Synthetic people have no place beside real ones: run this in the demonstration only.")
        if Trial.objects.filter(code=CODE).exists():
            raise CommandError(f"There is a trial called {CODE} already.")
        amount = Amount(options["offices"], options["specialists"], options["participants"], options["contacts"])
        begun = time.monotonic()
        with maintenance():
            add_questionnaires(Seeder(amount, options["seed"]).make())
        self.stdout.write(f"The trial {CODE} was written in {time.monotonic() - begun:.0f} seconds.")
