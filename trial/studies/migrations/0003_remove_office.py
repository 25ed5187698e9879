"""An office added by mistake can be taken out again while the trial is planned; foreign keys protect every other."""

from django.db import migrations

from trial.access.rls import Grant


class Migration(migrations.Migration):
    dependencies = [("studies", "0002_planes")]

    operations = [Grant("studies_office", {"coordinator": "DELETE"})]
