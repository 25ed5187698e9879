"""What people answered at the start, as means by arm: the trial plane may compare the arms and reads no answer."""

from django.db import migrations

# Reads with the owner's rights and gives out sums over people only. Which trials it answers for is still decided by
# the asking transaction.
CREATE_BASELINE = """
CREATE FUNCTION surveys_baseline()
RETURNS TABLE (trial_id bigint, instrument varchar, arm_id bigint, people bigint, mean float8, deviation float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT scored.trial_id, scored.instrument, scored.arm_id, count(*), avg(scored.score)::float8,
    coalesce(stddev_samp(scored.score), 0)::float8
  FROM (
    SELECT i.trial_id, a.instrument, al.arm_id, i.participant_id, avg(a.value::float8) AS score
    FROM surveys_answer a
    JOIN surveys_invitation i ON i.key = a.invitation_id AND i.final_entry = a.entry AND i.state = 'answered'
    JOIN surveys_wave w ON w.id = i.wave_id AND w.months = 0
    JOIN allocation_allocation al ON al.participant_id = i.participant_id AND al.arm_id IS NOT NULL
    WHERE i.trial_id = ANY(app_trials()) AND a.value ~ '^[0-9]+$'
    GROUP BY i.trial_id, a.instrument, al.arm_id, i.participant_id
  ) scored
  GROUP BY scored.trial_id, scored.instrument, scored.arm_id;
  PERFORM set_config('app.maintenance', '', true);
END $$;
REVOKE ALL ON FUNCTION surveys_baseline() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION surveys_baseline() TO coordinator;
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0002_planes"), ("allocation", "0002_planes")]

    operations = [migrations.RunSQL(CREATE_BASELINE, "DROP FUNCTION surveys_baseline()")]
