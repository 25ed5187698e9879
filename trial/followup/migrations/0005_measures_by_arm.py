"""The measures of a person carry the arm, so that their use by arm is counted from one table."""

import django.db.models.deletion
from django.db import migrations, models

from trial.access.batched import BatchedMigration

JOIN_MEASURES = """
CREATE OR REPLACE FUNCTION followup_join_measures(people uuid[]) RETURNS void LANGUAGE sql
SET search_path = public, pg_temp AS $$
DELETE FROM followup_inmeasure WHERE participant_id = ANY(people);
INSERT INTO followup_inmeasure (
  participant_id, trial_id, office_id, arm_id, drawn_on, "group", start, "end", first_since_draw
)
SELECT joined.participant_id, joined.trial_id, joined.office_id, drawn.arm_id, drawn.day, joined.name, lower(days),
  CASE WHEN NOT upper_inf(days) THEN upper(days) - 1 END,
  coalesce(days && daterange(drawn.day, NULL) AND lower(days) = min(lower(days)) FILTER (
    WHERE days && daterange(drawn.day, NULL)
  ) OVER (PARTITION BY joined.participant_id, joined.name), false)
FROM (
  SELECT spell.participant_id, spell.trial_id, spell.office_id, named.name,
    range_agg(daterange(spell.start, spell."end", '[]')) AS spells
  FROM followup_measure spell CROSS JOIN LATERAL (VALUES (spell."group"), ('any_measure')) AS named(name)
  WHERE spell.participant_id = ANY(people)
  GROUP BY spell.participant_id, spell.trial_id, spell.office_id, named.name
) joined
LEFT JOIN (
  SELECT participant_id, arm_id, (drawn_at AT TIME ZONE 'Europe/Oslo')::date AS day
  FROM allocation_allocation WHERE arm_id IS NOT NULL
) drawn ON drawn.participant_id = joined.participant_id
CROSS JOIN LATERAL unnest(joined.spells) AS days
$$
"""


def join_again(apps, schema_editor):
    schema_editor.execute(JOIN_MEASURES, params=None)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        cursor.execute("SELECT DISTINCT participant_id FROM followup_inmeasure")
        people = [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT followup_join_measures(%s::uuid[])", [people])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('app.maintenance', '', true)")


class Migration(BatchedMigration):
    dependencies = [
        ("allocation", "0002_planes"),
        ("followup", "0004_summaries"),
        ("studies", "0004_strata_and_unit"),
    ]

    operations = [
        migrations.AddField(
            model_name="inmeasure",
            name="arm",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.arm"
            ),
        ),
        migrations.AddField(
            model_name="inmeasure",
            name="drawn_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="inmeasure",
            name="first_since_draw",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(join_again, migrations.RunPython.noop),
    ]
