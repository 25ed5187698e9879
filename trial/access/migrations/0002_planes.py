"""The database roles, the functions that row-level security asks, and the planes of the two rooms at the bottom."""

from django.db import migrations

from trial.access.rls import CREATE_FUNCTIONS, AppendOnly, Grant, Protect, create_roles

EVERYONE = ("office", "coordinator", "analyst", "draw")


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(create_roles(*EVERYONE), migrations.RunSQL.noop),
        migrations.RunSQL(
            CREATE_FUNCTIONS,
            "DROP FUNCTION app_offices(), app_trials(), app_user(), app_refuse_change()",
        ),
        # Everyone writes what they did; only the whole-trial plane (auditor, trial lead) reads it back.
        Protect(
            "audit_auditevent",
            grants=dict.fromkeys(EVERYONE, "SELECT, INSERT"),
            rows={
                "office": ("actor_id = app_user()", "true"),
                "analyst": ("actor_id = app_user()", "true"),
                "draw": ("false", "true"),
            },
        ),
        AppendOnly("audit_auditevent"),
        Protect(
            "audit_outboxmessage",
            grants=dict.fromkeys(EVERYONE, "INSERT"),
        ),
        Grant("access_user", dict.fromkeys(EVERYONE, "SELECT")),
        Grant("access_apitoken", dict.fromkeys(EVERYONE, "SELECT")),
    ]
