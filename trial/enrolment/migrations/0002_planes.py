"""Offices see and write their own people; the trial plane sees numbers of its trials; research sees what it validates
deliveries against; the draw moves people from enrolled to allocated."""

from django.db import migrations

from trial.access.rls import AppendOnly, Grant, Protect

OWN_OFFICE = "office_id = ANY(app_offices())"
OWN_TRIAL = "trial_id = ANY(app_trials())"
ROWS = {"office": OWN_OFFICE, "coordinator": OWN_TRIAL, "analyst": OWN_TRIAL}
EVERYONE = ("office", "coordinator", "analyst", "draw")

# The registers that each enrolled person's consent in force covers; asks with the rights of whoever reads it.
CREATE_CONSENTED = """
CREATE VIEW enrolment_consented WITH (security_invoker = true) AS
SELECT p.trial_id, p.number AS participant_number, covered.register
FROM enrolment_participant p
CROSS JOIN LATERAL (
  SELECT c.covers FROM enrolment_consent c
  WHERE c.participant_id = p.key AND c.withdrawn_at IS NULL
  ORDER BY c.given_at DESC, c.id DESC LIMIT 1
) in_force
CROSS JOIN LATERAL jsonb_array_elements_text(in_force.covers) AS covered(register)
WHERE p.enrolled_at IS NOT NULL;
GRANT SELECT ON enrolment_consented TO coordinator, analyst;
"""


class Migration(migrations.Migration):
    dependencies = [("enrolment", "0001_initial"), ("studies", "0002_planes")]

    operations = [
        Grant("enrolment_criterion", dict.fromkeys(EVERYONE, "SELECT")),
        Grant("enrolment_criterion", {"coordinator": "INSERT, DELETE"}),
        Grant("enrolment_consentform", dict.fromkeys(EVERYONE, "SELECT")),
        Grant("enrolment_consentform", {"coordinator": "INSERT"}),
        AppendOnly("enrolment_consentform"),
        Protect(
            "enrolment_eligibilitycheck",
            grants={"office": "SELECT, INSERT, UPDATE", "coordinator": "SELECT", "draw": "SELECT"},
            rows=ROWS,
        ),
        Protect(
            "enrolment_participant",
            grants={
                "office": "SELECT, INSERT, UPDATE (state, factors, enrolled_at, enrolled_by_id, "
                "withdrawal, withdrawn_at, withdrawn_by_id)",
                "coordinator": "SELECT",
                "analyst": "SELECT (key, trial_id, office_id, number, state, stratum, factors, registered_at, "
                "enrolled_at, withdrawal, withdrawn_at)",
                "draw": "SELECT, UPDATE (state, enrolled_at, enrolled_by_id)",
            },
            rows=ROWS,
        ),
        Protect(
            "enrolment_consent",
            grants={
                "office": "SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_by_id)",
                "coordinator": "SELECT",
                "analyst": "SELECT (id, participant_id, trial_id, form_id, covers, given_at, withdrawn_at)",
                "draw": "SELECT",
            },
            rows=ROWS,
        ),
        migrations.RunSQL(CREATE_CONSENTED, "DROP VIEW enrolment_consented"),
    ]
