"""The norms' counts, from the summaries that the database keeps: one row per person, never the contacts themselves."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField, DurationField, ExpressionWrapper, F, Q, Sum, Value

from trial.audit import clock
from trial.followup.models import CaseSummary, EmploymentSpecialist
from trial.followup.norms import NORMS, Counts, Reached, Share
from trial.followup.states import Stage
from trial.studies.models import Office

YEAR = timedelta(days=365)
HAPPENED = {
    Share.PLACEMENT: "first_job",
    Share.EMPLOYER_WEEK: "first_employer",
    Share.EMPLOYER_MONTH: "first_employer",
    Share.THREE_WAY: "first_three_way",
}


def norms_by(group: str, offices: Iterable[Office], *, guarded: bool = False) -> dict[int, Counts]:
    """Key of an office (`group` "office") or of the last specialist ("responsible") -> counts; in two queries.

    `guarded`: also how many people have been in each stage, which hides what rests on few.
    """
    chosen, today = list(offices), clock.today()
    rows = (
        CaseSummary.objects.filter(office__in=chosen, first_assigned__isnull=False)
        .order_by()
        .values(group)
        .annotate(people=Count("pk"), **_shares(today), **_work(today), **_stages(today, guarded))
    )
    years = _full_years(group, chosen, today)
    found = {row[group]: _counts(row, years.pop(row[group], 0.0)) for row in rows}
    return found | {key: _counts({}, full) for key, full in years.items()}


def _shares(today: date) -> dict[str, Any]:
    """The sums `<share>_met` and `<share>_due`."""
    sums: dict[str, Any] = {}
    for share, happened in HAPPENED.items():
        days = timedelta(days=NORMS[share].days or 0)
        met = Q(**{f"{happened}__lte": F("first_assigned") + days})
        sums[f"{share}_met"] = Count("pk", filter=met)
        sums[f"{share}_due"] = Count("pk", filter=met | Q(first_assigned__lt=today - days))
    over = Q(stage="")  # whoever waits for the next specialist is still in a stage
    measured = Q(first_measure__isnull=False)
    work_first = Q(first_ordinary__lte=F("first_measure")) | ~measured & Q(first_ordinary__isnull=False)
    return sums | {
        "transition_met": Count("pk", filter=over & Q(paid_at_end=True)),
        "transition_due": Count("pk", filter=over & Q(paid_at_end__isnull=False)),
        "work_first_met": Count("pk", filter=work_first),
        "work_first_due": Count("pk", filter=measured | Q(first_ordinary__isnull=False)),
    }


def _work(today: date) -> dict[str, Any]:
    return {"new_in_work": Count("pk", filter=Q(first_paid__gt=today - YEAR, first_paid__lte=today))}


def _stages(today: date, guarded: bool) -> dict[str, Any]:
    """The sums `contacts_<place>`, `days_<place>` of stages left, `open_<place>` of those that still last and
    `all_minutes`; `guarded`: and how many people have been `there_<place>`."""
    so_far = ExpressionWrapper(Value(today, output_field=DateField()) - F("stage_since"), output_field=DurationField())
    sums: dict[str, Any] = {"all_minutes": Sum("minutes")}
    for place, stage in enumerate(Stage):
        sums[f"contacts_{place}"] = Sum(f"stage_contacts__{place}")
        sums[f"days_{place}"] = Sum(f"stage_days__{place}")
        sums[f"open_{place}"] = Sum(so_far, filter=Q(stage=stage.value))
        if guarded:
            sums[f"there_{place}"] = Count("pk", filter=Q(stage=stage.value) | Q(**{f"stage_days__{place}__gt": 0}))
    return sums


def _full_years(group: str, offices: list[Office], today: date) -> dict[int, float]:
    """Years of full positions during the last year, of those who have left since as well: what they did counts too."""
    rows = EmploymentSpecialist.objects.filter(office__in=offices, valid_from__lte=today).filter(
        Q(valid_to=None) | Q(valid_to__gte=today - YEAR)
    )
    found: dict[int, float] = {}
    column = "office" if group == "office" else "pk"
    for key, share, since, last in rows.values_list(column, "position_share", "valid_from", "valid_to"):
        end = min(today, last + timedelta(days=1)) if last else today
        days = (end - max(since, today - YEAR)).days
        found[key] = found.get(key, 0.0) + share / 100 * days / YEAR.days
    return found


def _counts(row: dict[str, Any], full_years: float) -> Counts:
    places = range(len(Stage))
    return Counts(
        people=row.get("people", 0),
        shares={share: Reached(row.get(f"{share}_met", 0), row.get(f"{share}_due", 0)) for share in Share},
        new_in_work=row.get("new_in_work", 0),
        full_years=full_years,
        stage_contacts=tuple(row.get(f"contacts_{place}") or 0 for place in places),
        stage_days=tuple(
            (row.get(f"days_{place}") or 0) + (row.get(f"open_{place}") or timedelta()).days for place in places
        ),
        minutes=row.get("all_minutes") or 0,
        stage_people=tuple(row.get(f"there_{place}") or 0 for place in places),
    )
