"""The flow of participants (CONSORT 2025): from those who were asked to those who are followed, by arm."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from trial.allocation.models import Allocation, Correction
from trial.allocation.states import CorrectionKind
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.states import ParticipantState, Withdrawal
from trial.followup.models import Deviation, DeviationKind
from trial.followup.states import UNDER_FOLLOW_UP
from trial.studies.models import Arm, Trial

LOST = (Withdrawal.NEW_DATA, Withdrawal.EVERYTHING)
# Everyone who was asked is counted in one place: whoever has a number stays among those under way, or with those who
# withdrew, also where corrected answers close the way in.
NOT_ELIGIBLE = Q(eligible=False) & ~Q(Exists(Participant.objects.filter(pk=OuterRef("pk"))))
PUT_AWAY = Q(discarded=True) & ~Q(eligible=False)


@dataclass(frozen=True)
class ArmFlow:
    """What became of those drawn to an arm, in the steps of CONSORT 2025.

    `departed`: people of a control group whom a job specialist has followed; `deviated`: people with any departure
    from the protocol that stands, those included. `withdrawn` is `stopped` (no follow-up,
    data go on) and `lost` (consent withdrawn); `excluded` are those of the lost who want everything deleted.
    `in_error`, `duplicate`: people who should not have been enrolled, or were so twice; they stay in the arm.
    """

    arm: Arm
    drawn: int
    followed: int
    unassigned: int
    departed: int
    deviated: int
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


States = Counter[tuple[str, bool]]


def states_of(trial: Trial) -> States:
    """(state, ever enrolled) -> people, as far as the reader's rows reach; one query."""
    rows = Participant.objects.filter(trial=trial).order_by().values_list("state")
    counts = rows.annotate(all=Count("key"), enrolled=Count("enrolled_at"))
    found: States = Counter()
    for state, everyone, enrolled in counts:
        found[state, True], found[state, False] = enrolled, everyone - enrolled
    return found


def flow_of(trial: Trial, arms: list[Arm], states: States) -> Flow:
    """The flow of a trial as far as the reader's rows reach; two queries beside the `states` already counted."""
    checks = EligibilityCheck.objects.filter(trial=trial).aggregate(
        assessed=Count("key"),
        not_eligible=Count("key", filter=NOT_ELIGIBLE),
        discarded=Count("key", filter=PUT_AWAY),
    )
    withdrew = states[ParticipantState.WITHDRAWN, False]
    return Flow(
        assessed=checks["assessed"],
        not_eligible=checks["not_eligible"],
        turned_back=checks["discarded"] + withdrew,
        under_way=sum(number for (_state, enrolled), number in states.items() if not enrolled) - withdrew,
        enrolled=sum(number for (_state, enrolled), number in states.items() if enrolled),
        waiting=states[ParticipantState.ENROLLED, True],
        arms=_by_arm(trial, arms),
    )


def _by_arm(trial: Trial, arms: list[Arm]) -> list[ArmFlow]:
    """One pass over those drawn. Who was ever followed stands in the summary that follow-up keeps of each person."""
    assigned = Q(participant__case_summary__first_assigned__isnull=False)
    withdrawn = "participant__withdrawal"
    conditions = {
        "followed": assigned,
        "unassigned": ~assigned & Q(participant__state__in=UNDER_FOLLOW_UP),
        "departed": Q(participant__in=departures(trial)),
        "deviated": Q(participant__in=deviated(trial)),
        "withdrawn": Q(participant__state=ParticipantState.WITHDRAWN),
        "stopped": Q(**{withdrawn: Withdrawal.FOLLOW_UP}),
        "lost": Q(**{f"{withdrawn}__in": LOST}),
        "completed": Q(participant__state=ParticipantState.COMPLETED),
        "in_error": Q(participant__in=corrected(trial, CorrectionKind.ENROLLED_IN_ERROR)),
        "duplicate": Q(participant__in=corrected(trial, CorrectionKind.DUPLICATE)),
        "excluded": Q(**{withdrawn: Withdrawal.EVERYTHING}),
    }
    counts = {name: Count("participant", filter=condition) for name, condition in conditions.items()}
    rows = Allocation.objects.filter(trial=trial, arm__isnull=False).order_by().values("arm")
    counted: Any = rows.annotate(drawn=Count("participant"), **counts)
    found = {row.pop("arm"): row for row in counted}
    return [ArmFlow(arm=arm, **(found.get(arm.pk) or dict.fromkeys(["drawn", *counts], 0))) for arm in arms]


def deviated(trial: Trial) -> QuerySet[Any]:
    """The keys of people about whom a departure from the protocol is recorded."""
    return Deviation.objects.filter(trial=trial).order_by().values("participant")


def departures(trial: Trial) -> QuerySet[Any]:
    """The keys of people of a control group whom a job specialist has followed."""
    return deviated(trial).filter(kind=DeviationKind.CONTROL_FOLLOWED)


def corrected(trial: Trial, kind: CorrectionKind) -> QuerySet[Any]:
    """The keys of people about whom a correction of this kind was accepted."""
    return Correction.objects.filter(trial=trial, kind=kind, accepted=True).order_by().values("participant")
