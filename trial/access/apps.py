"""What happens once when Django starts: the room hears of sign-ins."""

from importlib import import_module

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "trial.access"

    def ready(self) -> None:
        import_module("trial.access.sign_in")  # its receivers; it needs the models, which are there only now
