"""What a draw reads, in one round trip: first the rows that it locks, then the rest as it stands under the locks.

Locks are always taken in one order: the turn (see `trips`), participants, then the trial's row, which stands for its
log and its states. A statement sees what was committed before it began, so what another draw may change is read after
the lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, Self, TypeVar

from trial.access.planes import entered
from trial.allocation.models import Allocation, LogHead, Protocol, SealedSeed, StratumState
from trial.allocation.protocols import Document
from trial.allocation.queries import DRAW, in_force
from trial.audit.guards import writing
from trial.audit.rows import Columns, Joined, JoinedAnswer, Rows
from trial.enrolment.models import Participant
from trial.enrolment.standing import Standing
from trial.studies.models import Arm, Office, Trial

P = ParamSpec("P")
R = TypeVar("R")

TRIAL = Columns(Trial, "id code name state mode unit factors")
PROTOCOL = Columns(Protocol, "id trial_id text sha256 approved_at")  # the report is long

LOCKED_PERSON = Joined(
    [Participant, Office, TRIAL],
    """
    SELECT {enrolment_participant}, {studies_office}, {studies_trial} FROM enrolment_participant
    JOIN studies_office ON studies_office.id = enrolment_participant.office_id
    JOIN studies_trial ON studies_trial.id = enrolment_participant.trial_id
    WHERE enrolment_participant.key = %s FOR NO KEY UPDATE OF enrolment_participant, studies_trial
    """,
)
WHERE_THE_STRATUM_STANDS = Joined(
    [PROTOCOL, LogHead, StratumState, Allocation],
    """
    SELECT {allocation_protocol}, {allocation_loghead}, {allocation_stratumstate}, {allocation_allocation}
    FROM enrolment_participant person
    LEFT JOIN allocation_protocol ON allocation_protocol.trial_id = person.trial_id AND approved_at IS NOT NULL
    LEFT JOIN allocation_loghead ON allocation_loghead.trial_id = person.trial_id
    LEFT JOIN allocation_stratumstate
      ON allocation_stratumstate.trial_id = person.trial_id AND allocation_stratumstate.stratum = person.stratum
    LEFT JOIN allocation_allocation ON allocation_allocation.participant_id = person.key
    WHERE person.key = %s
    """,
)
LOCKED_TRIAL = Joined(
    [TRIAL, PROTOCOL],
    """
    SELECT {studies_trial}, {allocation_protocol} FROM studies_trial
    LEFT JOIN allocation_protocol ON allocation_protocol.trial_id = studies_trial.id AND approved_at IS NOT NULL
    WHERE studies_trial.id = %s FOR NO KEY UPDATE OF studies_trial
    """,
)
# An array is looked up by the index, whatever the planner believes about how many wait.
LOCKED_WAITING = Rows(
    Participant,
    """
    SELECT {columns} FROM enrolment_participant WHERE key = ANY(%s::uuid[] || ARRAY(
      SELECT participant_id FROM allocation_allocation WHERE trial_id = %s AND arm_id IS NULL))
    ORDER BY key FOR NO KEY UPDATE
    """,
)
PLACES = Rows(
    Allocation,
    """
    SELECT {columns} FROM allocation_allocation WHERE trial_id = %s AND arm_id IS NULL
    UNION ALL SELECT {columns} FROM allocation_allocation WHERE participant_id = ANY(%s) AND arm_id IS NOT NULL
    ORDER BY enrol_seq
    """,
)
PLACE = Joined(
    [Allocation, Participant, Arm],
    """
    SELECT {allocation_allocation}, {enrolment_participant}, {studies_arm} FROM allocation_allocation
    JOIN enrolment_participant ON enrolment_participant.key = allocation_allocation.participant_id
    LEFT JOIN studies_arm ON studies_arm.id = allocation_allocation.arm_id
    WHERE allocation_allocation.participant_id = %s
    """,
)
HEAD = Rows(LogHead, "SELECT {columns} FROM allocation_loghead WHERE trial_id = %s")
STATES = Rows(StratumState, "SELECT {columns} FROM allocation_stratumstate WHERE trial_id = %s")
SEEDS = Rows(SealedSeed, "SELECT {columns} FROM allocation_sealedseed WHERE trial_id = %s", only="id commitment sealed")
ARMS = Rows(Arm, "SELECT {columns} FROM studies_arm WHERE trial_id = %s")


@dataclass(frozen=True)
class Request:
    """Someone who asks for a place, locked with the trial, and what the decision needs."""

    person: Participant
    standing: Standing
    protocol: Protocol | None
    head: LogHead | None
    state: StratumState | None
    place: Allocation | None

    @staticmethod
    def asked(participant: Participant) -> tuple[JoinedAnswer, JoinedAnswer, JoinedAnswer]:
        """Within one trip."""
        person = LOCKED_PERSON.ask(participant.pk)
        return person, Standing.asked(participant), WHERE_THE_STRATUM_STANDS.ask(participant.pk)

    @classmethod
    def taken(cls, person: JoinedAnswer, standing: JoinedAnswer, where: JoinedAnswer) -> Self:
        found, office, trial = person.take()
        found.office, found.trial = office, trial
        return cls(found, Standing.taken(standing), *where.take())

    @property
    def document(self) -> Document:
        """Raises Refusal: `protocol_missing`."""
        return Document.read(in_force(self.protocol).text)


def place_as_it_is(place: Allocation) -> JoinedAnswer:
    """Within a trip."""
    return PLACE.ask(place.pk)


def taken_place(answer: JoinedAnswer) -> Allocation:
    """The place with its participant, and with its arm if there is one by now."""
    place, person, arm = answer.take()
    place.participant, place.arm = person, arm
    found: Allocation = place
    return found


def as_draw(function: Callable[P, R]) -> Callable[P, R]:
    """Make an action that writes as the database role of the draw: one transaction, whole or not at all."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError(f"{function.__name__} takes keyword arguments only")
        with entered(DRAW), writing():
            return function(*args, **kwargs)

    return run
