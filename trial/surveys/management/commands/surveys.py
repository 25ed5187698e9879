"""The daily round of questionnaires, for a schedule: `manage.py surveys`."""

from typing import Any

from django.core.management.base import BaseCommand

from trial.surveys.rounds import go_round


class Command(BaseCommand):
    help = "Open the waves whose time has come, and send the links and reminders that are due."

    def handle(self, *args: Any, **options: Any) -> None:
        done = go_round()
        self.stdout.write(f"opened {done.opened}, sent {done.sent}, not sent {done.failed}")
