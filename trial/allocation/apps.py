"""What this room does inside actions of rooms below, which cannot import it."""

from django.apps import AppConfig


class AllocationConfig(AppConfig):
    name = "trial.allocation"

    def ready(self) -> None:
        from trial.allocation import listeners  # noqa: F401, PLC0415 - models exist only now
