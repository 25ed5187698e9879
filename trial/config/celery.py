"""The Celery application. The worker connects to PostgreSQL as `analyst`: code with a bug cannot read a name."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")

app = Celery("navtrial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
