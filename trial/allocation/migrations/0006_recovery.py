"""A record of each time that a lost key is put together again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.rls import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("allocation", "0005_clusters"),
        ("studies", "0004_strata_and_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Recovery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("requested_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recoveries", to="studies.trial"
                    ),
                ),
            ],
            options={
                "ordering": ["-requested_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at", None), ("approved_by", None)),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("requested_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="recovery_two_persons",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("approved_at", None)), fields=("trial",), name="recovery_asked_once"
                    ),
                ],
            },
        ),
        Protect(
            "allocation_recovery",
            grants={"coordinator": "SELECT, INSERT, UPDATE (approved_by_id, approved_at)"},
            rows={"coordinator": "trial_id = ANY(app_trials())"},
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER refuse_change_after BEFORE UPDATE OR DELETE ON allocation_recovery
              FOR EACH ROW WHEN (OLD.approved_at IS NOT NULL) EXECUTE FUNCTION app_refuse_change();
            ALTER TABLE allocation_recovery ENABLE ALWAYS TRIGGER refuse_change_after;
            """,
            migrations.RunSQL.noop,
        ),
    ]
