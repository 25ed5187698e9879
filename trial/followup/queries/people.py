"""People: a specialist's portfolio by stage, and one person's whole follow-up."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.models import (
    Assignment,
    CaseSummary,
    Contact,
    Deviation,
    Enquiry,
    Job,
    JobKind,
    Measure,
    PrincipleMark,
    StageSpell,
    Template,
)
from trial.followup.policies import together_in_time
from trial.followup.queries.caseloads import guidelines_of, keep_guidelines
from trial.followup.queries.corrections import TakenBack, taken_back_of
from trial.followup.states import LABELS, Stage
from trial.studies.models import Arm, Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

QUIET_DAYS = 30  # someone not contacted for longer is on the specialist's list of what waits


def arm_of(participant: Participant) -> Arm | None:
    """The arm that the participant is drawn to; None before the draw. The trial's guidelines come with it."""
    rows = Allocation.objects.select_related("arm", "trial__guidelines").only("arm", "trial__guidelines")
    allocation = rows.filter(participant=participant).first()
    if allocation is None:
        return None
    keep_guidelines(participant.trial, getattr(allocation.trial, "guidelines", None))
    return allocation.arm


def drawn_on(participant: Participant) -> date | None:
    """The day of the participant's draw."""
    drawn_at = Allocation.objects.filter(participant=participant).values_list("drawn_at", flat=True).first()
    return clock.on_date(drawn_at) if drawn_at else None


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
    """The people a user follows as job specialist, by stage in order, those quiet the longest first; two queries."""
    by_stage: dict[str, list[Followed]] = defaultdict(list)
    cases = list(_cases_of(specialist_user, trial).select_related("participant__office__nav_office"))
    measures = _measures_now(each.participant for each in cases)
    for case in cases:
        by_stage[case.stage].append(_followed(case, measures[case.participant_id]))
    return [(stage, str(LABELS[stage]), sorted(by_stage[stage], key=lambda p: -p.quiet_days)) for stage in Stage]


def _followed(case: CaseSummary, measures: int) -> Followed:
    assert case.assigned_since is not None  # noqa: S101 - someone with a specialist was assigned, and has a stage
    assert case.stage_since is not None  # noqa: S101
    return Followed(
        participant=case.participant,
        since=case.assigned_since,
        stage=case.stage,
        stage_since=case.stage_since,
        last_contact=case.last_contact,
        measures=measures,
    )


def _cases_of(specialist_user: User, trial: Trial) -> QuerySet[CaseSummary]:
    return CaseSummary.objects.filter(trial=trial, specialist__user=specialist_user)


def _measures_now(people: Iterable[Participant]) -> Counter[object]:
    today = clock.today()
    rows = (
        Measure.objects.filter(Q(end=None) | Q(end__gte=today), participant__in=list(people), start__lte=today)
        .order_by()
        .values_list("participant")
        .annotate(number=Count("pk"))
    )
    return Counter(dict(rows))


def portfolio_size(specialist_user: User, trial: Trial) -> tuple[int, int]:
    """How many people a user follows, and how many of them nobody has been in contact with for `QUIET_DAYS`."""
    before = clock.today() - timedelta(days=QUIET_DAYS)
    quiet = Q(assigned_since__lt=before) & (Q(last_contact=None) | Q(last_contact__lt=before))
    found = _cases_of(specialist_user, trial).aggregate(followed=Count("pk"), quiet=Count("pk", filter=quiet))
    return found["followed"], found["quiet"]


class Course:
    """One participant's follow-up from the first day to now; each list newest first, and read when it is shown."""

    def __init__(self, participant: Participant, contacts: int) -> None:
        self.participant = participant
        self.contacts_shown = contacts

    @cached_property
    def assignments(self) -> list[Assignment]:
        rows = self.participant.assignments.select_related(
            "specialist__user", "participant__case_summary", "trial__guidelines"
        )
        found = list(rows.order_by("-start", "-pk"))
        if found:
            keep_guidelines(self.participant.trial, getattr(found[0].trial, "guidelines", None))
        return found

    @cached_property
    def stages(self) -> list[StageSpell]:
        return list(self.participant.stages.select_related("moved_by").order_by("-start", "-pk"))

    @cached_property
    def contacts(self) -> list[Contact]:
        rows = self.participant.contacts.select_related("logged_by", "employer")
        return list(rows[: self.contacts_shown])

    @cached_property
    def measures(self) -> list[Measure]:
        return list(self.participant.measures.order_by("-start", "-pk"))

    @cached_property
    def jobs(self) -> list[Job]:
        return list(self.participant.jobs.select_related("employer").order_by("-start", "-pk"))

    @cached_property
    def enquiries(self) -> list[Enquiry]:
        return list(self.participant.enquiries.select_related("employer", "logged_by"))

    @cached_property
    def deviations(self) -> list[Deviation]:
        return list(self.participant.deviations.select_related("recorded_by", "resolved_by"))

    @cached_property
    def principles(self) -> list[PrincipleMark] | None:
        """What is marked of IPS's principles; None where the trial does not use that template."""
        if guidelines_of(self.participant.trial).template != Template.IPS:
            return None
        return list(self.participant.principles.filter(cancelled=False))

    @cached_property
    def arm(self) -> Arm | None:
        return arm_of(self.participant)

    @cached_property
    def taken_back(self) -> list[TakenBack]:
        """What was written by mistake."""
        return taken_back_of(self.participant)

    @property
    def assignment(self) -> Assignment | None:
        """The assignment in force."""
        return next((each for each in self.assignments if each.end is None), None)

    @property
    def stage(self) -> Stage | None:
        """The stage that the person is in."""
        code = self.assignments[0].participant.case_summary.stage if self.assignments else ""
        return Stage(code) if code else None

    @property
    def stage_label(self) -> str:
        return str(LABELS[self.stage]) if self.stage else ""

    def beside(self, measure: Measure) -> list[Measure]:
        """The other measures that share a day with this one."""
        spell = (measure.start, measure.end)
        return [
            other for other in self.measures if other != measure and together_in_time(spell, (other.start, other.end))
        ]

    def before_work(self, measure: Measure) -> bool:
        """Whether the measure, begun since the person was given to a job specialist, came before any ordinary work.

        Mere follow-up is no measure in this sense. It is against the method, and fidelity counts it.
        """
        since = min((each.start for each in self.assignments), default=date.max)
        ordinary = [job.start for job in self.jobs if job.kind == JobKind.ORDINARY and job.start >= since]
        return measure.group != "follow_up" and since <= measure.start < min(ordinary, default=date.max)


def course_of(participant: Participant, *, contacts: int) -> Course:
    """The follow-up of a participant whom the caller may see, with the newest `contacts` contacts."""
    return Course(participant, contacts)


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
