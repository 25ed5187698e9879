"""What happens once when Django starts: logs are set up and the system checks are known."""

from typing import Any

from celery.signals import setup_logging
from django.apps import AppConfig
from django.core.checks import register

from trial.config import checks, logs
from trial.config import openapi as _openapi  # noqa: F401 - known to drf-spectacular by being imported
from trial.config.assets import check_assets


class ConfigConfig(AppConfig):
    name = "trial.config"

    def ready(self) -> None:
        logs.configure()
        setup_logging.connect(_keep_logs, dispatch_uid="logs")
        for check in checks.ALL:
            register(check)
        register(check_assets)


def _keep_logs(**_signal: Any) -> None:
    """Celery sets up its own logging unless someone answers this signal."""
