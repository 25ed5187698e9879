"""Caseloads: the specialists of an office with their loads, and who waits for one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.roles import Role
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.followup.models import Absence, Assignment, CaseSummary, EmploymentSpecialist, Guidelines, PositionKind
from trial.followup.policies import WHOLE_PERSON, Load, capacity, expected_weeks, most_room, together
from trial.followup.states import UNDER_FOLLOW_UP, Stage
from trial.studies.models import Membership, Office, Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of

KEPT = "guidelines_in_force"  # where a trial object remembers them, for as long as the request lives
POSTED = (Role.SPECIALIST, Role.SUPERVISOR)  # the roles that a position goes with
PACE_DAYS = 182  # places that became free in the last half-year tell how long the next ones wait


def guidelines_of(trial: Trial) -> Guidelines:
    """The trial's rules for follow-up; the usual ones where nobody has set any. Read once per trial object."""
    if KEPT not in vars(trial):
        keep_guidelines(trial, Guidelines.objects.filter(trial=trial).first())
    kept: Guidelines = vars(trial)[KEPT]
    return kept


def keep_guidelines(trial: Trial, guidelines: Guidelines | None) -> None:
    """Remember what was read of a trial's guidelines together with something else; None: nobody has set any."""
    vars(trial)[KEPT] = guidelines or Guidelines(trial=trial)


def capacity_of(specialist: EmploymentSpecialist, guidelines: Guidelines) -> int:
    """How many people the position has room for by the trial's setting for its kind."""
    if specialist.kind == PositionKind.SUPERVISOR:
        return capacity(specialist.position_share, guidelines.supervisor_capacity)
    return capacity(specialist.position_share, specialist.trial.capacity_per_position)


@dataclass(frozen=True)
class Caseload:
    """A specialist with the load.

    `back`: the last day of an absence that lasts today. `left`: the position or the role is over, so that nobody new is
    given, and those who are still there wait for a transfer. `begins`: the first day of a position yet to come.
    """

    specialist: EmploymentSpecialist
    load: Load
    back: date | None = None
    left: bool = False
    begins: date | None = None

    @property
    def is_there(self) -> bool:
        """Whether people can be given to the specialist, as far as the position goes."""
        return not self.left and self.begins is None


@dataclass(frozen=True)
class InLine:
    """Someone on the waiting list; `weeks` until a place is likely to be free, None where that cannot be told."""

    allocation: Allocation
    weeks: int | None

    @property
    def participant(self) -> Any:
        return self.allocation.participant


@dataclass(frozen=True)
class OfficeBoard:
    """An office's specialists with their loads, and its waiting list in order."""

    office: Office
    caseloads: list[Caseload]
    waiting: list[InLine]

    @property
    def load(self) -> Load:
        return together(each.load for each in self.caseloads)

    @property
    def proposal(self) -> Caseload | None:
        """The specialist with most room."""
        place = most_room([each.load for each in self.caseloads])
        return None if place is None else self.caseloads[place]


def board_for(user: User, trial: Trial, offices: Iterable[Office] | None = None) -> list[OfficeBoard]:
    """The caseload board: the offices given, or every one that the user sees caseloads of; in four queries."""
    chosen = list(offices_of(user, trial, needing=Permission.SEE_CASELOADS) if offices is None else offices)
    loads, waiting, pace = caseloads_at(chosen), defaultdict(list), freed_a_week(chosen)
    for allocation in waiting_at(chosen):
        waiting[allocation.office_id].append(allocation)
    return [_board(office, loads[office.pk], waiting[office.pk], pace) for office in chosen]


def _board(
    office: Office, caseloads: list[Caseload], waiting: list[Allocation], pace: Mapping[int, float]
) -> OfficeBoard:
    free = sum(each.load.free for each in caseloads)
    line = [
        InLine(allocation, expected_weeks(place, free, pace.get(office.pk, 0.0)))
        for place, allocation in enumerate(waiting)
    ]
    return OfficeBoard(office, caseloads, line)


