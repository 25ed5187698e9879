"""Recruitment against plan: people enrolled by month and office, and the straight line of the plan."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.db import connection
from django.db.models import Max, Min

from trial.access.small_counts import rounded
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.monitoring.calendar import Month, beginning, last_day, months_between
from trial.monitoring.forecast import LOOK_BACK, MOST_MONTHS, Ahead, ahead
from trial.studies.models import Office, Trial
from trial.studies.states import TrialState
from trial.studies.strata import shared_out

DAYS_OF_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Recruitment:
    """People enrolled `by_month`, `by_office` and, by office, `lately`: in the months that a forecast looks back on.

    `months`: from the plan's or the first person's to now, no gap.
    `exact` False: what is forecast comes from rounded counts, as the curve of a forecast would give exact ones away.
    """

    trial: Trial
    months: list[Month]
    by_month: Counter[Month]
    by_office: Counter[int]
    lately: Counter[int]
    exact: bool = True

    def in_month(self, month: Month) -> int:
        return self.by_month[month]

    def at_office(self, office: int) -> int:
        return self.by_office[office]

    def so_far(self, month: Month) -> int:
        """People enrolled by the end of a month."""
        return sum(number for when, number in self.by_month.items() if when <= month)

    def planned_at(self, offices: Sequence[Office]) -> dict[int, float]:
        """Office key -> people that the plan has there by today; nothing without a plan.

        It is shared out by the numbers that the offices expect, alike among those that have named none.
        """
        plan = self.planned_on(clock.today())
        parts = shared_out({str(office.pk): office.planned_size for office in offices}, self.trial.planned_size)
        whole = sum(parts.values())
        return {} if plan is None or not whole else {int(key): plan * part / whole for key, part in parts.items()}

    @property
    def goes_on(self) -> bool:
        """Whether there is anything to forecast: offices recruit, and somebody has come."""
        return self.trial.state == TrialState.RECRUITING and bool(self.by_month)

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

    def pace(self, office: int | None = None) -> tuple[int, float]:
        """People enrolled lately (at an office), and in how many months that was."""
        people = self.lately.total() if office is None else self.lately[office]
        return rounded(people, exact=self.exact), max((clock.today() - self.since).days + 1, 1) / DAYS_OF_MONTH

    def forecast(self, until: date, office: int | None = None) -> Ahead:
        """How many more there will be on a day (at an office), by the pace of late."""
        return ahead(*self.pace(office), max(0.0, (until - clock.today()).days / DAYS_OF_MONTH))

    @property
    def total(self) -> int:
        return self.by_month.total()

    @property
    def known(self) -> int:
        """The people enrolled so far, as a forecast may count them."""
        return rounded(self.total, exact=self.exact)

    def planned(self, month: Month) -> int | None:
        """People that the plan has by the end of a month; None without a plan."""
        return self.planned_on(last_day(month))

    def planned_on(self, day: date) -> int | None:
        """People that the plan has by the end of a day; None without a plan."""
        start, end = self.trial.planned_start, self.trial.planned_end
        if not (start and end and self.trial.planned_size):
            return None
        return _on_line(self.trial.planned_size, (day - start).days + 1, (end - start).days)


def _on_line(size: int, days: int, of_days: int) -> int:
    return round(size * max(0, min(days, of_days)) / of_days)


# One pass over the people, and a row a month and office back, not one for every month of every office.
ENROLLED = """
WITH person AS (
  SELECT width_bucket(enrolled_at, %(beginnings)s::timestamptz[]) AS place, office_id FROM enrolment_participant
  WHERE trial_id = %(trial)s AND enrolled_at IS NOT NULL
)
SELECT place, office_id, count(*), count(*) FILTER (WHERE place >= %(lately)s)
FROM person GROUP BY GROUPING SETS ((place), (office_id))
"""


def recruitment_of(trial: Trial, *, exact: bool = True) -> Recruitment:
    """The recruitment of a trial, in its months; counts as far as the reader's rows reach, in two queries."""
    months = months_of(trial)
    by_month, by_office, lately = Counter[Month](), Counter[int](), Counter[int]()
    beginnings = [beginning(month) for month in months]
    with connection.cursor() as cursor:
        since = max(1, len(months) - LOOK_BACK + 1)
        cursor.execute(ENROLLED, {"trial": trial.pk, "beginnings": beginnings, "lately": since})
        for place, office, number, of_late in cursor.fetchall():
            if office is None:
                by_month[months[place - 1]] = number
            else:
                by_office[office], lately[office] = number, of_late
    return Recruitment(trial, months, by_month, by_office, lately, exact)


def months_of(trial: Trial, until: date | None = None) -> list[Month]:
    """Every month from the plan's first or the first person's to the one of `until`.

    Without it to now while the trial takes people in, later to the plan's end or the last person's.
    """
    rows = Participant.objects.filter(trial=trial, enrolled_at__isnull=False)
    found = rows.aggregate(first=Min("enrolled_at"), last=Max("enrolled_at"))
    people = [clock.on_date(moment) for moment in found.values() if moment]
    ended = trial.state != TrialState.RECRUITING and trial.planned_end
    last = until or min(clock.today(), ended or clock.today())
    begun = people + ([trial.planned_start] if trial.planned_start else [])
    return months_between(min(begun, default=last), max([*people, last]))
