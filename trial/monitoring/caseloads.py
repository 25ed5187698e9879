"""The caseloads of whole offices: thousands of specialists counted without reading one of them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from trial.audit import clock
from trial.followup.models import PositionKind
from trial.followup.policies import Load, capacity
from trial.followup.queries import guidelines_of, specialists_at
from trial.studies.models import Office, Trial


def loads_of(trial: Trial, offices: Iterable[Office]) -> dict[int, Load]:
    """Office key -> people with its specialists, and their capacity by the trial's setting; two queries.

    A position that is over or yet to come has room for nobody, but those who still are with the specialist count.
    """
    chosen = list(offices)
    supervisor = guidelines_of(trial).supervisor_capacity
    people, room = Counter[int](), Counter[int]()
    annotated: Any = specialists_at(chosen).order_by()  # with the number of `people`
    posts = annotated.values_list("office_id", "kind", "position_share", "people", "valid_from", "valid_to")
    for office, kind, share, followed, first_day, last_day in posts:
        people[office] += followed
        if not first_day <= clock.today() <= (last_day or clock.today()):
            continue
        room[office] += capacity(share, supervisor if kind == PositionKind.SUPERVISOR else trial.capacity_per_position)
    return {office.pk: Load(people[office.pk], room[office.pk]) for office in chosen}
