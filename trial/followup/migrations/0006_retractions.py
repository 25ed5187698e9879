"""What was written by mistake is taken back and stays: who, when and why stand on the row, and a right one takes its
place. What is kept added up counts only what stands."""

from importlib import import_module

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.batched import BatchedMigration

COLUMNS = "retracted_at, retracted_by_id, retraction"
KINDS = ("contact", "deviation", "enquiry", "job", "measure")
MANAGERS = [("objects", models.Manager()), ("ever", models.Manager())]
REASONS = [
    ("mistyped", "Skrevet feil"),
    ("new_facts", "Nye opplysninger"),
    ("never_happened", "Har ikke funnet sted"),
    ("other_person", "Gjelder en annen deltaker"),
    ("twice", "Registrert to ganger"),
    ("groundless", "Det regelen fant, er rettet"),
]


def _standing(statement):
    """A function that adds people up, asking only for rows that have not been taken back."""
    for table in ("contact", "enquiry", "job", "measure"):
        statement = statement.replace(
            f"FROM followup_{table} WHERE ", f"FROM followup_{table} WHERE retracted_at IS NULL AND "
        )
    statement = statement.replace(
        "LEFT JOIN followup_contact contact ON ",
        "LEFT JOIN followup_contact contact ON contact.retracted_at IS NULL AND ",
    )
    return statement.replace(
        "WHERE spell.participant_id =", "WHERE spell.retracted_at IS NULL AND spell.participant_id ="
    )


def summarise_what_stands():
    summaries = import_module("trial.followup.migrations.0004_summaries")
    stages = "ARRAY['" + "', '".join(summaries.STAGES) + "']"
    summarise = summaries.SUMMARISE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    return _standing(summarise.replace("%(stages)s", stages))


def add_up_what_stands(apps, schema_editor):
    by_arm = import_module("trial.followup.migrations.0005_measures_by_arm")
    for changed, readings in ((summarise_what_stands(), 5), (_standing(by_arm.JOIN_MEASURES), 1)):
        if changed.count("retracted_at IS NULL") != readings:
            raise ValueError("a reading of the summaries was not found")
        schema_editor.execute(changed, params=None)


def _retractable(name):
    """The three columns of a table whose rows can be taken back, and that they go together."""
    return [
        migrations.AddField(name, "retracted_at", models.DateTimeField(null=True)),
        migrations.AddField(
            name,
            "retracted_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            name,
            "retraction",
            models.CharField(blank=True, choices=REASONS, db_default="", default="", max_length=16),
        ),
        migrations.AddConstraint(
            name,
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retracted_at", None), ("retracted_by", None), ("retraction", "")),
                    models.Q(
                        ("retracted_at__isnull", False),
                        ("retracted_by__isnull", False),
                        models.Q(("retraction", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name=f"{name}_retracted_by_someone",
            ),
        ),
    ]


def _replaces(name):
    return migrations.AddField(
        name,
        "replaces",
        models.OneToOneField(
            null=True,
            on_delete=django.db.models.deletion.PROTECT,
            related_name="replacement",
            to=f"followup.{name}",
        ),
    )


class Migration(BatchedMigration):
    dependencies = [
        ("followup", "0005_measures_by_arm"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(migrations.AlterModelManagers(name, MANAGERS) for name in KINDS),
        *(operation for name in KINDS for operation in _retractable(name)),
        *(_replaces(name) for name in ("contact", "job", "measure")),
        migrations.AddField("measure", "version", models.PositiveIntegerField(db_default=1, default=1)),
        migrations.RemoveConstraint("measure", "measure_same_code_once"),
        migrations.AddConstraint(
            "measure",
            django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("retracted_at", None)),
                expressions=[
                    (
                        models.Func(
                            models.F("start"),
                            models.F("end"),
                            models.Value("[]"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                    ("participant", "="),
                    ("code", "="),
                ],
                name="measure_same_code_once",
            ),
        ),
        migrations.RemoveConstraint("deviation", "deviation_found_once"),
        migrations.AddConstraint(
            "deviation",
            models.UniqueConstraint(
                condition=models.Q(("found", True), ("retracted_at", None)),
                fields=("participant", "kind", "fact"),
                name="deviation_found_once",
            ),
        ),
        migrations.RunSQL(
            f"GRANT UPDATE ({COLUMNS}) ON followup_contact, followup_deviation, followup_enquiry TO office;"
            f"GRANT UPDATE ({COLUMNS}, version) ON followup_measure TO office;"
            "GRANT SELECT (retracted_at) ON followup_contact, followup_enquiry TO coordinator",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(add_up_what_stands, migrations.RunPython.noop),
    ]
