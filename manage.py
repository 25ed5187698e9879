#!/usr/bin/env python
"""The command line of the application."""

import os
import sys

from django.core.management import execute_from_command_line

from trial.config.services.command_line import prepare, without_traceback

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")
    with without_traceback():
        prepare(sys.argv)
        execute_from_command_line(sys.argv)
