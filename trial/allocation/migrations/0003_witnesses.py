"""Who outside has heard of a checkpoint, and what it answered."""

import django.db.models.deletion
from django.db import migrations, models

from trial.access.rls import AppendOnly, Protect


class Migration(migrations.Migration):
    dependencies = [
        ("allocation", "0002_planes"),
        ("studies", "0004_strata_and_unit"),
    ]

    operations = [
        migrations.CreateModel(
            name="Witness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("evidence", models.BinaryField()),
                ("told_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="witnesses",
                        to="allocation.checkpoint",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.trial"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("checkpoint", "kind"), name="witness_told_once")],
            },
        ),
        Protect(
            "allocation_witness",
            grants={"draw": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"coordinator": "trial_id = ANY(app_trials())"},
        ),
        AppendOnly("allocation_witness"),
    ]
