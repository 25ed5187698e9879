"""An office reads every display of the people it has, also from the time before they moved to it: they may ask who
looked. And before a shielded person moves, it is asked whether anyone who sees the person works at the new office."""

from django.db import migrations

OF_OWN_PEOPLE = """
ALTER POLICY office_rows ON enrolment_display USING (office_id = ANY(app_offices()) OR EXISTS (
  SELECT 1 FROM enrolment_participant p WHERE p.key = enrolment_display.subject AND p.office_id = ANY(app_offices())
));
"""

OF_OWN_OFFICE = "ALTER POLICY office_rows ON enrolment_display USING (office_id = ANY(app_offices()));"

SEEN_AT = """
CREATE FUNCTION enrolment_seen_at(person uuid, office bigint, today date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('app.maintenance', true), '');
  seen boolean;
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  SELECT NOT p.shielded OR EXISTS (
    SELECT 1 FROM identity_namedreader r JOIN studies_membership m ON m.user_id = r.user_id
    WHERE r.subject = person AND m.office_id = office AND m.valid_from <= today
      AND (m.valid_to IS NULL OR m.valid_to >= today)
  ) INTO seen FROM enrolment_participant p WHERE p.key = person;
  PERFORM set_config('app.maintenance', before, true);
  RETURN seen;
END $$;
REVOKE ALL ON FUNCTION enrolment_seen_at(uuid, bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enrolment_seen_at(uuid, bigint, date) TO draw;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("enrolment", "0004_shield_displays_forms"),
        ("identity", "0004_scans_move_along"),
        ("studies", "0005_group_roles"),
    ]

    operations = [
        migrations.RunSQL(OF_OWN_PEOPLE, OF_OWN_OFFICE),
        migrations.RunSQL(SEEN_AT, "DROP FUNCTION enrolment_seen_at(uuid, bigint, date)"),
    ]
