"""Key files for register owners: two persons, and a plane of their own that reads numbers and national ids only."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.rls import Protect

OWN_TRIALS = "trial_id = ANY(app_trials())"
# What one key file is made of. Names, contacts and signed forms are not granted.
OPEN_LINKAGE = """
GRANT SELECT ON studies_trial, enrolment_consented TO linkage;
GRANT SELECT (key, number, trial_id, enrolled_at, withdrawal) ON enrolment_participant TO linkage;
GRANT SELECT (id, participant_id, trial_id, covers, given_at, withdrawn_at) ON enrolment_consent TO linkage;
GRANT SELECT (subject, trial_code, wrapped_key, key_name, national_id) ON identity_identityrecord TO linkage;
CREATE POLICY linkage_rows ON enrolment_participant TO linkage USING (trial_id = ANY(app_trials()));
CREATE POLICY linkage_rows ON enrolment_consent TO linkage USING (trial_id = ANY(app_trials()));
CREATE POLICY linkage_rows ON identity_identityrecord TO linkage
  USING (trial_code IN (SELECT t.code FROM studies_trial t WHERE t.id = ANY(app_trials())));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registers", "0004_planes_of_receiving"),
        ("studies", "0004_strata_and_unit"),
        ("access", "0006_linkage"),
        ("identity", "0003_keys_readers_scans"),
        ("enrolment", "0004_shield_displays_forms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LinkageRequest",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "register",
                    models.CharField(
                        choices=[
                            ("participants", "Bakgrunnsopplysninger ved start"),
                            ("employment", "Arbeidsforhold (Aa-registeret)"),
                            ("benefits", "Ytelser fra Nav"),
                            ("measures", "Tiltak fra Nav"),
                            ("education", "Utdanning"),
                            ("work_capacity", "Nedsatt arbeidsevne og innsatsgruppe"),
                            ("income", "Inntekt"),
                            ("survey", "Spørreskjema"),
                        ],
                        max_length=20,
                    ),
                ),
                ("owner", models.CharField(max_length=200)),
                ("recipient", models.CharField(max_length=100)),
                ("requested_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("handed_out_at", models.DateTimeField(null=True)),
                ("people", models.PositiveIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
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
                    "handed_out_by",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.trial"
                    ),
                ),
            ],
            options={
                "ordering": ["-requested_at", "id"],
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
                        name="linkage_approved_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("handed_out_at", None), ("handed_out_by", None), ("people", None), ("sha256", "")
                            ),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("handed_out_at__isnull", False),
                                ("handed_out_by__isnull", False),
                                ("people__gt", 0),
                                models.Q(("sha256", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="linkage_handed_out_whole",
                    ),
                ],
            },
        ),
        Protect(
            "registers_linkagerequest",
            grants={
                "analyst": "SELECT, INSERT, UPDATE (approved_at, approved_by_id, handed_out_at, handed_out_by_id, "
                "people, sha256)",
                "coordinator": "SELECT, UPDATE (approved_at, approved_by_id)",
            },
            rows={"analyst": OWN_TRIALS, "coordinator": OWN_TRIALS},
        ),
        migrations.RunSQL(OPEN_LINKAGE, migrations.RunSQL.noop),
    ]
