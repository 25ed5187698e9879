"""Whoever moves to another office takes scans and named readers along: the new office could not see a signed form, and
an erasure there left it behind."""

from django.db import migrations

MOVE_ALONG = """
CREATE FUNCTION identity_move_along() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE identity_scan SET office_id = NEW.office_id WHERE subject = NEW.subject;
  UPDATE identity_namedreader SET office_id = NEW.office_id WHERE subject = NEW.subject;
  RETURN NULL;
END $$;
CREATE TRIGGER move_along AFTER UPDATE OF office_id ON identity_identityrecord
  FOR EACH ROW WHEN (OLD.office_id IS DISTINCT FROM NEW.office_id) EXECUTE FUNCTION identity_move_along();

SELECT set_config('app.maintenance', 'on', true);
UPDATE identity_scan s SET office_id = i.office_id FROM identity_identityrecord i
WHERE i.subject = s.subject AND i.office_id <> s.office_id;
UPDATE identity_namedreader r SET office_id = i.office_id FROM identity_identityrecord i
WHERE i.subject = r.subject AND i.office_id <> r.office_id;
DELETE FROM identity_scan s USING identity_identityrecord i WHERE i.subject = s.subject AND i.wrapped_key IS NULL;
SELECT set_config('app.maintenance', '', true);
"""

STAY = """
DROP TRIGGER move_along ON identity_identityrecord;
DROP FUNCTION identity_move_along();
"""


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_keys_readers_scans")]

    operations = [migrations.RunSQL(MOVE_ALONG, STAY)]
