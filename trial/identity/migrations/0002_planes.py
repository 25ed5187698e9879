"""The identity plane: only offices, only their own people. No other database role has any right here."""

from django.db import migrations

from trial.access.rls import Protect


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial"), ("access", "0002_planes")]

    operations = [
        Protect(
            "identity_identityrecord",
            grants={"office": "SELECT, INSERT, UPDATE"},
            rows={"office": "office_id = ANY(app_offices())"},
        ),
    ]
