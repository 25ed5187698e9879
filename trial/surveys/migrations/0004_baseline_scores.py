"""What a person answered at the start is scored when the answers are final, so that comparing the arms of a large
trial reads a row a person and instrument and not every answer."""

import django.db.models.deletion
from django.db import migrations, models

from trial.access.rls import Protect

# Reads and writes with the owner's rights: neither the respondent nor the office reaches the other's answers, and
# nobody reads a score of one person.
CREATE_SCORES = """
CREATE FUNCTION surveys_score(people uuid[]) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
INSERT INTO surveys_baselinescore (participant_id, trial_id, instrument, score)
SELECT i.participant_id, i.trial_id, a.instrument, avg(a.value::float8)
FROM surveys_invitation i
JOIN surveys_wave w ON w.id = i.wave_id AND w.months = 0
JOIN surveys_answer a ON a.invitation_id = i.key AND a.entry = i.final_entry
WHERE i.participant_id = ANY(people) AND i.state = 'answered' AND a.value ~ '^[0-9]+$'
GROUP BY i.participant_id, i.trial_id, a.instrument
ON CONFLICT (participant_id, instrument) DO UPDATE SET score = excluded.score
$$;
REVOKE EXECUTE ON FUNCTION surveys_score FROM PUBLIC;

CREATE FUNCTION surveys_tell_scores() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  people uuid[] := ARRAY(SELECT DISTINCT participant_id FROM changed WHERE state = 'answered');
  before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  IF cardinality(people) > 0 THEN
    PERFORM set_config('app.maintenance', 'on', true);
    PERFORM surveys_score(people);
    PERFORM set_config('app.maintenance', before, true);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER score_update AFTER UPDATE ON surveys_invitation
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION surveys_tell_scores();

CREATE OR REPLACE FUNCTION surveys_baseline()
RETURNS TABLE (trial_id bigint, instrument varchar, arm_id bigint, people bigint, mean float8, deviation float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT s.trial_id, s.instrument COLLATE "C", al.arm_id, count(*), avg(s.score),
    coalesce(stddev_samp(s.score), 0)
  FROM surveys_baselinescore s
  JOIN allocation_allocation al ON al.participant_id = s.participant_id AND al.arm_id IS NOT NULL
  WHERE s.trial_id = ANY(app_trials())
  GROUP BY 1, 2, 3;
  PERFORM set_config('app.maintenance', '', true);
END $$;

SELECT set_config('app.maintenance', 'on', true);
SELECT surveys_score(ARRAY(SELECT DISTINCT participant_id FROM surveys_invitation WHERE state = 'answered'));
SELECT set_config('app.maintenance', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0003_baseline"), ("enrolment", "0002_planes")]

    operations = [
        migrations.CreateModel(
            name="BaselineScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("instrument", models.SlugField(db_index=False, max_length=40)),
                ("score", models.FloatField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="enrolment.participant"
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.trial"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("participant", "instrument"), name="baseline_scored_once")
                ]
            },
        ),
        Protect("surveys_baselinescore", grants={}),
        migrations.RunSQL(CREATE_SCORES, migrations.RunSQL.noop),
    ]
