"""Months and years as the dashboard counts them, in Oslo's time."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateTimeField, Func, IntegerField, Value

from trial.audit import clock

Month = date  # the first day of it


def beginning(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), clock.OSLO)


def stretch(field: str, beginnings: Sequence[datetime]) -> Func:
    """How many of the ascending `beginnings` are past at the moment in a field: the stretch of time it lies in, from 1.

    Half the work of a year or month in Oslo's time, which is worked out for every row.
    """
    moments = Value(list(beginnings), output_field=ArrayField(DateTimeField()))
    return Func(field, moments, function="width_bucket", output_field=IntegerField())


def months_between(first: date, last: date) -> list[Month]:
    """Every month from the one of `first` to the one of `last`; none where `last` is earlier."""
    months, month = [], first.replace(day=1)
    while month <= last:
        months.append(month)
        month = following(month)
    return months


def following(month: Month) -> Month:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def last_day(month: Month) -> date:
    """The last day of a month."""
    return following(month) - timedelta(days=1)
