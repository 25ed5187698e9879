"""Parts that several models of this room are made of: who did it, spells of days, and what two spells may not do."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

LAST_DAY_INCLUDED = "[]"
LAST_DAY_EXCLUDED = "[)"


def by(**options: Any) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


def days(start: str, end: str, bounds: str) -> Func:
    return Func(F(start), F(end), Value(bounds), function="DATERANGE", output_field=DateRangeField())


def never_at_once(name: str, days: Func, *same: str, only: Q | None = None) -> ExclusionConstraint:
    """Refuse two rows (of those that fit `only`) that are equal in the fields `same` and share a day."""
    equal = [(field, RangeOperators.EQUAL) for field in same]
    return ExclusionConstraint(name=name, expressions=[(days, RangeOperators.OVERLAPS), *equal], condition=only)


def ends_after_start(name: str, start: str = "start", end: str = "end") -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{end: None}) | Q(**{f"{end}__gte": F(start)}), name=name)
