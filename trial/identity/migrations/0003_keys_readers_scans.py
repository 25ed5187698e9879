"""Wrapping keys have names, shielded people have named readers, and signed forms are kept as scans."""

from django.db import migrations, models

from trial.access.batched import BatchedMigration
from trial.access.rls import Protect
from trial.identity.keys import service

OWN_OFFICE = "office_id = ANY(app_offices())"
SHIELD = """
ALTER POLICY office_rows ON identity_identityrecord USING (office_id = ANY(app_offices()) AND (NOT shielded OR EXISTS (
  SELECT 1 FROM identity_namedreader r WHERE r.subject = identity_identityrecord.subject AND r.user_id = app_user()
)))
"""
# Whoever may not see the person may not see the form either: the inner query is under the person's own policy.
OF_VISIBLE = (
    "office_id = ANY(app_offices()) AND "
    "EXISTS (SELECT 1 FROM identity_identityrecord p WHERE p.subject = identity_scan.subject)"
)


def name_keys(apps, schema_editor):
    """Until now there was one wrapping key: the one of the environment, which still wraps."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        cursor.execute("SELECT count(*) FROM identity_identityrecord WHERE wrapped_key IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute(
                "UPDATE identity_identityrecord SET key_name = %s WHERE wrapped_key IS NOT NULL", [service().current()]
            )
        cursor.execute("SELECT set_config('app.maintenance', '', true)")


class Migration(BatchedMigration):
    dependencies = [
        ("identity", "0002_planes"),
    ]

    operations = [
        migrations.CreateModel(
            name="NamedReader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.UUIDField()),
                ("office_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("named_at", models.DateTimeField()),
                ("named_by", models.BigIntegerField()),
            ],
            options={
                "ordering": ["named_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Scan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.UUIDField()),
                ("office_id", models.BigIntegerField()),
                ("consent", models.BigIntegerField(unique=True)),
                ("pages", models.PositiveSmallIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("kept_at", models.DateTimeField()),
                ("kept_by", models.BigIntegerField()),
            ],
            options={
                "ordering": ["-kept_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="identityrecord",
            name="key_name",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="identityrecord",
            name="shielded",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="identityrecord",
            index=models.Index(fields=["key_name"], name="identity_by_key"),
        ),
        migrations.RunPython(name_keys, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="identityrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("key_name", ""), ("wrapped_key", None)),
                    models.Q(("wrapped_key__isnull", False), models.Q(("key_name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="identity_key_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedreader",
            constraint=models.UniqueConstraint(fields=("subject", "user_id"), name="reader_named_once"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["subject"], name="scan_by_subject"),
        ),
        Protect("identity_namedreader", grants={"office": "SELECT, INSERT, DELETE"}, rows={"office": OWN_OFFICE}),
        Protect("identity_scan", grants={"office": "SELECT, INSERT, UPDATE, DELETE"}, rows={"office": OF_VISIBLE}),
        migrations.RunSQL(SHIELD, migrations.RunSQL.noop),
    ]
