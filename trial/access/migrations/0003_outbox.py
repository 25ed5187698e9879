"""The worker sends notices: as `analyst`, and only while it says that it does (`app.outbox`, for one transaction)."""

from django.db import migrations

from trial.access.rls import Grant

OPEN = "ALTER POLICY analyst_rows ON audit_outboxmessage USING (current_setting('app.outbox', true) = 'on')"
CLOSE = "ALTER POLICY analyst_rows ON audit_outboxmessage USING (true)"


class Migration(migrations.Migration):
    dependencies = [("access", "0002_planes")]

    operations = [
        Grant("audit_outboxmessage", {"analyst": "SELECT, UPDATE (sent_at, attempts)"}),
        migrations.RunSQL(OPEN, CLOSE),
    ]
