"""What this room does inside actions of rooms below, which cannot import it."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class AllocationConfig(AppConfig):
    name = "trial.allocation"

    def ready(self) -> None:
        from trial.allocation import checks, listeners  # noqa: F401, PLC0415 - models exist only now

        register(checks.sealed_seeds, Tags.database)
