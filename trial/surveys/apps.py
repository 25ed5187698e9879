"""What this room does inside actions of rooms below, which cannot import it."""

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "trial.surveys"

    def ready(self) -> None:
        from trial.surveys import listeners  # noqa: F401, PLC0415 - models exist only now