def caseloads_at(offices: Iterable[Office]) -> dict[int, list[Caseload]]:
    """Office key -> the specialists of `specialists_at` there, with their loads; in one query."""
    chosen = list(offices)
    found: dict[int, list[Caseload]] = defaultdict(list)
    for specialist in specialists_at(chosen):
        found[specialist.office_id].append(_caseload(specialist))
        keep_guidelines(chosen[0].trial, getattr(specialist.trial, "guidelines", None))
    return found


def load_of(specialist: EmploymentSpecialist) -> Load:
    """The people with a specialist now against the capacity of the position."""
    return caseload_of(specialist).load


def caseload_of(specialist: EmploymentSpecialist) -> Caseload:
    """A specialist as the database has the position now, with the load."""
    return _caseload(_counted(EmploymentSpecialist.objects.filter(pk=specialist.pk)).get())


def specialists_at(offices: Iterable[Office]) -> QuerySet[EmploymentSpecialist]:
    """The specialists in position today or later at the offices, each with the number of `people` followed; those whose
    position is over as long as someone is still with them, so that nobody is lost from sight."""
    rows = EmploymentSpecialist.objects.filter(office__in=list(offices)).filter(
        Q(valid_to=None)
        | Q(valid_to__gte=clock.today())
        | Exists(CaseSummary.objects.filter(specialist=OuterRef("pk")))
    )
    return _counted(rows).select_related("user", "supervisor", "office__nav_office")


def in_force(today: date) -> Q:
    """Memberships that last today."""
    return Q(valid_from__lte=today) & (Q(valid_to=None) | Q(valid_to__gte=today))


def _counted(rows: QuerySet[EmploymentSpecialist]) -> QuerySet[EmploymentSpecialist]:
    """Positions with the number of `people` followed, the numbers `in_<stage>`, until when they are `away`, and whether
    the specialist still has a `role` at the office."""
    today = clock.today()
    by_stage = {f"in_{stage}": Count("cases", filter=Q(cases__stage=stage.value)) for stage in Stage}
    absence = Absence.objects.filter(specialist=OuterRef("pk"), cancelled=False, start__lte=today, end__gte=today)
    role = Membership.objects.filter(in_force(today), user=OuterRef("user"), office=OuterRef("office"), role__in=POSTED)
    return rows.select_related("trial__guidelines").annotate(
        people=Count("cases"), away=Subquery(absence.values("end")[:1]), role=Exists(role), **by_stage
    )


def _caseload(specialist: EmploymentSpecialist) -> Caseload:
    counted = vars(specialist)
    guidelines = getattr(specialist.trial, "guidelines", None) or Guidelines(trial=specialist.trial)
    today = clock.today()
    begins = specialist.valid_from if specialist.valid_from > today else None
    over = specialist.valid_to is not None and specialist.valid_to < today
    left = begins is None and (over or not counted["role"])
    load = Load(
        people=counted["people"],
        capacity=0 if over or begins else capacity_of(specialist, guidelines),
        hundredths=_weighed(guidelines, counted) if guidelines.weights else None,
        away=left or begins is not None or counted["away"] is not None,
    )
    return Caseload(specialist, load, counted["away"], left, begins)


def _weighed(guidelines: Guidelines, counted: Mapping[str, Any]) -> int:
    """What the people count for together; a stage that the trial gives no weight counts a whole person."""
    by_stage = {stage: counted[f"in_{stage}"] for stage in guidelines.weights}
    others = counted["people"] - sum(by_stage.values())
    return others * WHOLE_PERSON + sum(number * guidelines.weights[stage] for stage, number in by_stage.items())


def freed_a_week(offices: Iterable[Office]) -> dict[int, float]:
    """Office key -> places that became free per week in the last half-year: assignments that ended, and not because the
    person went to a colleague."""
    today = clock.today()
    colleague = Assignment.objects.filter(participant=OuterRef("participant"), office=OuterRef("office"))
    rows = (
        Assignment.objects.filter(office__in=list(offices), end__gt=today - timedelta(days=PACE_DAYS), end__lte=today)
        .exclude(Exists(colleague.filter(start=OuterRef("end"), pk__gt=OuterRef("pk"))))
        .order_by()
        .values_list("office")
        .annotate(number=Count("pk"))
    )
    return {office: number / (PACE_DAYS / 7) for office, number in rows}


