"""The flow of participants (CONSORT 2025): from those who were asked to those who are followed, by arm."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from trial.allocation.models import Allocation, Correction
from trial.allocation.states import CorrectionKind
from trial.enrolment.models import EligibilityCheck
from trial.enrolment.states import ParticipantState, Withdrawal
from trial.followup.models import Assignment, Deviation, DeviationKind
from trial.followup.states import UNDER_FOLLOW_UP
from trial.monitoring.recruitment import People
from trial.studies.models import Arm, Trial

DEPARTED = Deviation.objects.filter(participant=OuterRef("participant"), kind=DeviationKind.CONTROL_FOLLOWED)


@dataclass(frozen=True)
class ArmFlow:
    """What became of those drawn to an arm, in the steps of CONSORT 2025.

    `departed`: people of a control group whom a job specialist has followed. `withdrawn` is `stopped` (no follow-up,
    data go on) and `lost` (consent withdrawn); `excluded` are those of the lost who want everything deleted.
    `in_error`, `duplicate`: people who should not have been enrolled, or were so twice; they stay in the arm.
    """

    arm: Arm
    drawn: int
    followed: int
    unassigned: int
    departed: int
    withdrawn: int
    stopped: int
    lost: int
    completed: int
    in_error: int
    duplicate: int
    excluded: int

    @property
    def received(self) -> int:
        """Those who got what they were drawn to: a job specialist, or in a control group no follow-up by one."""
        return self.drawn - self.departed if self.arm.is_control else self.followed

    @property
    def not_received(self) -> int:
        return self.drawn - self.received

    @property
    def analysed(self) -> int:
        """Everyone drawn, except those who want everything deleted."""
        return self.drawn - self.excluded


@dataclass(frozen=True)
class Flow:
    """The whole flow. `under_way`: registered or consented, not enrolled yet; `waiting`: enrolled, not drawn."""

    assessed: int
    not_eligible: int
    turned_back: int
    under_way: int
    enrolled: int
    waiting: int
    arms: list[ArmFlow] = field(default_factory=list)

    @property
    def drawn(self) -> int:
        return sum(arm.drawn for arm in self.arms)


def flow_of(trial: Trial, arms: list[Arm], people: People) -> Flow:
    """The flow of a trial as far as the reader's rows reach; two queries beside the `people` already counted."""
    checks = EligibilityCheck.objects.filter(trial=trial).aggregate(
        assessed=Count("key"),
        not_eligible=Count("key", filter=Q(eligible=False)),
        discarded=Count("key", filter=Q(discarded=True)),
    )
    before = Counter[str]()
    for (month, _office, state), number in people.items():
        if month is None:
            before[state] += number
    withdrew = before.pop(ParticipantState.WITHDRAWN.value, 0)
    return Flow(
        assessed=checks["assessed"],
        not_eligible=checks["not_eligible"],
        turned_back=checks["discarded"] + withdrew,
        under_way=before.total(),
        enrolled=people.total() - before.total() - withdrew,
        waiting=sum(
            number for (_month, _office, state), number in people.items() if state == ParticipantState.ENROLLED
        ),
        arms=_by_arm(trial, arms),
    )


class _Course(NamedTuple):
    """What people of one arm have in common; the columns of the query."""

    arm: int
    state: str
    assigned: bool
    withdrawal: str
    departed: bool
    in_error: bool
    duplicate: bool


def _by_arm(trial: Trial, arms: list[Arm]) -> list[ArmFlow]:
    rows = (
        Allocation.objects.filter(trial=trial, arm__isnull=False)
        .order_by()
        .annotate(
            assigned=Exists(Assignment.objects.filter(participant=OuterRef("participant"))),
            departed=Exists(DEPARTED),
            in_error=Exists(_accepted(CorrectionKind.ENROLLED_IN_ERROR)),
            duplicate=Exists(_accepted(CorrectionKind.DUPLICATE)),
        )
        .values_list(
            "arm", "participant__state", "assigned", "participant__withdrawal", "departed", "in_error", "duplicate"
        )
        .annotate(number=Count("participant"))
    )
    found = Counter({_Course(*course): number for *course, number in rows})
    return [_arm_flow(arm, found) for arm in arms]


def _accepted(kind: CorrectionKind) -> QuerySet[Correction]:
    return Correction.objects.filter(participant=OuterRef("participant"), kind=kind, accepted=True)


def _arm_flow(arm: Arm, found: Counter[_Course]) -> ArmFlow:
    def number(fits: Callable[[_Course], bool]) -> int:
        return sum(n for course, n in found.items() if course.arm == arm.pk and fits(course))

    return ArmFlow(
        arm=arm,
        drawn=number(lambda _course: True),
        followed=number(lambda course: course.assigned),
        unassigned=number(lambda course: not course.assigned and course.state in UNDER_FOLLOW_UP),
        departed=number(lambda course: course.departed),
        withdrawn=number(lambda course: course.state == ParticipantState.WITHDRAWN),
        stopped=number(lambda course: course.withdrawal == Withdrawal.FOLLOW_UP),
        lost=number(lambda course: course.withdrawal in (Withdrawal.NEW_DATA, Withdrawal.EVERYTHING)),
        completed=number(lambda course: course.state == ParticipantState.COMPLETED),
        in_error=number(lambda course: course.in_error),
        duplicate=number(lambda course: course.duplicate),
        excluded=number(lambda course: course.withdrawal == Withdrawal.EVERYTHING),
    )
