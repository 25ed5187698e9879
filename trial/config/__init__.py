"""The site: settings, addresses, and the Celery application that every process speaks to the broker through."""

from trial.config.celery import app as celery_app

__all__ = ["celery_app"]
