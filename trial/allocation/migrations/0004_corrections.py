"""Mistakes as events, and people who move: their rows go to the new office, their place in the draw stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from trial.access.rls import Protect

# A drawn place never changes, but for the office that sees it.
LET_OFFICES_CHANGE = """
DROP TRIGGER refuse_change_after ON allocation_allocation;
CREATE TRIGGER refuse_change_after BEFORE UPDATE ON allocation_allocation
  FOR EACH ROW WHEN (
    OLD.drawn_at IS NOT NULL
    AND to_jsonb(NEW) - 'office_id' - 'moved_from_id' IS DISTINCT FROM to_jsonb(OLD) - 'office_id' - 'moved_from_id'
  ) EXECUTE FUNCTION app_refuse_change();
ALTER TABLE allocation_allocation ENABLE ALWAYS TRIGGER refuse_change_after;
"""

# No plane may write another office's rows, so the move is a function with the owner's rights that the draw alone may
# call, after two persons have agreed. It takes along whatever names both the person and an office, in any room; an
# assignment stays with the specialist who had it.
MOVE_PERSON = """
CREATE FUNCTION allocation_move_person(person uuid, target bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('app.maintenance', true), '');
  named record;
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  IF NOT EXISTS (
    SELECT 1 FROM enrolment_participant p JOIN studies_office o ON o.trial_id = p.trial_id
    WHERE p.key = person AND o.id = target
  ) THEN
    RAISE EXCEPTION 'no such person, or no such office in the trial' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE allocation_allocation SET moved_from_id = coalesce(moved_from_id, office_id) WHERE participant_id = person;
  UPDATE enrolment_participant SET office_id = target WHERE key = person;
  UPDATE enrolment_eligibilitycheck SET office_id = target WHERE key = person;
  UPDATE identity_identityrecord SET office_id = target WHERE subject = person;
  FOR named IN
    SELECT c.table_name FROM information_schema.columns c
    JOIN information_schema.columns o USING (table_schema, table_name)
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'participant_id' AND o.column_name = 'office_id'
      AND t.table_type = 'BASE TABLE' AND c.table_name <> 'followup_assignment'
  LOOP
    EXECUTE format('UPDATE %I SET office_id = $1 WHERE participant_id = $2', named.table_name) USING target, person;
  END LOOP;
  PERFORM set_config('app.maintenance', before, true);
END $$;
REVOKE ALL ON FUNCTION allocation_move_person(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION allocation_move_person(uuid, bigint) TO draw;
"""

# Research keeps people at the office where they took their place.
KEEP_RESEARCH_AT_THE_DRAWS_OFFICE = """
CREATE OR REPLACE FUNCTION allocation_research_rows()
RETURNS TABLE (trial_id bigint, participant_number varchar, office varchar, arm varchar, start_date date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM set_config('app.maintenance', 'on', true);
  RETURN QUERY SELECT a.trial_id, p.number, o.stratum,
    CASE WHEN t.state IN ('data_locked', 'opened', 'archived') THEN arm.code ELSE mask.letter END,
    (a.enrolled_at AT TIME ZONE 'Europe/Oslo')::date
  FROM allocation_allocation a
  JOIN studies_trial t ON t.id = a.trial_id
  JOIN studies_office o ON o.id = coalesce(a.moved_from_id, a.office_id)
  JOIN studies_arm arm ON arm.id = a.arm_id
  JOIN allocation_armmask mask ON mask.arm_id = a.arm_id
  JOIN enrolment_participant p ON p.key = a.participant_id
  WHERE a.trial_id = ANY(app_trials());
  PERFORM set_config('app.maintenance', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("allocation", "0003_witnesses"),
        ("enrolment", "0003_consent_draft"),
        ("identity", "0001_initial"),
        ("studies", "0004_strata_and_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="allocation",
            name="moved_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.office"
            ),
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("enrolled_in_error", "Personen skulle ikke vært meldt inn"),
                            ("wrong_stratum", "Meldt inn i feil stratum"),
                            ("duplicate", "Samme person er meldt inn to ganger"),
                            ("moved", "Personen har flyttet til et annet kontor"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("details", models.JSONField(default=dict)),
                ("note", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("accepted", models.BooleanField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.office"
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="enrolment.participant",
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
                "ordering": ["-asked_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted", None), ("decided_at", None), ("decided_by", None)),
                            models.Q(
                                ("accepted__isnull", False),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="correction_two_persons",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("decided_at", None)),
                        fields=("participant", "kind"),
                        name="correction_asked_once",
                    ),
                ],
            },
        ),
        Protect(
            "allocation_correction",
            grants={
                "office": "SELECT, INSERT",
                "coordinator": "SELECT, UPDATE (decided_by_id, decided_at, accepted, note)",
            },
            rows={"office": "office_id = ANY(app_offices())", "coordinator": "trial_id = ANY(app_trials())"},
        ),
        migrations.RunSQL(LET_OFFICES_CHANGE, migrations.RunSQL.noop),
        migrations.RunSQL(MOVE_PERSON, "DROP FUNCTION allocation_move_person(uuid, bigint)"),
        migrations.RunSQL(KEEP_RESEARCH_AT_THE_DRAWS_OFFICE, migrations.RunSQL.noop),
    ]
