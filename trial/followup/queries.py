"""Caseloads, portfolios and lists, reached only by those who have the right."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.access.roles import Role
from trial.allocation.models import Allocation
from trial.allocation.queries import allocation_of
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.models import Assignment, Contact, Deviation, EmploymentSpecialist, Measure, StageSpell
from trial.followup.policies import Load, most_room, together
from trial.followup.states import LABELS, UNDER_FOLLOW_UP, Stage
from trial.studies.models import Arm, Membership, Office, Trial
from trial.studies.permissions import can, require
from trial.studies.queries import offices_of, trial_for

QUIET_DAYS = 30  # someone not contacted for longer is on the specialist's list of what waits


def arm_of(participant: Participant) -> Arm | None:
    """The arm that the participant is drawn to; None before the draw."""
    allocation = allocation_of(participant)
    return allocation.arm if allocation else None


def load_of(specialist: EmploymentSpecialist) -> Load:
    """The people with a specialist now against the capacity of the position."""
    return Load(specialist.assignments.filter(_open("")).count(), specialist.capacity)


@dataclass(frozen=True)
class Caseload:
    specialist: EmploymentSpecialist
    load: Load


@dataclass(frozen=True)
class OfficeBoard:
    """An office's specialists with their loads, and its waiting list in order."""

    office: Office
    caseloads: list[Caseload]
    waiting: list[Allocation]

    @property
    def load(self) -> Load:
        return together(each.load for each in self.caseloads)

    @property
    def proposal(self) -> Caseload | None:
        """The specialist with most room."""
        place = most_room([each.load for each in self.caseloads])
        return None if place is None else self.caseloads[place]


def board_for(user: User, trial: Trial) -> list[OfficeBoard]:
    """The caseload board: every office that the user sees caseloads of, in three queries whatever their number."""
    offices = offices_of(user, trial, needing=Permission.SEE_CASELOADS)
    loads, waiting = caseloads_at(offices), defaultdict(list)
    for allocation in waiting_at(offices):
        waiting[allocation.office_id].append(allocation)
    return [OfficeBoard(office, loads[office.pk], waiting[office.pk]) for office in offices]


def caseloads_at(offices: Iterable[Office]) -> dict[int, list[Caseload]]:
    """Office key -> the specialists in position there today, with their loads; in one query."""
    found: dict[int, list[Caseload]] = defaultdict(list)
    for specialist in specialists_at(offices):
        load = Load(specialist.people, specialist.capacity)  # type: ignore[attr-defined] # annotated
        found[specialist.office_id].append(Caseload(specialist, load))
    return found


def specialists_at(offices: Iterable[Office]) -> QuerySet[EmploymentSpecialist]:
    """The specialists in position today at the offices, each with the number of `people` followed."""
    today = clock.today()
    return (
        EmploymentSpecialist.objects.filter(office__in=list(offices), valid_from__lte=today)
        .filter(Q(valid_to=None) | Q(valid_to__gte=today))
        .select_related("user", "trial", "office__nav_office")
        .annotate(people=Count("assignments", filter=_open("assignments__")))
    )


def waiting_at(offices: Iterable[Office]) -> QuerySet[Allocation]:
    """Those drawn to an intervention arm who have no job specialist, the longest waiting first."""
    with_specialist = Assignment.objects.filter(participant=OuterRef("participant"), end=None)
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


def specialist_for(user: User, trial: Trial, key: int, *, needing: Permission) -> EmploymentSpecialist:
    """A specialist of the trial, for those with the right at the specialist's office; others get `not_found`."""
    rows = EmploymentSpecialist.objects.select_related("user", "trial", "office__nav_office")
    specialist = rows.filter(trial=trial, pk=key).first()
    if specialist is None or not can(user, trial, needing, specialist.office):
        raise not_found(_("Fant ikke jobbspesialisten."))
    return specialist


@dataclass(frozen=True)
class Followed:
    """One person of a portfolio."""

    participant: Participant
    since: date
    stage: str
    stage_since: date
    last_contact: date | None
    measures: int

    @property
    def quiet_days(self) -> int:
        """Days since the last contact, or since the person came, when nobody has been in contact."""
        return (clock.today() - max(self.last_contact or self.since, self.since)).days

    @property
    def is_quiet(self) -> bool:
        return self.quiet_days > QUIET_DAYS


ByStage = list[tuple[Stage, str, list[Followed]]]


def portfolio_of(specialist_user: User, trial: Trial) -> ByStage:
    """The people a user follows as job specialist, by stage in order, those quiet the longest first."""
    by_stage: dict[str, list[Followed]] = defaultdict(list)
    for assignment in _followed_by(specialist_user, trial).select_related("participant__office__nav_office"):
        person = Followed(
            participant=assignment.participant,
            since=assignment.start,
            stage=assignment.stage,  # type: ignore[attr-defined] # annotated
            stage_since=assignment.stage_since,  # type: ignore[attr-defined]
            last_contact=assignment.last_contact,  # type: ignore[attr-defined]
            measures=assignment.measures_now,  # type: ignore[attr-defined]
        )
        by_stage[person.stage].append(person)
    return [(stage, str(LABELS[stage]), sorted(by_stage[stage], key=lambda p: -p.quiet_days)) for stage in Stage]


