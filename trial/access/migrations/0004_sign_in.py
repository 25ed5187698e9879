"""An ident opens one account; and the table in which used codes are kept (Django's database cache)."""

from django.db import migrations, models
from django.db.models import Q

CREATE_CACHE = """
CREATE TABLE access_cache (
  cache_key varchar(255) PRIMARY KEY,
  value text NOT NULL,
  expires timestamptz NOT NULL
);
CREATE INDEX access_cache_expires ON access_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_outbox")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=["nav_ident"], condition=~Q(nav_ident=""), name="user_nav_ident_once"
            ),
        ),
        migrations.RunSQL(CREATE_CACHE, "DROP TABLE access_cache"),
    ]
