"""An upload ends as a delivery or is thrown away, and is told from a later file of the same name and size."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.batched import BatchedMigration


class Migration(BatchedMigration):
    dependencies = [
        ("registers", "0005_linkage"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="edition",
            field=models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(model_name="upload", name="arrived_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="upload",
            name="delivery",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registers.delivery",
            ),
        ),
        migrations.AddField(model_name="upload", name="thrown_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="upload",
            name="thrown_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at", None), ("thrown_at", None), _connector="OR"),
                name="upload_ends_once",
            ),
        ),
    ]
