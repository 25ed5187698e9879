"""Recruitment against plan: people enrolled by month and office, and the straight line of the plan."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, DateField
from django.db.models.functions import TruncMonth

from trial.access.small_counts import rounded
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.monitoring.forecast import LOOK_BACK, MOST_MONTHS, Ahead, ahead
from trial.studies.models import Trial
from trial.studies.states import TrialState

Month = date  # the first day of it
DAYS_OF_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Recruitment:
    """`enrolled`: (month, office key) -> people; `months`: from the plan's or the first person's to now, no gap.

    `exact` False: what is forecast comes from rounded counts, as the curve of a forecast would give exact ones away.
    """

    trial: Trial
    months: list[Month]
    enrolled: Counter[tuple[Month, int]]
    exact: bool = True

    @cached_property
    def by_month(self) -> Counter[Month]:
        return _summed(self.enrolled, 0)

    @cached_property
    def by_office(self) -> Counter[int]:
        return _summed(self.enrolled, 1)

    def in_month(self, month: Month) -> int:
        return self.by_month[month]

    def at_office(self, office: int) -> int:
        return self.by_office[office]

    def so_far(self, month: Month) -> int:
        """People enrolled by the end of a month."""
        return sum(number for when, number in self.by_month.items() if when <= month)

    def planned_at(self, offices: int, month: Month) -> float | None:
        """People that the plan has at one of so many offices: the trial sets no numbers by office, so an equal part."""
        plan = self.planned(month)
        return None if plan is None or not offices else plan / offices

    @property
    def goes_on(self) -> bool:
        """Whether there is anything to forecast: offices recruit, and somebody has come."""
        return self.trial.state == TrialState.RECRUITING and bool(self.enrolled)

    @property
    def end(self) -> date:
        """The day that a forecast looks to: the end of the plan, or a year from now; never too far."""
        today = clock.today()
        planned = self.trial.planned_end
        furthest = today + timedelta(days=round(MOST_MONTHS * DAYS_OF_MONTH))
        return min(planned, furthest) if planned and planned > today else today + timedelta(days=365)

    @cached_property
    def since(self) -> Month:
        """The first of the months that a forecast looks back on."""
        return max(self.months[-LOOK_BACK:][0], min(self.by_month, default=self.months[0]))

    @cached_property
    def lately(self) -> Counter[int]:
        """Office key -> people enrolled in the months that a forecast looks back on."""
        return _summed(Counter({key: number for key, number in self.enrolled.items() if key[0] >= self.since}), 1)

    def pace(self, office: int | None = None) -> tuple[int, float]:
        """People enrolled lately (at an office), and in how many months that was."""
        people = self.lately.total() if office is None else self.lately[office]
        return rounded(people, exact=self.exact), max((clock.today() - self.since).days + 1, 1) / DAYS_OF_MONTH

    def forecast(self, until: date, office: int | None = None) -> Ahead:
        """How many more there will be on a day (at an office), by the pace of late."""
        return ahead(*self.pace(office), max(0.0, (until - clock.today()).days / DAYS_OF_MONTH))

    @property
    def total(self) -> int:
        return self.enrolled.total()

    @property
    def known(self) -> int:
        """The people enrolled so far, as a forecast may count them."""
        return rounded(self.total, exact=self.exact)

    def planned(self, month: Month) -> int | None:
        """People that the plan has by the end of a month; None without a plan."""
        start, end = self.trial.planned_start, self.trial.planned_end
        if not (start and end and self.trial.planned_size):
            return None
        return _on_line(self.trial.planned_size, (following(month) - start).days, (end - start).days)


def _on_line(size: int, days: int, of_days: int) -> int:
    return round(size * max(0, min(days, of_days)) / of_days)


def _summed(enrolled: Counter[tuple[Month, int]], part: int) -> Counter[Any]:
    """The people by one part of the key."""
    found: Counter[Any] = Counter()
    for key, number in enrolled.items():
        found[key[part]] += number
    return found


def recruitment_of(trial: Trial, *, exact: bool = True) -> Recruitment:
    """The recruitment of a trial, from the plan's first month or the first person's to now or the plan's end.

    Counts as far as the reader's rows reach, in one query.
    """
    rows = (
        Participant.objects.filter(trial=trial, enrolled_at__isnull=False)
        .order_by()
        .annotate(month=TruncMonth("enrolled_at", tzinfo=clock.OSLO, output_field=DateField()))
        .values_list("month", "office")
        .annotate(number=Count("key"))
    )
    enrolled = Counter({(month, office): number for month, office, number in rows})
    months = [month for month, _office in enrolled]
    last = min(clock.today(), trial.planned_end or clock.today())
    begun = months + ([trial.planned_start] if trial.planned_start else [])
    return Recruitment(trial, months_between(min(begun, default=last), max([*months, last])), enrolled, exact)


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
