"""Plans are seen by those who lock them; runs and their numbers by the analyst plane alone."""

from django.db import migrations

from trial.access.rls import AppendOnly, Grant, Protect

OWN_TRIALS = "trial_id = ANY(app_trials())"


class Migration(migrations.Migration):
    dependencies = [("analyses", "0001_initial"), ("studies", "0002_planes")]

    operations = [
        Protect(
            "analyses_plan",
            grants=dict.fromkeys(("analyst", "coordinator"), "SELECT, INSERT, UPDATE (locked_at, locked_by_id)"),
            rows={"analyst": OWN_TRIALS, "coordinator": OWN_TRIALS},
        ),
        Protect("analyses_run", grants={"analyst": "SELECT, INSERT, UPDATE"}, rows={"analyst": OWN_TRIALS}),
        Protect("analyses_result", grants={"analyst": "SELECT, INSERT"}, rows={"analyst": OWN_TRIALS}),
        AppendOnly("analyses_result"),
        # An analyst may be the second person at the lock of the plan, which the trial then names.
        Grant("studies_trial", {"analyst": "UPDATE (analysis_plan_sha256)"}),
    ]
