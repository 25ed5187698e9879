"""Whatever names a trial or an office shows only the own ones: who works where, arms, criteria, forms, questionnaires.

Who one is must be known before there is a plane, so sign-in asks by two functions with the owner's rights. Outside a
plane the first answers for whoever signs in; within one it tells of oneself and of the own trials only. The second
tells roles without trials, for the rule that an account works on one plane.
"""

from django.db import migrations

from trial.access.rls import Protect

OF_TRIAL = "trial_id = ANY(app_trials())"
READERS = {"office": "SELECT", "coordinator": "SELECT", "analyst": "SELECT"}
ROWS = dict.fromkeys(READERS, OF_TRIAL)
STAFF = "user_id = app_user() OR trial_id = ANY(app_trials())"
FOUNDED = "EXISTS (SELECT 1 FROM studies_trial t WHERE t.id = trial_id AND t.created_by_id = app_user())"

MEMBERSHIPS = """
CREATE FUNCTION studies_memberships_of(person bigint) RETURNS SETOF studies_membership
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT * FROM studies_membership m
    WHERE m.user_id = person AND (app_user() IS NULL OR m.user_id = app_user() OR m.trial_id = ANY(app_trials()));
  PERFORM set_config('app.maintenance', before, true);
END $$;
CREATE FUNCTION studies_roles_held(person bigint) RETURNS SETOF varchar
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT DISTINCT m.role FROM studies_membership m WHERE m.user_id = person AND m.valid_to IS NULL;
  PERFORM set_config('app.maintenance', before, true);
END $$;
REVOKE SELECT ON access_apitoken FROM office, coordinator, analyst, draw;
"""
NARROW = """
ALTER POLICY analyst_rows ON studies_office
  USING (trial_id = ANY(app_trials())) WITH CHECK (trial_id = ANY(app_trials()));
ALTER POLICY office_rows ON allocation_protocol
  USING (trial_id = ANY(app_trials())) WITH CHECK (trial_id = ANY(app_trials()));
"""
WIDEN = """
ALTER POLICY analyst_rows ON studies_office USING (true) WITH CHECK (true);
ALTER POLICY office_rows ON allocation_protocol USING (true) WITH CHECK (true);
"""
FORGET = """
DROP FUNCTION studies_memberships_of(bigint), studies_roles_held(bigint);
GRANT SELECT ON access_apitoken TO office, coordinator, analyst, draw;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0006_linkage"),
        ("allocation", "0004_corrections"),
        ("studies", "0004_strata_and_unit"),
        ("enrolment", "0004_shield_displays_forms"),
        ("surveys", "0002_planes"),
    ]

    operations = [
        Protect(
            "studies_membership",
            grants=READERS | {"draw": "SELECT"},
            rows={
                "office": f"user_id = app_user() OR ({OF_TRIAL} AND coalesce(office_id = ANY(app_offices()), true))",
                "coordinator": (STAFF, f"{OF_TRIAL} OR {FOUNDED}"),
                "analyst": STAFF,
            },
        ),
        Protect("studies_arm", grants=READERS | {"draw": "SELECT"}, rows=ROWS),
        Protect("enrolment_consentform", grants=READERS | {"draw": "SELECT"}, rows=ROWS),
        Protect("enrolment_criterion", grants=READERS | {"draw": "SELECT"}, rows=ROWS),
        Protect("surveys_instrument", grants=READERS | {"respondent": "SELECT"}, rows=ROWS),
        Protect("surveys_wave", grants=READERS | {"respondent": "SELECT"}, rows=ROWS),
        migrations.RunSQL(MEMBERSHIPS, FORGET),
        migrations.RunSQL(NARROW, WIDEN),
    ]
