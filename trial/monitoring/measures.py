"""Labour market measures in use, by arm and calendar month, as the offices recorded them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from evaluation.codes import measures
from trial.monitoring.recruitment import Month, last_day
from trial.studies.models import Trial

ANY = "any_measure"

# A person counts once in a group and month, on the last day of the month (or today in the present one).
IN_USE = """
SELECT month.first::date, allocation.arm_id, coalesce(code_group.name, %(any)s), count(DISTINCT spell.participant_id)
FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) AS month(first, last)
JOIN followup_measure spell
  ON spell.trial_id = %(trial)s AND spell.start <= month.last AND (spell."end" IS NULL OR spell."end" >= month.last)
JOIN allocation_allocation allocation
  ON allocation.participant_id = spell.participant_id AND allocation.arm_id IS NOT NULL
JOIN unnest(%(codes)s::text[], %(groups)s::text[]) AS code_group(code, name) ON code_group.code = spell.code
GROUP BY GROUPING SETS ((month.first, allocation.arm_id, code_group.name), (month.first, allocation.arm_id))
"""


@dataclass(frozen=True)
class MeasuresInUse:
    """`people`: (month, arm key, group) -> people in a measure of the group; `any_measure` is all groups together."""

    months: list[Month]
    people: Counter[tuple[Month, int, str]]


def measures_in_use(trial: Trial, months: list[Month], today: date) -> MeasuresInUse:
    """The people in measures on the last day of each month (or today), as far as the reader's rows reach; one query."""
    known = list(measures().values())
    parameters: dict[str, Any] = {
        "any": ANY,
        "firsts": months,
        "lasts": [min(last_day(month), today) for month in months],
        "trial": trial.pk,
        "codes": [code.code for code in known],
        "groups": [code.group for code in known],
    }
    with connection.cursor() as cursor:
        cursor.execute(IN_USE, parameters)
        people = Counter({(month, arm, group): number for month, arm, group, number in cursor.fetchall()})
    return MeasuresInUse(months, people)
