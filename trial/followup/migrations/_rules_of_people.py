"""What the rows of 0001 must keep: days in their order, one of a kind at a time, indexes."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

RULES = [
    migrations.AddConstraint(
        model_name="employmentspecialist",
        constraint=models.CheckConstraint(
            condition=models.Q(("position_share__gte", 1), ("position_share__lte", 100)),
            name="specialist_share_in_percent",
        ),
    ),
    migrations.AddConstraint(
        model_name="employmentspecialist",
        constraint=models.CheckConstraint(
            condition=models.Q(("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"),
            name="specialist_leaves_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="employmentspecialist",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
            expressions=[
                (
                    models.Func(
                        models.F("valid_from"),
                        models.F("valid_to"),
                        models.Value("[]"),
                        function="DATERANGE",
                        output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                    ),
                    "&&",
                ),
                ("user", "="),
                ("office", "="),
            ],
            name="specialist_once_at_office",
        ),
    ),
    migrations.AddIndex(
        model_name="assignment",
        index=models.Index(condition=models.Q(("end", None)), fields=["specialist"], name="assignment_open"),
    ),
    migrations.AddIndex(
        model_name="assignment",
        index=models.Index(
            condition=models.Q(("end", None)), fields=["trial", "office"], name="assignment_open_by_office"
        ),
    ),
    migrations.AddConstraint(
        model_name="assignment",
        constraint=models.CheckConstraint(
            condition=models.Q(("end", None), ("end__gte", models.F("start")), _connector="OR"),
            name="assignment_ends_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="assignment",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
            expressions=[
                (
                    models.Func(
                        models.F("start"),
                        models.F("end"),
                        models.Value("[)"),
                        function="DATERANGE",
                        output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                    ),
                    "&&",
                ),
                ("participant", "="),
            ],
            name="assignment_one_at_a_time",
        ),
    ),
    migrations.AddConstraint(
        model_name="assignment",
        constraint=models.UniqueConstraint(
            condition=models.Q(("end", None)), fields=("participant",), name="assignment_open_once"
        ),
    ),
    migrations.AddConstraint(
        model_name="assignment",
        constraint=models.CheckConstraint(
            condition=models.Q(
                models.Q(("end", None), ("ended_at", None), ("ended_by", None)),
                models.Q(("end__isnull", False), ("ended_at__isnull", False), ("ended_by__isnull", False)),
                _connector="OR",
            ),
            name="assignment_ended_by_someone",
        ),
    ),
    migrations.AddIndex(
        model_name="measure",
        index=models.Index(fields=["trial", "start", "end"], name="measure_by_time"),
    ),
    migrations.AddConstraint(
        model_name="measure",
        constraint=models.CheckConstraint(
            condition=models.Q(("end", None), ("end__gte", models.F("start")), _connector="OR"),
            name="measure_ends_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="measure",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
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
                ("participant", "="),
                ("code", "="),
            ],
            name="measure_same_code_once",
        ),
    ),
    migrations.AddConstraint(
        model_name="measure",
        constraint=models.CheckConstraint(condition=models.Q(("code", ""), _negated=True), name="measure_has_code"),
    ),
    migrations.AddConstraint(
        model_name="measure",
        constraint=models.CheckConstraint(
            condition=models.Q(
                models.Q(("ended_at", None), ("ended_by", None)),
                models.Q(("end__isnull", False), ("ended_by__isnull", False)),
                _connector="OR",
            ),
            name="measure_ended_by_someone",
        ),
    ),
    migrations.AddConstraint(
        model_name="stagespell",
        constraint=models.CheckConstraint(
            condition=models.Q(("stage__in", ["contact", "profile", "job_finding", "employer", "on_the_job"])),
            name="stage_known",
        ),
    ),
    migrations.AddConstraint(
        model_name="stagespell",
        constraint=models.CheckConstraint(
            condition=models.Q(("end", None), ("end__gte", models.F("start")), _connector="OR"),
            name="stage_ends_after_start",
        ),
    ),
    migrations.AddConstraint(
        model_name="stagespell",
        constraint=models.UniqueConstraint(
            condition=models.Q(("end", None)), fields=("participant",), name="stage_open_once"
        ),
    ),
    migrations.AddConstraint(
        model_name="stagespell",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
            expressions=[
                (
                    models.Func(
                        models.F("start"),
                        models.F("end"),
                        models.Value("[)"),
                        function="DATERANGE",
                        output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                    ),
                    "&&",
                ),
                ("participant", "="),
            ],
            name="stage_one_at_a_time",
        ),
    ),
]
