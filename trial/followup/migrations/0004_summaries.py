"""The planes of the new tables, and the summaries that the database keeps of every person's follow-up.

A trigger per statement adds up the people whose rows have changed, from their rows: one person after a click, all at
once after a COPY. It runs as the owner of the tables, who sees every row only where the transaction says so.
"""

from django.db import migrations

from trial.access.rls import Protect

ROWS = {"office": "office_id = ANY(app_offices())", "coordinator": "trial_id = ANY(app_trials())"}
TRIAL_ROWS = {
    "office": "trial_id IN (SELECT trial_id FROM studies_office WHERE id = ANY(app_offices()))",
    "coordinator": "trial_id = ANY(app_trials())",
}


def _protect(table, office, coordinator, rows=ROWS):
    return Protect(f"followup_{table}", grants={"office": office, "coordinator": coordinator}, rows=rows)


SUMMARISE = """
CREATE FUNCTION followup_summarise(people uuid[]) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
INSERT INTO followup_casesummary AS known (
  participant_id, trial_id, office_id, specialist_id, responsible_id, first_assigned, assigned_since, last_ended,
  stage, stage_since, stage_contacts, stage_days, contacts, minutes, first_contact, last_contact, first_employer,
  first_three_way, first_job, first_paid, first_ordinary, first_measure, paid_at_end
)
SELECT person.key, person.trial_id, person.office_id, assigned.now, assigned.last, assigned.first, assigned.since,
  assigned.ended, coalesce(stages.now, ''), stages.since, stages.contacts, stages.days, met.number, met.minutes,
  met.first, met.last, least(met.employer, asked.first), met.three_way, job.first, job.paid, job.ordinary,
  measure.first, CASE WHEN assigned.ended IS NOT NULL THEN coalesce(job.paid_at_end, false) END
FROM unnest(people) AS wanted(key)
JOIN enrolment_participant person ON person.key = wanted.key
CROSS JOIN LATERAL (
  SELECT min(start) AS first, max(start) FILTER (WHERE "end" IS NULL) AS since,
    max(specialist_id) FILTER (WHERE "end" IS NULL) AS now,
    (array_agg(specialist_id ORDER BY start DESC, id DESC))[1] AS last,
    CASE WHEN bool_and("end" IS NOT NULL) THEN max("end") END AS ended
  FROM followup_assignment WHERE participant_id = person.key
) assigned
CROSS JOIN LATERAL (
  SELECT max(stage) FILTER (WHERE "end" IS NULL) AS now, max(start) FILTER (WHERE "end" IS NULL) AS since,
    ARRAY(
      SELECT coalesce(sum(spell."end" - spell.start) FILTER (WHERE spell."end" IS NOT NULL), 0)
      FROM unnest(%(stages)s::text[]) WITH ORDINALITY AS known(stage, place)
      LEFT JOIN followup_stagespell spell ON spell.stage = known.stage AND spell.participant_id = person.key
      GROUP BY known.place ORDER BY known.place
    ) AS days,
    ARRAY(
      SELECT count(contact.key)
      FROM unnest(%(stages)s::text[]) WITH ORDINALITY AS known(stage, place)
      LEFT JOIN followup_stagespell spell ON spell.stage = known.stage AND spell.participant_id = person.key
      LEFT JOIN followup_contact contact ON contact.participant_id = person.key
        AND contact.day >= spell.start AND (spell."end" IS NULL OR contact.day < spell."end")
      GROUP BY known.place ORDER BY known.place
    ) AS contacts
  FROM followup_stagespell WHERE participant_id = person.key
) stages
CROSS JOIN LATERAL (
  SELECT count(*) AS number, coalesce(sum(minutes), 0) AS minutes, min(day) AS first, max(day) AS last,
    min(day) FILTER (
      WHERE kind IN ('workplace', 'three_way') OR counterpart IN ('employer', 'both')
    ) AS employer,
    min(day) FILTER (WHERE kind = 'three_way') AS three_way
  FROM followup_contact WHERE participant_id = person.key
) met
CROSS JOIN LATERAL (
  SELECT min(day) AS first FROM followup_enquiry WHERE participant_id = person.key
) asked
CROSS JOIN LATERAL (
  SELECT min(start) AS first, min(start) FILTER (WHERE kind <> 'practice') AS paid,
    min(start) FILTER (WHERE kind = 'ordinary') AS ordinary,
    bool_or(kind <> 'practice' AND start <= assigned.ended AND coalesce("end", 'infinity') >= assigned.ended)
      AS paid_at_end
  FROM followup_job WHERE participant_id = person.key
) job
CROSS JOIN LATERAL (
  SELECT min(start) FILTER (WHERE "group" <> 'follow_up') AS first
  FROM followup_measure WHERE participant_id = person.key
) measure
ON CONFLICT (participant_id) DO UPDATE SET
  specialist_id = excluded.specialist_id, responsible_id = excluded.responsible_id,
  first_assigned = excluded.first_assigned, assigned_since = excluded.assigned_since,
  last_ended = excluded.last_ended, stage = excluded.stage, stage_since = excluded.stage_since,
  stage_contacts = excluded.stage_contacts, stage_days = excluded.stage_days, contacts = excluded.contacts,
  minutes = excluded.minutes, first_contact = excluded.first_contact, last_contact = excluded.last_contact,
  first_employer = excluded.first_employer, first_three_way = excluded.first_three_way,
  first_job = excluded.first_job, first_paid = excluded.first_paid, first_ordinary = excluded.first_ordinary,
  first_measure = excluded.first_measure, paid_at_end = excluded.paid_at_end
$$
"""

