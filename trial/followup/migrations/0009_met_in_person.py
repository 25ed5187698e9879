"""The first and the last contact of the summaries are those with the person: a call to an employer or to a caseworker
about someone hid for the rules, and on the specialist's list, that nobody had spoken with the person."""

from importlib import import_module

from django.db import migrations

ANY = "min(day) AS first, max(day) AS last,"
WITH_THE_PERSON = (
    "min(day) FILTER (WHERE kind = 'three_way' OR counterpart IN ('participant', 'both')) AS first, "
    "max(day) FILTER (WHERE kind = 'three_way' OR counterpart IN ('participant', 'both')) AS last,"
)


def add_up_with_the_person(apps, schema_editor):
    earlier = import_module("trial.followup.migrations.0007_since_assigned")
    statement = earlier.summarise_since_assigned()
    if statement.count(ANY) != 1:
        raise ValueError("a reading of the summaries was not found")
    schema_editor.execute(statement.replace(ANY, WITH_THE_PERSON), params=None)
    earlier.add_up_everyone(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("followup", "0008_employers_move_along")]

    operations = [migrations.RunPython(add_up_with_the_person, migrations.RunPython.noop)]