def waiting_at(offices: Iterable[Office]) -> QuerySet[Allocation]:
    """Those drawn to an intervention arm who have no job specialist, the longest waiting first."""
    with_specialist = CaseSummary.objects.filter(participant=OuterRef("participant"), specialist__isnull=False)
    return (
        Allocation.objects.filter(
            ~Exists(with_specialist),
            office__in=list(offices),
            arm__is_control=False,
            participant__state__in=UNDER_FOLLOW_UP,
        )
        .select_related("participant__trial", "participant__office")
        .defer("receipt", "factors")
        .order_by("drawn_at", "participant__number")
    )


@dataclass(frozen=True)
class MonthOfLoad:
    """People with a specialist and places for them on the last day of a month (or today)."""

    day: date
    people: int
    capacity: int


def load_over_time(offices: Iterable[Office], days: list[date]) -> list[MonthOfLoad]:
    """People followed and capacity on each of the `days` (ascending), in two queries.

    Counted by running sums of what began and ended, so that the days cost nothing. The capacity is by the share that
    each position has now, without absence.
    """
    chosen = list(offices)
    began, ended = _by_day(chosen, "start", days), _by_day(chosen, "end", days)
    positions = list(
        EmploymentSpecialist.objects.filter(office__in=chosen)
        .select_related("trial")
        .only("kind", "position_share", "valid_from", "valid_to", "trial__capacity_per_position")
    )
    rows, people = [], 0
    for place, day in enumerate(days):
        people += began[place] - ended[place]
        there = [each for each in positions if each.valid_from <= day <= (each.valid_to or day)]
        guidelines = guidelines_of(chosen[0].trial)
        rows.append(MonthOfLoad(day, people, sum(capacity_of(each, guidelines) for each in there)))
    return rows


def _by_day(offices: list[Office], field: str, days: list[date]) -> list[int]:
    """How many assignments began (or ended) after the day before and up to each day; the first takes all earlier."""
    counts = dict.fromkeys(range(len(days)), 0)
    rows = (
        Assignment.objects.filter(office__in=offices, **{f"{field}__lte": days[-1]})
        .order_by()
        .values_list(field)
        .annotate(number=Count("pk"))
    )
    for when, number in rows:
        counts[next(place for place, day in enumerate(days) if when <= day)] += number
    return list(counts.values())


def specialist_for(user: User, trial: Trial, key: int, *, needing: Permission) -> EmploymentSpecialist:
    """A specialist of the trial, for those with the right at the specialist's office; others get `not_found`."""
    rows = EmploymentSpecialist.objects.select_related("user", "supervisor", "trial", "office__nav_office")
    specialist = rows.filter(trial=trial, pk=key).first()
    if specialist is None or not can(user, trial, needing, specialist.office):
        raise not_found(_("Fant ikke jobbspesialisten."))
    return specialist


def candidates_at(offices: Iterable[Office]) -> QuerySet[Membership]:
    """Memberships in force as job specialist or supervisor at the offices, of those without a position there yet."""
    in_position = EmploymentSpecialist.objects.filter(user=OuterRef("user"), office=OuterRef("office"), valid_to=None)
    return (
        Membership.objects.filter(
            in_force(clock.today()), ~Exists(in_position), office__in=list(offices), role__in=POSTED
        )
        .select_related("user", "office__nav_office", "office__trial")
        .order_by(F("role").asc(), "user__display_name")
    )


def supervisors_at(offices: Iterable[Office]) -> QuerySet[Membership]:
    """Memberships in force as method supervisor at the offices."""
    rows = Membership.objects.filter(in_force(clock.today()), office__in=list(offices), role=Role.SUPERVISOR)
    return rows.select_related("user").order_by("user__display_name")


def absence_for(user: User, trial: Trial, key: int) -> Absence:
    """An absence that has not been taken back, for those who staff the office; others get `not_found`."""
    rows = Absence.objects.select_related("specialist__office", "specialist__trial", "office", "trial")
    absence = rows.filter(trial=trial, pk=key, cancelled=False).first()
    if absence is None or not can(user, trial, Permission.ASSIGN, absence.office):
        raise not_found(_("Fant ikke fraværet."))
    return absence
