"""Seeds are read by the draw alone; the log is inserted and selected; an arm once drawn never changes; research sees
masked arms until the data are locked."""

from django.db import migrations

from trial.access.rls import AppendOnly, Protect

OWN_OFFICE = "office_id = ANY(app_offices())"
OWN_TRIAL = "trial_id = ANY(app_trials())"

# A locked protocol and a drawn arm stay as they are, whoever asks.
REFUSE_CHANGE_AFTER = """
CREATE TRIGGER refuse_change_after BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW WHEN (OLD.{column} IS NOT NULL) EXECUTE FUNCTION app_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_change_after;
"""
REFUSE_REMOVAL = """
CREATE TRIGGER refuse_removal BEFORE DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION app_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION app_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_removal;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_truncate;
"""

# The function reads with the owner's rights and gives out less than it reads: no arm before the data lock, no `who`,
# no position. Which trials it answers for is still decided by the asking transaction.
CREATE_RESEARCH_VIEW = """
CREATE FUNCTION allocation_research_rows()
RETURNS TABLE (trial_id bigint, participant_number varchar, office varchar, arm varchar, start_date date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT a.trial_id, p.number, o.stratum,
    CASE WHEN t.state IN ('data_locked', 'opened', 'archived') THEN arm.code ELSE mask.letter END,
    (a.enrolled_at AT TIME ZONE 'Europe/Oslo')::date
  FROM allocation_allocation a
  JOIN studies_trial t ON t.id = a.trial_id
  JOIN studies_office o ON o.id = a.office_id
  JOIN studies_arm arm ON arm.id = a.arm_id
  JOIN allocation_armmask mask ON mask.arm_id = a.arm_id
  JOIN enrolment_participant p ON p.key = a.participant_id
  WHERE a.trial_id = ANY(app_trials());
  PERFORM set_config('app.maintenance', '', true);
END $$;
REVOKE ALL ON FUNCTION allocation_research_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION allocation_research_rows() TO analyst;
CREATE VIEW allocation_research WITH (security_invoker = true) AS SELECT * FROM allocation_research_rows();
GRANT SELECT ON allocation_research TO analyst;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("allocation", "0001_initial"),
        ("studies", "0002_planes"),
        ("enrolment", "0002_planes"),
    ]

    operations = [
        Protect(
            "allocation_protocol",
            grants={
                "office": "SELECT",
                "coordinator": "SELECT, INSERT, UPDATE (approved_by_id, approved_at), DELETE",
                "draw": "SELECT",
            },
            rows={"coordinator": OWN_TRIAL},
        ),
        Protect(
            "allocation_beaconvalue",
            grants={"coordinator": "SELECT, INSERT", "draw": "SELECT"},
            rows={"coordinator": OWN_TRIAL},
        ),
        AppendOnly("allocation_beaconvalue"),
        Protect("allocation_sealedseed", grants={"draw": "SELECT, INSERT, UPDATE (sealed)"}),
        Protect("allocation_stratumstate", grants={"draw": "SELECT, INSERT, UPDATE"}),
        Protect("allocation_idempotencyrecord", grants={"draw": "SELECT, INSERT, UPDATE (answer)"}),
        Protect("allocation_armmask", grants={"draw": "SELECT, INSERT"}),
        Protect(
            "allocation_loghead",
            grants={"draw": "SELECT, INSERT, UPDATE", "coordinator": "SELECT"},
            rows={"coordinator": OWN_TRIAL},
        ),
        Protect(
            "allocation_logleaf",
            grants={"draw": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"coordinator": OWN_TRIAL},
        ),
        AppendOnly("allocation_logleaf"),
        Protect(
            "allocation_checkpoint",
            grants={"draw": "SELECT, INSERT", "coordinator": "SELECT"},
            rows={"coordinator": OWN_TRIAL},
        ),
        AppendOnly("allocation_checkpoint"),
        Protect(
            "allocation_allocation",
            grants={
                "office": "SELECT",
                "coordinator": "SELECT",
                "draw": "SELECT, INSERT, UPDATE (arm_id, drawn_at, drawn_by_id, alloc_seq, receipt)",
            },
            rows={"office": OWN_OFFICE, "coordinator": OWN_TRIAL},
        ),
        Protect(
            "allocation_opening",
            grants={"coordinator": "SELECT, INSERT, UPDATE (approved_by_id, approved_at)", "draw": "SELECT"},
            rows={"coordinator": OWN_TRIAL},
        ),
        migrations.RunSQL(
            REFUSE_CHANGE_AFTER.format(table="allocation_protocol", column="approved_at"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            REFUSE_CHANGE_AFTER.format(table="allocation_allocation", column="drawn_at"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(REFUSE_REMOVAL.format(table="allocation_allocation"), migrations.RunSQL.noop),
        migrations.RunSQL(
            CREATE_RESEARCH_VIEW, "DROP VIEW allocation_research; DROP FUNCTION allocation_research_rows()"
        ),
    ]
