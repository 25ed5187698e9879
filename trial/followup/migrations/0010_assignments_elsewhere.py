"""The extract of whoever has moved holds the specialists of the offices before too: those rows stay at their office, with
the specialist, and an office reads no others than its own."""

from django.db import migrations

ELSEWHERE = """
CREATE FUNCTION followup_assignments_elsewhere(person uuid)
RETURNS TABLE (specialist text, start date, "end" date, overload_reason text, hand_over text, end_reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT coalesce(nullif(u.display_name, ''), u.username)::text, a.start, a."end", a.overload_reason::text, a.hand_over::text,
    a.end_reason::text
  FROM followup_assignment a
  JOIN enrolment_participant p ON p.key = a.participant_id
  JOIN followup_employmentspecialist s ON s.id = a.specialist_id
  JOIN access_user u ON u.id = s.user_id
  WHERE p.key = person AND p.office_id = ANY(app_offices()) AND NOT a.office_id = ANY(app_offices())
  ORDER BY a.start, a.id;
  PERFORM set_config('app.maintenance', before, true);
END $$;
REVOKE ALL ON FUNCTION followup_assignments_elsewhere(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION followup_assignments_elsewhere(uuid) TO office;
"""


class Migration(migrations.Migration):
    dependencies = [("followup", "0009_met_in_person"), ("allocation", "0004_corrections")]

    operations = [migrations.RunSQL(ELSEWHERE, "DROP FUNCTION followup_assignments_elsewhere(uuid)")]
