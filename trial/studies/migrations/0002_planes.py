"""Trials and memberships are readable on every plane: they hold no participants. Only the trial plane changes them."""

from django.db import migrations

from trial.access.rls import Grant, Protect

TABLES = ("studies_trial", "studies_arm", "studies_navoffice", "studies_membership")
READERS = ("office", "analyst", "draw")


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_initial"), ("access", "0002_planes")]

    operations = [
        *(Grant(table, dict.fromkeys(READERS, "SELECT")) for table in TABLES),
        *(Grant(table, {"coordinator": "SELECT, INSERT, UPDATE"}) for table in TABLES),
        Grant("studies_arm", {"coordinator": "DELETE"}),
        # SELECT ... FOR UPDATE on the trial row is the draw's lock, and PostgreSQL asks for UPDATE to take it.
        Grant(
            "studies_trial",
            {"office": "UPDATE (state)", "draw": "UPDATE (state)", "analyst": "UPDATE (state)"},
        ),
        Protect(
            "studies_office",
            grants={
                "office": "SELECT",
                "coordinator": "SELECT, INSERT, UPDATE",
                "analyst": "SELECT",
                "draw": "SELECT",
            },
            rows={
                "office": "id = ANY(app_offices())",
                "coordinator": "trial_id = ANY(app_trials())",
            },
        ),
    ]
