"""Measures in use by arm, month by month after the draw, and how many ever used them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from trial.audit import clock
from trial.studies.models import Trial

MONTHS = 36
SIXTEENTHS = 487  # a month of 365.25 / 12 days has 487 sixteenths of a day: whole numbers are counted faster

# Whoever is in a measure on the day that is m months after the draw counts in month m. Rows of a group never overlap
# for a person, so running sums of beginnings and ends count people. A planned end that lies ahead ends today. Sorting
# by bytes spares the collation, which takes longer than all the rest.
IN_MONTHS = """
WITH spell AS (
  SELECT arm_id, "group" COLLATE "C" AS name,
    greatest((16 * (start - drawn_on) + %(sixteenths)s - 1) / %(sixteenths)s, 0) AS first,
    least(16 * (least("end", %(today)s) - drawn_on) / %(sixteenths)s, %(months)s) AS last
  FROM followup_inmeasure
  WHERE trial_id = %(trial)s AND arm_id IS NOT NULL AND start <= %(today)s AND ("end" IS NULL OR "end" >= drawn_on)
)
SELECT arm_id, name, first, count(*) FROM spell WHERE last >= first GROUP BY 1, 2, 3
UNION ALL
SELECT arm_id, name, last + 1, -count(*) FROM spell WHERE last >= first GROUP BY 1, 2, 3
"""

FOLLOWED = """
SELECT arm_id, width_bucket(drawn_at, %(moments)s::timestamptz[]), count(*)
FROM allocation_allocation WHERE trial_id = %(trial)s AND arm_id IS NOT NULL GROUP BY 1, 2
"""

EVER = """
SELECT arm_id, "group" COLLATE "C", count(*) FROM followup_inmeasure
WHERE trial_id = %(trial)s AND arm_id IS NOT NULL AND first_since_draw GROUP BY 1, 2
"""

# The same running sums by the calendar: what began by a day, less what had ended before it.
ON_DAYS = """
WITH spell AS (
  SELECT arm_id, "group" COLLATE "C" AS name, width_bucket(start - 1, %(days)s::date[]) AS first,
    width_bucket("end", %(days)s::date[]) AS past, count(*) AS people
  FROM followup_inmeasure
  WHERE trial_id = %(trial)s AND arm_id IS NOT NULL AND start <= %(last)s AND ("end" IS NULL OR "end" >= %(first)s)
  GROUP BY 1, 2, 3, 4
)
SELECT arm_id, name, first, sum(people)::int FROM spell GROUP BY 1, 2, 3
UNION ALL
SELECT arm_id, name, past, -sum(people)::int FROM spell WHERE past IS NOT NULL GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Usage:
    """`people`: (arm key, group, month after the draw) -> people in a measure of the group on that day.

    `followed`: (arm key, month) -> people drawn so long ago. `ever`: (arm key, group) -> people in the group at any
    time since the draw. The group `any_measure` is all groups together.
    """

    people: Counter[tuple[int, str, int]]
    followed: Counter[tuple[int, int]]
    ever: Counter[tuple[int, str]]

    def share(self, arm: int, group: str, month: int) -> float | None:
        """Per cent of the arm in a measure of the group; None where nobody was drawn so long ago."""
        whole = self.followed[arm, month]
        return 100 * self.people[arm, group, month] / whole if whole else None


def usage_of(trial: Trial) -> Usage:
    """The measures in use by arm, of the people whose rows the reader reaches; in three queries."""
    return Usage(_in_months(trial), _drawn_so_long_ago(trial), _ever(trial))


def people_in_measures(trial: Trial, days: list[date]) -> Counter[tuple[date, int, str]]:
    """(day, arm key, group) -> people in a measure of the group on the day, for ascending `days`; in one query."""
    if not days:
        return Counter()
    steps: dict[tuple[int, str], Counter[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(ON_DAYS, {"trial": trial.pk, "days": days, "first": days[0], "last": days[-1]})
        for arm, group, place, step in cursor.fetchall():
            steps.setdefault((arm, group), Counter())[place] += step
    people: Counter[tuple[date, int, str]] = Counter()
    for (arm, group), by_place in steps.items():
        present = 0
        for place, day in enumerate(days):
            present += by_place[place]
            if present:
                people[day, arm, group] = present
    return people


def _in_months(trial: Trial) -> Counter[tuple[int, str, int]]:
    steps: dict[tuple[int, str], Counter[int]] = {}
    for arm, group, month, step in _rows(IN_MONTHS, trial):
        steps.setdefault((arm, group), Counter())[month] += step
    people: Counter[tuple[int, str, int]] = Counter()
    for (arm, group), by_month in steps.items():
        present = 0
        for month in range(MONTHS + 1):
            present += by_month[month]
            people[arm, group, month] = present
    return people


def _drawn_so_long_ago(trial: Trial) -> Counter[tuple[int, int]]:
    """(arm key, month) -> people drawn at least so many months ago."""
    moments = [_last_moment(month) for month in range(MONTHS, -1, -1)]
    followed: Counter[tuple[int, int]] = Counter()
    for arm, place, number in _rows(FOLLOWED, trial, moments=moments):
        for month in range(MONTHS - place + 1):
            followed[arm, month] += number
    return followed


def _last_moment(month: int) -> datetime:
    """The first moment that is too late for someone to have been drawn `month` months ago."""
    days = -(-month * SIXTEENTHS // 16)
    tomorrow = clock.today() - timedelta(days=days - 1)
    return datetime.combine(tomorrow, time(), clock.OSLO)


def _ever(trial: Trial) -> Counter[tuple[int, str]]:
    return Counter({(arm, group): number for arm, group, number in _rows(EVER, trial)})


def _rows(query: str, trial: Trial, **more: Any) -> list[tuple]:
    parameters: dict[str, Any] = {"trial": trial.pk, "sixteenths": SIXTEENTHS, "months": MONTHS, "today": clock.today()}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters | more)
        return cursor.fetchall()
