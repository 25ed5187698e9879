"""The plane of linkage: for as long as one approved key file is made, and for nothing else."""

from django.db import migrations

from trial.access.rls import create_roles


class Migration(migrations.Migration):
    dependencies = [("access", "0005_respondent")]

    operations = [migrations.RunSQL(create_roles("linkage"), migrations.RunSQL.noop)]
