"""Deliveries are research data: the analyst plane works with them, the trial plane reads the counts."""

from django.db import migrations

from trial.access.rls import Protect

OWN_TRIALS = "trial_id = ANY(app_trials())"


class Migration(migrations.Migration):
    dependencies = [("registers", "0001_initial"), ("studies", "0002_planes")]

    operations = [
        Protect(
            "registers_delivery",
            grants={"analyst": "SELECT, INSERT, UPDATE", "coordinator": "SELECT"},
            rows={"analyst": OWN_TRIALS, "coordinator": OWN_TRIALS},
        ),
        Protect("registers_rejectedrow", grants={"analyst": "SELECT, INSERT"}, rows={"analyst": OWN_TRIALS}),
    ]
