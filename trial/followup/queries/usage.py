"""Measures in use by arm, month by month after the draw, and how many ever used them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db import connection

from trial.audit import clock
from trial.studies.models import Trial

MONTHS = 36
DAYS_OF_MONTH = 365.25 / 12

# Whoever is in a measure on the day that is m months after the draw counts in month m. Rows of a group never overlap
# for a person, so running sums of beginnings and ends count people. A planned end that lies ahead ends today.
IN_MONTHS = """
WITH spell AS (
  SELECT arm_id, "group", greatest(ceil((start - drawn_on) / %(month)s), 0)::int AS first,
    least(floor((least(coalesce("end", %(today)s), %(today)s) - drawn_on) / %(month)s), %(months)s)::int AS last
  FROM followup_inmeasure WHERE trial_id = %(trial)s AND arm_id IS NOT NULL
)
SELECT arm_id, "group", step.month, sum(step.people)::int
FROM spell CROSS JOIN LATERAL (VALUES (first, 1), (last + 1, -1)) AS step(month, people)
WHERE last >= first GROUP BY 1, 2, 3
"""

FOLLOWED = """
SELECT arm_id, least(floor((%(today)s - (drawn_at AT TIME ZONE 'Europe/Oslo')::date) / %(month)s), %(months)s)::int,
  count(*)
FROM allocation_allocation WHERE trial_id = %(trial)s AND arm_id IS NOT NULL GROUP BY 1, 2
"""

EVER = """
SELECT arm_id, "group", count(*) FROM followup_inmeasure
WHERE trial_id = %(trial)s AND arm_id IS NOT NULL AND first_since_draw GROUP BY 1, 2
"""

# The same running sums by the calendar: what began by a day, less what had ended before it.
ON_DAYS = """
SELECT arm_id, "group", width_bucket(step.day, %(days)s::date[]), sum(step.people)::int
FROM followup_inmeasure
CROSS JOIN LATERAL (VALUES (start - 1, 1), ("end", -1)) AS step(day, people)
WHERE trial_id = %(trial)s AND arm_id IS NOT NULL AND step.day < %(last)s GROUP BY 1, 2, 3
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
        cursor.execute(ON_DAYS, {"trial": trial.pk, "days": days, "last": days[-1]})
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
    drawn = [(arm, months, number) for arm, months, number in _rows(FOLLOWED, trial)]
    followed: Counter[tuple[int, int]] = Counter()
    for arm, months, number in drawn:
        for month in range(months + 1):
            followed[arm, month] += number
    return followed


def _ever(trial: Trial) -> Counter[tuple[int, str]]:
    return Counter({(arm, group): number for arm, group, number in _rows(EVER, trial)})


def _rows(query: str, trial: Trial) -> list[tuple]:
    parameters: dict[str, int | float | date] = {
        "trial": trial.pk,
        "month": DAYS_OF_MONTH,
        "months": MONTHS,
        "today": clock.today(),
    }
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()
