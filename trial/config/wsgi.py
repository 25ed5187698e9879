"""The application for gunicorn. It starts only with a configuration that the system checks find in order."""

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")

application = get_wsgi_application()
call_command("check", databases=["default"])
