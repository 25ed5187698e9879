"""Offices see whom a wave is open for and type answers from paper, but never read what a person answered alone. The
trial plane counts. Research reads the answers by number. A respondent reaches what the own link opens, and no more."""

from django.db import migrations

from trial.access.rls import Grant, Protect

OWN_OFFICE = "office_id = ANY(app_offices())"
OWN_TRIAL = "trial_id = ANY(app_trials())"
OWN_LINK = "SELECT invitation_id FROM surveys_link WHERE sha256 = app_link()"
EVERYONE = ("office", "coordinator", "analyst", "respondent")

OPEN_TRIAL_NAMES = """
GRANT SELECT (id, code, name) ON studies_trial TO respondent;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0001_initial"),
        ("access", "0005_respondent"),
        ("studies", "0002_planes"),
        ("enrolment", "0002_planes"),
    ]

    operations = [
        *(Grant(table, dict.fromkeys(EVERYONE, "SELECT")) for table in ("surveys_instrument", "surveys_wave")),
        *(Grant(table, {"coordinator": "INSERT, UPDATE, DELETE"}) for table in ("surveys_instrument", "surveys_wave")),
        migrations.RunSQL(OPEN_TRIAL_NAMES, migrations.RunSQL.noop),
        Protect(
            "surveys_link",
            grants={"office": "SELECT, INSERT", "respondent": "SELECT"},
            rows={"office": OWN_OFFICE, "respondent": "sha256 = app_link()"},
        ),
        Protect(
            "surveys_invitation",
            grants={
                "office": "SELECT, INSERT, UPDATE (state, asked, asked_on, typed_at, typed_by_id, answered_at, "
                "final_entry)",
                "coordinator": "SELECT",
                "analyst": "SELECT",
                "respondent": "SELECT, UPDATE (state, begun_at, answered_at, final_entry)",
            },
            rows={
                "office": OWN_OFFICE,
                "coordinator": OWN_TRIAL,
                "analyst": OWN_TRIAL,
                "respondent": f"key IN ({OWN_LINK})",
            },
        ),
        Protect(
            "surveys_answer",
            grants={
                "office": "SELECT, INSERT, UPDATE (value, saved_at, saved_by_id)",
                "analyst": "SELECT (id, trial_id, invitation_id, entry, instrument, item, value, saved_at)",
                "respondent": "SELECT, INSERT, UPDATE (value, saved_at)",
            },
            rows={
                "office": f"{OWN_OFFICE} AND entry <> 'own'",
                "analyst": OWN_TRIAL,
                "respondent": f"invitation_id IN ({OWN_LINK}) AND entry = 'own'",
            },
        ),
        Grant("surveys_miss", {"respondent": "SELECT, INSERT, UPDATE (number), DELETE"}),
    ]
