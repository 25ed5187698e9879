"""`manage.py outbox`: sends waiting notices, for sites that run no worker and for those who want to see it done."""

from typing import Any

from django.core.management.base import BaseCommand

from trial.audit.outbox import send_all


class Command(BaseCommand):
    help = "Send the notices that wait in the outbox."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{send_all()} notices sent")
