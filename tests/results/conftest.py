"""The small trial with a true run that is done."""

from tests.analyses.conftest import lived, lived_and_committing, lived_database, time

__all__ = ["lived", "lived_and_committing", "lived_database", "time"]
