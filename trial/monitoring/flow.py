"""The flow of participants (CONSORT 2025): from those who were asked to those who are followed, by arm."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q

from trial.allocation.models import Allocation
from trial.enrolment.models import EligibilityCheck
from trial.enrolment.states import ParticipantState
from trial.followup.models import Assignment
from trial.followup.states import UNDER_FOLLOW_UP
from trial.monitoring.recruitment import People
from trial.studies.models import Arm, Trial


@dataclass(frozen=True)
class ArmFlow:
    """What became of those drawn to an arm. Everyone drawn is analysed (intention to treat)."""

    arm: Arm
    drawn: int
    followed: int
    unassigned: int
    withdrawn: int
    completed: int


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


def _by_arm(trial: Trial, arms: list[Arm]) -> list[ArmFlow]:
    with_specialist = Assignment.objects.filter(participant=OuterRef("participant"))
    rows = (
        Allocation.objects.filter(trial=trial, arm__isnull=False)
        .order_by()
        .annotate(assigned=Exists(with_specialist))
        .values_list("arm", "participant__state", "assigned")
        .annotate(number=Count("participant"))
    )
    found = Counter({(arm, state, assigned): number for arm, state, assigned, number in rows})
    return [_arm_flow(arm, found) for arm in arms]


def _arm_flow(arm: Arm, found: Counter[tuple[int, str, bool]]) -> ArmFlow:
    def number(fits: Callable[[str, bool], bool]) -> int:
        return sum(n for (key, state, assigned), n in found.items() if key == arm.pk and fits(state, assigned))

    return ArmFlow(
        arm=arm,
        drawn=number(lambda _state, _assigned: True),
        followed=number(lambda _state, assigned: assigned),
        unassigned=number(lambda state, assigned: not assigned and state in UNDER_FOLLOW_UP),
        withdrawn=number(lambda state, _assigned: state == ParticipantState.WITHDRAWN),
        completed=number(lambda state, _assigned: state == ParticipantState.COMPLETED),
    )
