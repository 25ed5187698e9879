"""The new tables of 0003: work, employers, quality, absences and summaries."""

import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name="Absence",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("start", models.DateField()),
            ("end", models.DateField()),
            ("cancelled", models.BooleanField(default=False)),
            ("recorded_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["-start", "pk"],
        },
    ),
    migrations.CreateModel(
        name="CaseSummary",
        fields=[
            (
                "participant",
                models.OneToOneField(
                    on_delete=django.db.models.deletion.PROTECT,
                    primary_key=True,
                    related_name="case_summary",
                    serialize=False,
                    to="enrolment.participant",
                ),
            ),
            ("first_assigned", models.DateField(null=True)),
            ("assigned_since", models.DateField(null=True)),
            ("last_ended", models.DateField(null=True)),
            ("stage", models.CharField(blank=True, max_length=12)),
            ("stage_since", models.DateField(null=True)),
            (
                "stage_contacts",
                django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=5),
            ),
            (
                "stage_days",
                django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=5),
            ),
            ("contacts", models.PositiveIntegerField()),
            ("minutes", models.PositiveIntegerField()),
            ("first_contact", models.DateField(null=True)),
            ("last_contact", models.DateField(null=True)),
            ("first_employer", models.DateField(null=True)),
            ("first_three_way", models.DateField(null=True)),
            ("first_job", models.DateField(null=True)),
            ("first_paid", models.DateField(null=True)),
            ("first_ordinary", models.DateField(null=True)),
            ("first_measure", models.DateField(null=True)),
            ("paid_at_end", models.BooleanField(null=True)),
        ],
    ),
    migrations.CreateModel(
        name="Employer",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("organisation_number", models.CharField(max_length=9)),
            ("name", models.CharField(max_length=120)),
            ("industry", models.CharField(blank=True, max_length=80)),
            ("place", models.CharField(blank=True, max_length=80)),
            ("version", models.PositiveIntegerField(default=1)),
            ("recorded_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["name", "pk"],
        },
    ),
    migrations.CreateModel(
        name="Enquiry",
        fields=[
            ("key", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
            (
                "outcome",
                models.CharField(
                    choices=[
                        ("asked", "Forespurt"),
                        ("interested", "Interessert"),
                        ("interview", "Intervju eller besøk avtalt"),
                        ("match", "Jobbmatch"),
                        ("declined", "Takket nei"),
                    ],
                    default="asked",
                    max_length=12,
                ),
            ),
            ("day", models.DateField()),
            ("note", models.CharField(blank=True, max_length=500)),
            ("logged_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["-day", "-logged_at"],
        },
    ),
    migrations.CreateModel(
        name="FidelityReview",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "scale",
                models.CharField(
                    choices=[
                        ("se15", "Metodetrohet i Supported Employment (15 punkter)"),
                        ("ips25", "IPS-25 (25 punkter)"),
                    ],
                    max_length=6,
                ),
            ),
            ("day", models.DateField()),
            ("scores", models.JSONField()),
            ("total", models.PositiveSmallIntegerField()),
            ("reviewers", models.CharField(max_length=200)),
            ("remarks", models.CharField(blank=True, max_length=1000)),
            ("recorded_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["-day", "-pk"],
        },
    ),
    migrations.CreateModel(
        name="Guidelines",
        fields=[
            (
                "trial",
                models.OneToOneField(
                    on_delete=django.db.models.deletion.PROTECT,
                    primary_key=True,
                    related_name="guidelines",
                    serialize=False,
                    to="studies.trial",
                ),
            ),
            (
                "template",
                models.CharField(
                    choices=[
                        ("se", "Supported Employment: fem faser"),
                        ("ips", "Individuell jobbstøtte (IPS): fem faser og åtte prinsipper"),
                    ],
                    default="se",
                    max_length=3,
                ),
            ),
            (
                "supervisor_capacity",
                models.PositiveSmallIntegerField(
                    default=10,
                    validators=[
                        django.core.validators.MinValueValidator(0),
                        django.core.validators.MaxValueValidator(50),
                    ],
                ),
            ),
            ("weights", models.JSONField(blank=True, default=dict)),
            ("barred", models.JSONField(blank=True, default=dict)),
            (
                "days_to_assign",
                models.PositiveSmallIntegerField(default=7, validators=[django.core.validators.MinValueValidator(1)]),
            ),
            (
                "days_to_contact",
                models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1)]),
            ),
            ("version", models.PositiveIntegerField(default=0)),
            ("changed_at", models.DateTimeField(null=True)),
        ],
    ),
    migrations.CreateModel(
        name="InMeasure",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("group", models.CharField(max_length=20)),
            ("start", models.DateField()),
            ("end", models.DateField(null=True)),
        ],
    ),
    migrations.CreateModel(
        name="Job",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("ordinary", "Ordinært lønnet arbeid"),
                        ("subsidised", "Arbeid med lønnstilskudd"),
                        ("practice", "Arbeidspraksis"),
                    ],
                    max_length=12,
                ),
            ),
            ("tenths_of_hours", models.PositiveSmallIntegerField()),
            ("permanent", models.BooleanField()),
            (
                "found",
                models.CharField(
                    choices=[
                        ("specialist", "Jobbspesialisten tok kontakt med arbeidsgiveren"),
                        ("participant", "Deltakeren fant den selv"),
                        ("network", "Gjennom familie, venner eller nettverk"),
                        ("advertised", "Utlyst stilling"),
                        ("employer", "Arbeidsgiveren tok kontakt"),
                        ("earlier", "Tidligere arbeidsgiver"),
                    ],
                    max_length=12,
                ),
            ),
            ("developed", models.BooleanField(default=False)),
            ("start", models.DateField()),
            ("end", models.DateField(blank=True, null=True)),
            (
                "end_reason",
                models.CharField(
                    blank=True,
                    choices=[
                        ("temporary", "Avtalt periode var over"),
                        ("other_job", "Begynte i en annen jobb"),
                        ("education", "Begynte på utdanning"),
                        ("own_wish", "Sluttet etter eget ønske"),
                        ("dismissed", "Sagt opp av arbeidsgiveren"),
                        ("closed", "Nedbemanning eller nedleggelse"),
                        ("unable", "Kunne ikke fortsette i arbeidet"),
                        ("other", "Annet"),
                    ],
                    max_length=12,
                ),
            ),
            ("version", models.PositiveIntegerField(default=1)),
            ("recorded_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["participant", "-start", "pk"],
        },
    ),
    migrations.CreateModel(
        name="PrincipleMark",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "principle",
                models.CharField(
                    choices=[
                        ("choice", "Personen har selv valgt å delta"),
                        ("competitive", "Målet er ordinært arbeid"),
                        ("integrated", "Oppfølgingen er samordnet med behandlingen"),
                        ("preferences", "Personens egne ønsker styrer"),
                        ("benefits", "Personen har fått råd om arbeid og ytelser"),
                        ("rapid", "Jobbsøket begynte raskt"),
                        ("development", "Jobbspesialisten bygger kontakt med arbeidsgivere"),
                        ("support", "Oppfølgingen i jobben er tilpasset og uten fast tidsgrense"),
                    ],
                    max_length=20,
                ),
            ),
            ("note", models.CharField(blank=True, max_length=300)),
            ("marked_at", models.DateTimeField()),
            ("cancelled", models.BooleanField(default=False)),
        ],
        options={
            "ordering": ["participant", "marked_at"],
        },
    ),
]