JOIN_MEASURES = """
CREATE FUNCTION followup_join_measures(people uuid[]) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
DELETE FROM followup_inmeasure WHERE participant_id = ANY(people);
INSERT INTO followup_inmeasure (participant_id, trial_id, office_id, "group", start, "end")
SELECT joined.participant_id, joined.trial_id, joined.office_id, joined.name, lower(days),
  CASE WHEN NOT upper_inf(days) THEN upper(days) - 1 END
FROM (
  SELECT spell.participant_id, spell.trial_id, spell.office_id, named.name,
    range_agg(daterange(spell.start, spell."end", '[]')) AS spells
  FROM followup_measure spell CROSS JOIN LATERAL (VALUES (spell."group"), ('any_measure')) AS named(name)
  WHERE spell.participant_id = ANY(people)
  GROUP BY spell.participant_id, spell.trial_id, spell.office_id, named.name
) joined CROSS JOIN LATERAL unnest(joined.spells) AS days
$$
"""

TELL = """
CREATE FUNCTION followup_tell_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  people uuid[] := ARRAY(SELECT DISTINCT participant_id FROM changed WHERE participant_id IS NOT NULL);
  before text := coalesce(current_setting('app.maintenance', true), '');
BEGIN
  IF cardinality(people) > 0 THEN
    PERFORM set_config('app.maintenance', 'on', true);
    {calls}
    PERFORM set_config('app.maintenance', before, true);
  END IF;
  RETURN NULL;
END $$
"""

TABLES = {
    "assignment": "summary",
    "stagespell": "summary",
    "contact": "summary",
    "enquiry": "summary",
    "job": "summary",
    "measure": "measures",
}
STAGES = ("contact", "profile", "job_finding", "employer", "on_the_job")


def make_summaries(apps, schema_editor):
    stages = "ARRAY['" + "', '".join(STAGES) + "']"
    summarise, join = "PERFORM followup_summarise(people);", "PERFORM followup_join_measures(people);"
    for statement in (
        SUMMARISE.replace("%(stages)s", stages),
        JOIN_MEASURES,
        TELL.format(name="summary", calls=summarise),
        TELL.format(name="measures", calls=f"{summarise} {join}"),
        "REVOKE EXECUTE ON FUNCTION followup_summarise, followup_join_measures FROM PUBLIC",
        *(trigger for table, told in TABLES.items() for trigger in _triggers(table, told)),
    ):
        schema_editor.execute(statement, params=None)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        cursor.execute("SELECT DISTINCT participant_id FROM followup_stagespell UNION "
                       "SELECT participant_id FROM followup_measure")  # fmt: skip
        people = [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT followup_summarise(%s::uuid[]), followup_join_measures(%s::uuid[])", [people, people])
        cursor.execute("SELECT set_config('app.maintenance', '', true)")


def _triggers(table, told):
    for event in ("INSERT", "UPDATE"):
        yield (
            f"CREATE TRIGGER summarise_{event.lower()} AFTER {event} ON followup_{table} "
            f"REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION followup_tell_{told}()"
        )


class Migration(migrations.Migration):
    dependencies = [("followup", "0003_work_quality_deviations"), ("access", "0002_planes")]

    operations = [
        _protect("absence", "SELECT, INSERT, UPDATE (cancelled)", "SELECT"),
        _protect(
            "employer",
            "SELECT, INSERT, UPDATE (name, industry, place, version)",
            "SELECT (id, trial_id, office_id, organisation_number, name, industry, place)",
        ),
        _protect(
            "enquiry",
            "SELECT, INSERT",
            "SELECT (key, trial_id, office_id, employer_id, participant_id, outcome, day, logged_by_id)",
        ),
        _protect("job", "SELECT, INSERT, UPDATE", "SELECT"),
        _protect("guidelines", "SELECT", "SELECT, INSERT, UPDATE", TRIAL_ROWS),
        _protect("principlemark", "SELECT, INSERT, UPDATE (cancelled)", ""),
        _protect("fidelityreview", "SELECT, INSERT", "SELECT, INSERT"),
        _protect("casesummary", "SELECT", "SELECT"),
        _protect("inmeasure", "SELECT", "SELECT"),
        migrations.RunSQL(
            "GRANT UPDATE (reason, resolved_at, resolved_by_id) ON followup_deviation TO office;"
            "GRANT SELECT (employer_id) ON followup_contact TO coordinator",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(make_summaries, migrations.RunPython.noop),
    ]
