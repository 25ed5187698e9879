"""Roles that come with a provider's groups, and a role that ends on a day to come held until then."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.rls import Protect
from trial.access.roles import ROLES, Role

OF_TRIAL = "trial_id = ANY(app_trials())"

HELD = """
DROP FUNCTION studies_roles_held(bigint);
CREATE FUNCTION studies_roles_held(person bigint, today date) RETURNS SETOF varchar
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT DISTINCT m.role FROM studies_membership m
    WHERE m.user_id = person AND (m.valid_to IS NULL OR m.valid_to >= today AND m."group" = '');
  PERFORM set_config('app.maintenance', before, true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0004_strata_and_unit"),
        ("access", "0007_trial_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="group",
            field=models.CharField(blank=True, default="", max_length=100),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="GroupRole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=100)),
                (
                    "role",
                    models.CharField(choices=[(role.value, ROLES[role].label) for role in Role], max_length=20),
                ),
                ("given_at", models.DateTimeField()),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="studies.office",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="group_roles", to="studies.trial"
                    ),
                ),
            ],
            options={
                "ordering": ["trial", "group", "role"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trial", "group", "role", "office"), name="group_role_once", nulls_distinct=False
                    )
                ],
            },
        ),
        Protect("studies_grouprole", grants={"coordinator": "SELECT, INSERT, DELETE"}, rows={"coordinator": OF_TRIAL}),
        migrations.RunSQL(HELD, reverse_sql="DROP FUNCTION studies_roles_held(bigint, date)"),
    ]
