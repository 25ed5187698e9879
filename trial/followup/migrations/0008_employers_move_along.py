"""Whoever moves to another office brings the employers of the own jobs, enquiries and contacts along.

An office sees its own employers only. A row that came from another office named one that nobody at the new office could
see, and the row itself was then on no page and in no extract.
"""

from django.db import migrations

TABLES = ("job", "enquiry", "contact")

CARRY = """
CREATE FUNCTION followup_carry_employer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  INSERT INTO followup_employer (
    trial_id, office_id, organisation_number, name, industry, place, version, recorded_at, recorded_by_id
  )
  SELECT trial_id, NEW.office_id, organisation_number, name, industry, place, 1, recorded_at, recorded_by_id
  FROM followup_employer WHERE id = NEW.employer_id
  ON CONFLICT (office_id, organisation_number) DO NOTHING;
  SELECT here.id INTO STRICT NEW.employer_id FROM followup_employer there
  JOIN followup_employer here ON here.organisation_number = there.organisation_number
  WHERE there.id = NEW.employer_id AND here.office_id = NEW.office_id;
  PERFORM set_config('app.maintenance', before, true);
  RETURN NEW;
END $$
"""

TRIGGER = """
CREATE TRIGGER carry_employer BEFORE UPDATE OF office_id ON followup_{table} FOR EACH ROW
WHEN (OLD.office_id <> NEW.office_id AND NEW.employer_id IS NOT NULL) EXECUTE FUNCTION followup_carry_employer()
"""

# Those who have moved already: the rows go back to the employer's office for a moment, and come again with the employer.
LEFT_BEHIND = """
SELECT moved.{key}, moved.office_id, employer.office_id
FROM followup_{table} moved JOIN followup_employer employer ON employer.id = moved.employer_id
WHERE employer.office_id <> moved.office_id
"""


def carry_employers(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        cursor.execute(CARRY)
        for table in TABLES:
            key = "id" if table == "job" else "key"
            cursor.execute(LEFT_BEHIND.format(table=table, key=key))
            left = cursor.fetchall()
            change = f"UPDATE followup_{table} SET office_id = %s WHERE {key} = %s"  # noqa: S608 - names from above
            cursor.executemany(change, [(there, row) for row, _here, there in left])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(TRIGGER.format(table=table))
            cursor.executemany(change, [(here, row) for row, here, _there in left])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('app.maintenance', '', true)")


class Migration(migrations.Migration):
    dependencies = [("followup", "0007_since_assigned"), ("allocation", "0004_corrections")]

    operations = [migrations.RunPython(carry_employers, migrations.RunPython.noop)]
