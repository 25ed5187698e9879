"""The tables of receiving and destroying files are the data manager's, on the analyst plane."""

from django.db import migrations

from trial.access.rls import AppendOnly, Protect

OWN_TRIALS = {"analyst": "trial_id = ANY(app_trials())"}


class Migration(migrations.Migration):
    dependencies = [("registers", "0003_receiving"), ("studies", "0002_planes")]

    operations = [
        Protect("registers_columnmapping", grants={"analyst": "SELECT, INSERT, UPDATE"}, rows=OWN_TRIALS),
        Protect("registers_upload", grants={"analyst": "SELECT, INSERT, UPDATE"}, rows=OWN_TRIALS),
        Protect("registers_retention", grants={"analyst": "SELECT, INSERT, UPDATE"}, rows=OWN_TRIALS),
        Protect("registers_destruction", grants={"analyst": "SELECT, INSERT"}, rows=OWN_TRIALS),
        AppendOnly("registers_destruction"),
    ]
