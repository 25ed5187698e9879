"""The jobs and measures of the norms are those begun since the person was given to a specialist: an earlier job is no
placement and nobody new in work, and an earlier measure hid a later one that came before work."""

from importlib import import_module

from django.db import migrations

BEFORE_AND_SINCE = (
    (
        "min(start) AS first, min(start) FILTER (WHERE kind <> 'practice') AS paid",
        "min(start) FILTER (WHERE start >= assigned.first) AS first, "
        "min(start) FILTER (WHERE start >= assigned.first AND kind <> 'practice') AS paid",
    ),
    ("FILTER (WHERE kind = 'ordinary')", "FILTER (WHERE start >= assigned.first AND kind = 'ordinary')"),
    ("FILTER (WHERE \"group\" <> 'follow_up')", "FILTER (WHERE start >= assigned.first AND \"group\" <> 'follow_up')"),
)


def summarise_since_assigned():
    statement = import_module("trial.followup.migrations.0006_retractions").summarise_what_stands()
    for before, since in BEFORE_AND_SINCE:
        if statement.count(before) != 1:
            raise ValueError("a reading of the summaries was not found")
        statement = statement.replace(before, since)
    return statement


def add_up_everyone(schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        cursor.execute("SELECT participant_id FROM followup_casesummary")
        people = [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT followup_summarise(%s::uuid[])", [people])
        cursor.execute("SELECT set_config('app.maintenance', '', true)")


def add_up_since_assigned(apps, schema_editor):
    schema_editor.execute(summarise_since_assigned(), params=None)
    add_up_everyone(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("followup", "0006_retractions")]

    operations = [migrations.RunPython(add_up_since_assigned, migrations.RunPython.noop)]
