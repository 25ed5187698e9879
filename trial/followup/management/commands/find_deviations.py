"""Records what the rules find in every trial that follows people up. Run it every night."""

from typing import Any

from django.core.management.base import BaseCommand

from trial.access.planes import maintenance
from trial.followup.actions import find_deviations
from trial.studies.models import Trial
from trial.studies.states import TrialState

FOLLOWS_UP = (TrialState.RECRUITING, TrialState.CLOSED)


class Command(BaseCommand):
    help = "Records departures from the protocol that the rules find, once each."

    def handle(self, *args: Any, **options: Any) -> None:
        with maintenance():
            for trial in Trial.objects.filter(state__in=FOLLOWS_UP):
                made = find_deviations(by=None, trial=trial, offices=trial.offices.all())
                if options["verbosity"]:
                    self.stdout.write(f"{trial.code}: {len(made)}")
