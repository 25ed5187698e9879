"""Offices see and write the follow-up of their own people; the trial plane sees numbers and dates, never free text
that is written about a person. Research does not read this room: what it knows of measures comes from the registers."""

from django.db import migrations

from trial.access.rls import Protect

ROWS = {"office": "office_id = ANY(app_offices())", "coordinator": "trial_id = ANY(app_trials())"}


def _protect(table, office, coordinator):
    return Protect(f"followup_{table}", grants={"office": office, "coordinator": coordinator}, rows=ROWS)


class Migration(migrations.Migration):
    dependencies = [("followup", "0001_initial"), ("access", "0002_planes")]

    operations = [
        _protect("employmentspecialist", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE"),
        _protect(
            "assignment",
            'SELECT, INSERT, UPDATE ("end", ended_at, ended_by_id, end_reason)',
            'SELECT (id, participant_id, specialist_id, trial_id, office_id, start, "end", overload_reason)',
        ),
        _protect("measure", 'SELECT, INSERT, UPDATE ("end", ended_at, ended_by_id)', "SELECT"),
        _protect(
            "contact",
            "SELECT, INSERT",
            "SELECT (key, participant_id, trial_id, office_id, kind, counterpart, day, minutes, logged_by_id)",
        ),
        _protect("stagespell", 'SELECT, INSERT, UPDATE ("end")', "SELECT"),
        _protect("deviation", "SELECT, INSERT", "SELECT"),
    ]
