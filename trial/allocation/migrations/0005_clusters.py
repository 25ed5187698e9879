"""Trials that draw offices: a place for each office, and followers among the participants."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.batched import BatchedMigration
from trial.access.rls import Protect

REFUSE_CHANGES = """
CREATE TRIGGER refuse_change_after BEFORE UPDATE ON allocation_cluster
  FOR EACH ROW WHEN (OLD.drawn_at IS NOT NULL) EXECUTE FUNCTION app_refuse_change();
CREATE TRIGGER refuse_removal BEFORE DELETE ON allocation_cluster
  FOR EACH ROW EXECUTE FUNCTION app_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON allocation_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION app_refuse_change();
ALTER TABLE allocation_cluster ENABLE ALWAYS TRIGGER refuse_change_after;
ALTER TABLE allocation_cluster ENABLE ALWAYS TRIGGER refuse_removal;
ALTER TABLE allocation_cluster ENABLE ALWAYS TRIGGER refuse_truncate;
"""


class Migration(BatchedMigration):
    dependencies = [
        ("allocation", "0004_corrections"),
        ("enrolment", "0003_consent_draft"),
        ("studies", "0004_strata_and_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="allocation",
            name="position",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="allocation",
            name="trial",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="studies.trial"
            ),
        ),
        migrations.CreateModel(
            name="Cluster",
            fields=[
                ("who", models.CharField(max_length=32, unique=True)),
                ("stratum", models.CharField(max_length=200)),
                ("position", models.PositiveIntegerField()),
                ("factors", models.JSONField(default=dict)),
                ("enrolled_at", models.DateTimeField()),
                ("enrol_seq", models.PositiveBigIntegerField()),
                ("drawn_at", models.DateTimeField(null=True)),
                ("alloc_seq", models.PositiveBigIntegerField(null=True)),
                ("receipt", models.JSONField(null=True)),
                (
                    "office",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="cluster",
                        serialize=False,
                        to="studies.office",
                    ),
                ),
                (
                    "arm",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.arm"
                    ),
                ),
                (
                    "drawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="studies.trial"
                    ),
                ),
            ],
            options={
                "ordering": ["trial", "enrol_seq"],
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="allocation",
            name="cluster",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followers",
                to="allocation.cluster",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cluster", None), ("position__isnull", False)),
                    models.Q(("arm__isnull", False), ("cluster__isnull", False), ("position", None)),
                    _connector="OR",
                ),
                name="allocation_follows_or_is_drawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="cluster",
            constraint=models.UniqueConstraint(fields=("trial", "stratum", "position"), name="cluster_position_once"),
        ),
        migrations.AddConstraint(
            model_name="cluster",
            constraint=models.UniqueConstraint(fields=("trial", "enrol_seq"), name="cluster_enrol_seq_once"),
        ),
        migrations.AddConstraint(
            model_name="cluster",
            constraint=models.UniqueConstraint(fields=("trial", "alloc_seq"), name="cluster_alloc_seq_once"),
        ),
        migrations.AddConstraint(
            model_name="cluster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("alloc_seq", None), ("arm", None), ("drawn_at", None), ("drawn_by", None), ("receipt", None)
                    ),
                    models.Q(
                        ("alloc_seq__isnull", False),
                        ("arm__isnull", False),
                        ("drawn_at__isnull", False),
                        ("receipt__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="cluster_drawn_whole",
            ),
        ),
        Protect(
            "allocation_cluster",
            grants={
                "office": "SELECT",
                "coordinator": "SELECT",
                "draw": "SELECT, INSERT, UPDATE (arm_id, drawn_at, drawn_by_id, alloc_seq, receipt)",
            },
            rows={"office": "office_id = ANY(app_offices())", "coordinator": "trial_id = ANY(app_trials())"},
        ),
        migrations.RunSQL(REFUSE_CHANGES, migrations.RunSQL.noop),
    ]
