"""Labour market measures in use, by arm and calendar month, as the offices recorded them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from trial.followup.models import ANY_MEASURE
from trial.followup.permissions import OPEN
from trial.followup.queries.usage import people_in_measures
from trial.monitoring.calendar import Month, last_day
from trial.studies.models import Trial

ANY = ANY_MEASURE
SHOWN_MONTHS = 24


@dataclass(frozen=True)
class MeasuresInUse:
    """`people`: (month, arm key, group) -> people in a measure of the group; `any_measure` is all groups together."""

    months: list[Month]
    people: Counter[tuple[Month, int, str]]


def measures_in_use(trial: Trial, months: list[Month], today: date) -> MeasuresInUse:
    """The people in measures on the last day of each month (or today), as far as the reader's rows reach; one query.

    Measures go on when recruitment has ended. A trial that is over has no months after its last measure.
    """
    over = trial.state in OPEN
    days = {min(last_day(month), today): month for month in (months if over else months[-SHOWN_MONTHS:])}
    people = people_in_measures(trial, sorted(days))
    last = max((days[day] for day, _arm, _group in people), default=None) if over else None
    shown = [month for month in days.values() if last is None or month <= last][-SHOWN_MONTHS:]
    return MeasuresInUse(shown, Counter({(days[day], arm, group): n for (day, arm, group), n in people.items()}))
