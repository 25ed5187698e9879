"""Shielded people are seen by their named readers only; displays are logged; forms name their variables."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.batched import BatchedMigration
from trial.access.rls import AppendOnly, Grant, Protect

OWN_TRIAL = "trial_id = ANY(app_trials())"
SHIELD = """
ALTER POLICY office_rows ON {table} USING (office_id = ANY(app_offices()) AND (NOT shielded OR EXISTS (
  SELECT 1 FROM identity_namedreader r WHERE r.subject = {table}.key AND r.user_id = app_user()
)))
"""

# Answers corrected before the enrolment may change the stratum that they give; a place in the draw keeps its own.
KEEP_STRATUM = """
CREATE TRIGGER keep_stratum BEFORE UPDATE OF stratum ON enrolment_participant
  FOR EACH ROW WHEN (OLD.enrolled_at IS NOT NULL AND NEW.stratum IS DISTINCT FROM OLD.stratum)
  EXECUTE FUNCTION app_refuse_change();
ALTER TABLE enrolment_participant ENABLE ALWAYS TRIGGER keep_stratum;
"""


class Migration(BatchedMigration):
    dependencies = [
        ("enrolment", "0003_consent_draft"),
        ("identity", "0003_keys_readers_scans"),
        ("studies", "0004_strata_and_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="on_screen",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="consentform",
            name="storage_end",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="consentform",
            name="variables",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="shielded",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="participant",
            name="shielded",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="Display",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.UUIDField()),
                ("number", models.CharField(blank=True, max_length=12)),
                ("what", models.CharField(max_length=20)),
                ("shielded", models.BooleanField(default=False)),
                ("time", models.DateTimeField()),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.office"
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.trial"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-time", "-id"],
                "indexes": [
                    models.Index(fields=["trial", "office", "-time"], name="display_by_office"),
                    models.Index(fields=["subject", "-time"], name="display_by_subject"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisplayReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                ("remark", models.CharField(blank=True, max_length=500)),
                ("reviewed_at", models.DateTimeField()),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.office"
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                "ordering": ["-reviewed_at", "-id"],
                "indexes": [models.Index(fields=["trial", "office", "-until"], name="review_by_office")],
            },
        ),
        *(
            migrations.RunSQL(SHIELD.format(table=table), migrations.RunSQL.noop)
            for table in ("enrolment_participant", "enrolment_eligibilitycheck")
        ),
        Grant("enrolment_participant", {"office": "UPDATE (shielded, stratum)"}),
        migrations.RunSQL(KEEP_STRATUM, migrations.RunSQL.noop),
        Protect(
            "enrolment_display",
            grants={"office": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"office": "office_id = ANY(app_offices())", "coordinator": OWN_TRIAL},
        ),
        AppendOnly("enrolment_display"),
        Protect(
            "enrolment_displayreview",
            grants={"office": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"office": "office_id = ANY(app_offices())", "coordinator": OWN_TRIAL},
        ),
        AppendOnly("enrolment_displayreview"),
    ]
