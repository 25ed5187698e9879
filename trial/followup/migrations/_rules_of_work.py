"""What the rows of 0003 must keep, and their indexes."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

RULES = [
    migrations.AddConstraint(
        model_name="absence",
        constraint=models.CheckConstraint(
            condition=models.Q(("end", None), ("end__gte", models.F("start")), _connector="OR"),
            name="absence_ends_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="absence",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
            condition=models.Q(("cancelled", False)),
            expressions=[
                (
                    models.Func(
                        models.F("start"),
                        models.F("end"),
                        models.Value("[]"),
                        function="DATERANGE",
                        output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                    ),
                    "&&",
                ),
                ("specialist", "="),
            ],
            name="absence_once",
        ),
    ),
    migrations.AddIndex(
        model_name="casesummary",
        index=models.Index(fields=["specialist"], name="case_by_specialist"),
    ),
    migrations.AddIndex(
        model_name="casesummary",
        index=models.Index(fields=["responsible"], name="case_by_responsible"),
    ),
    migrations.AddIndex(
        model_name="casesummary",
        index=models.Index(fields=["trial", "office"], name="case_by_office"),
    ),
    migrations.AddConstraint(
        model_name="employer",
        constraint=models.UniqueConstraint(fields=("office", "organisation_number"), name="employer_once_at_office"),
    ),
    migrations.AddConstraint(
        model_name="employer",
        constraint=models.CheckConstraint(
            condition=models.Q(("organisation_number__regex", "^\\d{9}$")), name="employer_number_has_nine_digits"
        ),
    ),
    migrations.AddIndex(
        model_name="enquiry",
        index=models.Index(fields=["participant", "day"], name="enquiry_by_participant"),
    ),
    migrations.AddIndex(
        model_name="enquiry",
        index=models.Index(fields=["office", "-day", "-logged_at"], name="enquiry_newest"),
    ),
    migrations.AddConstraint(
        model_name="enquiry",
        constraint=models.CheckConstraint(
            condition=models.Q(
                models.Q(("outcome", "match"), _negated=True), ("participant__isnull", False), _connector="OR"
            ),
            name="enquiry_match_is_someones",
        ),
    ),
    migrations.AddIndex(
        model_name="fidelityreview",
        index=models.Index(fields=["trial", "scale", "-day"], name="review_by_scale"),
    ),
    migrations.AddConstraint(
        model_name="fidelityreview",
        constraint=models.UniqueConstraint(fields=("office", "scale", "day"), name="review_once_a_day"),
    ),
    migrations.AddConstraint(
        model_name="guidelines",
        constraint=models.CheckConstraint(
            condition=models.Q(("days_to_assign__gte", 1), ("days_to_contact__gte", 1)),
            name="guidelines_days_positive",
        ),
    ),
    migrations.AddIndex(
        model_name="inmeasure",
        index=models.Index(fields=["trial", "group", "start"], name="in_measure_by_group"),
    ),
    migrations.AddIndex(
        model_name="job",
        index=models.Index(fields=["office", "-start", "-id"], name="job_newest"),
    ),
    migrations.AddConstraint(
        model_name="job",
        constraint=models.CheckConstraint(
            condition=models.Q(("end", None), ("end__gte", models.F("start")), _connector="OR"),
            name="job_ends_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="job",
        constraint=models.CheckConstraint(
            condition=models.Q(("tenths_of_hours__gte", 1), ("tenths_of_hours__lte", 600)),
            name="job_hours_possible",
        ),
    ),
    migrations.AddConstraint(
        model_name="job",
        constraint=models.CheckConstraint(
            condition=models.Q(
                models.Q(("end", None), ("end_reason", "")),
                models.Q(("end__isnull", False), models.Q(("end_reason", ""), _negated=True)),
                _connector="OR",
            ),
            name="job_ended_for_a_reason",
        ),
    ),
    migrations.AddConstraint(
        model_name="principlemark",
        constraint=models.UniqueConstraint(
            condition=models.Q(("cancelled", False)),
            fields=("participant", "principle"),
            name="principle_marked_once",
        ),
    ),
]
