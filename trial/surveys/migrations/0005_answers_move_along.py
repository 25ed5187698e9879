"""Whoever moves to another office takes the questionnaires along (`allocation_move_person`), and now also the answers
typed from paper and the links: the new office could not see the first typing, nor print it in the person's extract."""

from django.db import migrations

MOVE_ALONG = """
CREATE FUNCTION surveys_move_along() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE surveys_answer SET office_id = NEW.office_id WHERE invitation_id = NEW.key;
  UPDATE surveys_link SET office_id = NEW.office_id WHERE invitation_id = NEW.key;
  RETURN NULL;
END $$;
CREATE TRIGGER move_along AFTER UPDATE OF office_id ON surveys_invitation
  FOR EACH ROW WHEN (OLD.office_id IS DISTINCT FROM NEW.office_id) EXECUTE FUNCTION surveys_move_along();

SELECT set_config('app.maintenance', 'on', true);
UPDATE surveys_answer a SET office_id = i.office_id FROM surveys_invitation i
WHERE i.key = a.invitation_id AND i.office_id <> a.office_id;
UPDATE surveys_link l SET office_id = i.office_id FROM surveys_invitation i
WHERE i.key = l.invitation_id AND i.office_id <> l.office_id;
SELECT set_config('app.maintenance', '', true);
"""

STAY = """
DROP TRIGGER move_along ON surveys_invitation;
DROP FUNCTION surveys_move_along();
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_baseline_scores")]

    operations = [migrations.RunSQL(MOVE_ALONG, STAY)]