def portfolio_size(specialist_user: User, trial: Trial) -> tuple[int, int]:
    """How many people a user follows, and how many of them nobody has been in contact with for `QUIET_DAYS`."""
    before = clock.today() - timedelta(days=QUIET_DAYS)
    quiet = Q(start__lt=before) & (Q(last_contact=None) | Q(last_contact__lt=before))
    found = _followed_by(specialist_user, trial).aggregate(followed=Count("pk"), quiet=Count("pk", filter=quiet))
    return found["followed"], found["quiet"]


def _followed_by(specialist_user: User, trial: Trial) -> QuerySet[Assignment]:
    today = clock.today()
    stage = StageSpell.objects.filter(participant=OuterRef("participant"), end=None)
    contact = Contact.objects.filter(participant=OuterRef("participant")).order_by("-day")
    measures = (
        Measure.objects.filter(Q(end=None) | Q(end__gte=today), participant=OuterRef("participant"), start__lte=today)
        .order_by()
        .values("participant")
        .annotate(number=Count("pk"))
    )
    return Assignment.objects.filter(_open(""), trial=trial, specialist__user=specialist_user).annotate(
        stage=Subquery(stage.values("stage")[:1]),
        stage_since=Subquery(stage.values("start")[:1]),
        last_contact=Subquery(contact.values("day")[:1]),
        measures_now=Coalesce(Subquery(measures.values("number")), 0),
    )


@dataclass(frozen=True)
class Course:
    """One participant's follow-up from the first day to now; each list newest first."""

    participant: Participant
    assignments: list[Assignment]
    stages: list[StageSpell]
    contacts: list[Contact]
    measures: list[Measure]
    deviations: list[Deviation]

    @property
    def assignment(self) -> Assignment | None:
        """The assignment in force."""
        return next((each for each in self.assignments if each.end is None), None)

    @property
    def stage(self) -> StageSpell | None:
        """The stage that the person is in."""
        return next((each for each in self.stages if each.end is None), None)


def course_of(participant: Participant, *, contacts: int) -> Course:
    """The follow-up of a participant whom the caller may see, with the newest `contacts` contacts; five queries."""
    return Course(
        participant=participant,
        assignments=list(participant.assignments.select_related("specialist__user").order_by("-start", "-pk")),
        stages=list(participant.stages.select_related("moved_by").order_by("-start", "-pk")),
        contacts=list(participant.contacts.select_related("logged_by")[:contacts]),
        measures=list(participant.measures.order_by("-start", "-pk")),
        deviations=list(participant.deviations.select_related("recorded_by")),
    )


def candidates_at(offices: Iterable[Office]) -> QuerySet[Membership]:
    """Memberships in force as job specialist at the offices, of those who have no position there yet."""
    in_position = EmploymentSpecialist.objects.filter(
        user=OuterRef("user"), office=OuterRef("office"), valid_to=None
    )  # fmt: skip
    return Membership.objects.filter(
        ~Exists(in_position), office__in=list(offices), role=Role.SPECIALIST, valid_to=None
    ).select_related("user", "office__nav_office", "office__trial")


def deviations_of(user: User, trial: Trial) -> QuerySet[Deviation]:
    """The recorded deviations that a user may see: the own offices', or the whole trial's."""
    needing = Permission.SEE_MONITORING if can(user, trial, Permission.SEE_MONITORING) else Permission.RECORD_DEVIATION
    require(user, trial, needing)
    offices = offices_of(user, trial, needing=needing)
    return Deviation.objects.filter(trial=trial, office__in=offices).select_related(
        "participant", "office__nav_office", "recorded_by"
    )


def contacts_of(user: User, code: str) -> QuerySet[Contact]:
    """The contacts with the people of the offices where the user follows people up."""
    trial = trial_for(user, code, needing=Permission.FOLLOW_UP)
    offices = offices_of(user, trial, needing=Permission.FOLLOW_UP)
    return Contact.objects.filter(trial=trial, office__in=offices).select_related("participant")


def measures_of(user: User, code: str) -> QuerySet[Measure]:
    """The measures of everyone whom the user sees by number."""
    trial = trial_for(user, code, needing=Permission.SEE_PARTICIPANTS)
    offices = offices_of(user, trial, needing=Permission.SEE_PARTICIPANTS)
    return Measure.objects.filter(trial=trial, office__in=offices).select_related("participant")


def measure_for(user: User, trial: Trial, key: int) -> Measure:
    """A measure of a participant whom the user may follow up; others get `not_found`."""
    rows = Measure.objects.select_related("participant__trial", "participant__office")
    measure = rows.filter(trial=trial, pk=key).first()
    if measure is None or not can(user, trial, Permission.FOLLOW_UP, measure.office):
        raise not_found(_("Fant ikke tiltaket."))
    return measure


def _open(prefix: str) -> Q:
    """Assignments that count: not ended, of someone under follow-up. `prefix`: the way to the assignment."""
    return Q(**{f"{prefix}end": None, f"{prefix}participant__state__in": UNDER_FOLLOW_UP})
