"""The score of an instrument is the mean of what is answered in numbers: digits in a free text are no number of it."""

from django.db import migrations

SCORE_NUMBERS = """
CREATE OR REPLACE FUNCTION surveys_score(people uuid[]) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
INSERT INTO surveys_baselinescore (participant_id, trial_id, instrument, score)
SELECT i.participant_id, i.trial_id, a.instrument, avg(a.value::float8)
FROM surveys_invitation i
JOIN surveys_wave w ON w.id = i.wave_id AND w.months = 0
JOIN surveys_answer a ON a.invitation_id = i.key AND a.entry = i.final_entry
JOIN surveys_instrument n ON n.trial_id = i.trial_id AND n.code = a.instrument
WHERE i.participant_id = ANY(people) AND i.state = 'answered' AND a.value ~ '^[0-9]+$'
  AND NOT n.items @> jsonb_build_array(jsonb_build_object('code', a.item, 'kind', 'text'))
GROUP BY i.participant_id, i.trial_id, a.instrument
ON CONFLICT (participant_id, instrument) DO UPDATE SET score = excluded.score
$$;

SELECT set_config('app.maintenance', 'on', true);
DELETE FROM surveys_baselinescore;
SELECT surveys_score(ARRAY(SELECT DISTINCT participant_id FROM surveys_invitation WHERE state = 'answered'));
SELECT set_config('app.maintenance', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0005_answers_move_along")]

    operations = [migrations.RunSQL(SCORE_NUMBERS, migrations.RunSQL.noop)]
