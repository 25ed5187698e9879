"""The plane of whoever answers a questionnaire by a personal link: no account, no trial, only what the link opens."""

from django.db import migrations

from trial.access.rls import create_roles

CREATE_LINK = """
CREATE FUNCTION app_link() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.link', true), '') $$;
"""

# What a respondent does is told to the trial's own plane, like what everyone else does; nothing is read back.
OPEN_AUDIT = """
GRANT SELECT, INSERT ON audit_auditevent TO respondent;
CREATE POLICY respondent_rows ON audit_auditevent TO respondent USING (false) WITH CHECK (true);
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0004_sign_in")]

    operations = [
        migrations.RunSQL(create_roles("respondent"), migrations.RunSQL.noop),
        migrations.RunSQL(CREATE_LINK, "DROP FUNCTION app_link()"),
        migrations.RunSQL(OPEN_AUDIT, "DROP POLICY respondent_rows ON audit_auditevent"),
    ]
