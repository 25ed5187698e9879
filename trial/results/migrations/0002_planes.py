"""A release is prepared on the analyst plane; what was let out is read on the trial plane too."""

from django.db import migrations

from trial.access.rls import AppendOnly, Protect

OWN_TRIALS = "trial_id = ANY(app_trials())"


class Migration(migrations.Migration):
    dependencies = [("results", "0001_initial"), ("analyses", "0002_planes")]

    operations = [
        Protect(
            "results_release",
            grants={"analyst": "SELECT, INSERT, UPDATE", "coordinator": "SELECT"},
            rows={"analyst": OWN_TRIALS, "coordinator": f"state = 'released' AND {OWN_TRIALS}"},
        ),
        Protect(
            "results_releasedresult",
            grants={"analyst": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"analyst": OWN_TRIALS, "coordinator": OWN_TRIALS},
        ),
        AppendOnly("results_releasedresult"),
    ]
