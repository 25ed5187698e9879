"""Recruitment against plan: people enrolled by month and office, and the straight line of the plan."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import TruncMonth

from trial.audit import clock
from trial.enrolment.models import Participant
from trial.monitoring.forecast import LOOK_BACK, MOST_MONTHS, Ahead, ahead
from trial.studies.models import Trial
from trial.studies.states import TrialState

Month = date  # the first day of it
DAYS_OF_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Recruitment:
    """`enrolled`: (month, office key) -> people; `months`: from the plan's or the first person's to now, no gap."""

    trial: Trial
    months: list[Month]
    enrolled: Counter[tuple[Month, int]]

    def in_month(self, month: Month) -> int:
        return sum(number for (when, _office), number in self.enrolled.items() if when == month)

    def at_office(self, office: int) -> int:
        return sum(number for (_when, where), number in self.enrolled.items() if where == office)

    def so_far(self, month: Month) -> int:
        """People enrolled by the end of a month."""
        return sum(number for (when, _office), number in self.enrolled.items() if when <= month)

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

    def pace(self, office: int | None = None) -> tuple[int, float]:
        """People enrolled (at an office) in the months that the forecast looks back on, and how many months that is."""
        first = self.months[-LOOK_BACK:][0]
        begun = min((month for month, _office in self.enrolled), default=first)
        since = max(first, begun)
        here = [
            number for (month, where), number in self.enrolled.items() if month >= since and office in (None, where)
        ]
        return sum(here), max((clock.today() - since).days + 1, 1) / DAYS_OF_MONTH

    def forecast(self, until: date, office: int | None = None) -> Ahead:
        """How many more there will be on a day (at an office), by the pace of late."""
        return ahead(*self.pace(office), max(0.0, (until - clock.today()).days / DAYS_OF_MONTH))

    @property
    def total(self) -> int:
        return sum(self.enrolled.values())

    def planned(self, month: Month) -> int | None:
        """People that the plan has by the end of a month; None without a plan."""
        start, end = self.trial.planned_start, self.trial.planned_end
        if not (start and end and self.trial.planned_size):
            return None
        return _on_line(self.trial.planned_size, (following(month) - start).days, (end - start).days)


def _on_line(size: int, days: int, of_days: int) -> int:
    return round(size * max(0, min(days, of_days)) / of_days)


People = Counter[tuple[Month | None, int, str]]


def people_of(trial: Trial) -> People:
    """(month of enrolment or None before it, office key, state) -> people, as far as the reader's rows reach."""
    rows = (
        Participant.objects.filter(trial=trial)
        .order_by()
        .annotate(month=TruncMonth("enrolled_at", tzinfo=clock.OSLO))
        .values_list("month", "office", "state")
        .annotate(number=Count("key"))
    )
    return Counter({(month and month.date(), office, state): number for month, office, state, number in rows})


def recruitment_of(trial: Trial, people: People) -> Recruitment:
    """The recruitment of a trial, from the plan's first month or the first person's to now or the plan's end."""
    enrolled: Counter[tuple[Month, int]] = Counter()
    for (month, office, _state), number in people.items():
        if month:
            enrolled[month, office] += number
    months = [month for month, _office in enrolled]
    last = min(clock.today(), trial.planned_end or clock.today())
    begun = months + ([trial.planned_start] if trial.planned_start else [])
    return Recruitment(trial, months_between(min(begun, default=last), max([*months, last])), enrolled)


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
