"""The application for gunicorn. It starts only with a configuration that the system checks find in order."""

import os
import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError

WORKER_BOOT_ERROR = 3  # gunicorn then ends, instead of starting one worker after another

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")

application = get_wsgi_application()
try:
    call_command("check", databases=["default"])
except SystemCheckError as found:
    sys.stderr.write(f"{found}\n")
    sys.exit(WORKER_BOOT_ERROR)
except OperationalError as error:
    sys.stderr.write(f"The database does not answer: {error}\n")
    sys.exit(WORKER_BOOT_ERROR)
