"""The draw, in order: a place in the log first, an arm after that is committed. Checkpoints, events.

Everything here writes as the database role `draw`, which alone reads the seeds and appends to the log; who asks is
checked before. Locks are always taken in one order: the turn in the trial's queue, participants, the trial's row.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from evaluation.canonical import canonical_json
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.allocation import clusters, leaves
from trial.allocation.contributions import Context
from trial.allocation.idempotency import Claim, keep_answer, key_held
from trial.allocation.log import LogWriter
from trial.allocation.models import Allocation, Checkpoint, IdempotencyRecord
from trial.allocation.notices import tell_researchers
from trial.allocation.policies import may_draw
from trial.allocation.positions import next_position
from trial.allocation.protocols import Document
from trial.allocation.queries import locked_protocol, waiting_for
from trial.allocation.readings import Request, as_draw, place_as_it_is, taken_place
from trial.allocation.session import Session, lock_trial
from trial.allocation.trips import DrawTransaction
from trial.audit.actions import record
from trial.enrolment.actions import mark_enrolled
from trial.enrolment.models import Participant
from trial.enrolment.policies import may_enrol
from trial.studies.models import Trial, Unit
from trial.studies.permissions import require

SHARE = re.compile(r"[0-9a-f]{64}")

Contribute = Callable[[Context], bytes]


def enrol(*, by: User, participant: Participant, idempotency_key: str) -> Allocation:
    """Give the participant a place in the draw; in unattended mode draw the arm as well.

    Commits twice: when the place stands in the log, no arm exists yet. Someone who has a place keeps it.

    Raises:
        Refusal: `not_allowed`; every refusal of `enrolment.policies.may_enrol`; `protocol_missing`,
            `beacon_missing`, `unknown_stratum`, `factor_missing`, `list_exhausted`; `key_missing`, `key_reused`,
            `in_progress`.
    """
    trial = participant.trial
    require(by, trial, Permission.ENROL, participant.office)
    with key_held(trial, idempotency_key):
        allocation, kept = _take_place(by=by, participant=participant, key=idempotency_key)
        if not kept.answer:
            allocation = _draw_at_once(by=by, allocation=allocation, kept=kept)
    participant.state, participant.enrolled_at = allocation.participant.state, allocation.enrolled_at
    return allocation


def draw(*, by: User, trial: Trial, commitment: str, contributions: Mapping[str, str], idempotency_key: str) -> str:
    """Draw for the waiting numbers whose contexts the researcher has contributed to. Answers in JSON.

    `contributions`: canonical context -> 64 hex digits. Numbers whose contexts are not among them go on waiting.
    `commitment`: the one of the key file that they were made with. The same key gets the same answer, byte for byte.

    Raises:
        Refusal: `not_allowed`, `not_attended`, `wrong_trial_state`, `wrong_key`, `malformed_share`,
            `protocol_missing`, `beacon_missing`, `key_missing`, `key_reused`, `in_progress`.
    """
    require(by, trial, Permission.DRAW)
    _well_formed(contributions)
    with key_held(trial, idempotency_key):
        return _draw_once(by=by, trial=trial, commitment=commitment, contributions=contributions, key=idempotency_key)


def draw_waiting(*, by: User, trial: Trial, contribute: Contribute) -> list[Allocation]:
    """Draw for everyone who waits, asking the holder of the researcher's key for each contribution."""
    require(by, trial, Permission.DRAW)
    drawn: list[Allocation] = []
    while contexts := [context for each in waiting_for(by, trial) for context in each.contexts]:
        shares = {canonical_json(context).decode(): contribute(context).hex() for context in contexts}
        batch = _draw(by=by, trial=trial, shares=shares)
        if not batch:  # somebody else has drawn for them meanwhile
            break
        drawn += batch
    return drawn


def finish_unattended(*, trial: Trial) -> list[Allocation]:
    """Draw every place of an unattended trial that a crash left without an arm: same position, same arm.

    In an attended trial nobody is drawn without the researcher's contributions.
    """
    return _draw(by=None, trial=trial, shares={})


def checkpoint(*, by: User | None, trial: Trial) -> Checkpoint:
    """Sign the log as it is now; an unchanged log keeps the checkpoint that it has.

    Raises:
        Refusal: `not_allowed`, `protocol_missing`.
    """
    if by is not None:
        require(by, trial, Permission.SEE_LOG)
    return _checkpoint(by=by, trial=trial)


def log_event(
    *, by: User | None, trial: Trial, kind: str, participant: Participant | None = None, note: str = ""
) -> None:
    """Put an event into the log. The note stays outside, its hash goes in; someone without a place leaves no trace."""
    _log_event(by=by, trial=trial, kind=kind, participant=participant, note=note)


def answer_of(allocation: Allocation) -> dict[str, Any]:
    """What is told of a place in the draw: the arm and the receipt once they exist."""
    return {
        "participant": allocation.label,
        "state": "allocated" if allocation.arm else "waiting",
        "enrolled_at": int(allocation.enrolled_at.timestamp()),
        "arm": allocation.arm.code if allocation.arm else "",
        "receipt": allocation.receipt or {},
    }


def _take_place(*, by: User, participant: Participant, key: str) -> tuple[Allocation, IdempotencyRecord]:
    """Lock, ask the gate, take the next position, append ENROL. The answer is kept where it is already the last."""
    with DrawTransaction(participant.trial) as transaction:
        with transaction.reading():
            claim = Claim(by=by, trial=participant.trial, key=key, body={"participant": participant.number})
            asked = Request.asked(participant)
        kept, request = claim.record(), Request.taken(*asked)
        document = request.document
        with transaction.writing():
            place = request.place or _new_place(by, request, document)
            place.participant = request.person
            drawn = place.arm is not None  # read here, as the role that may
            if not kept.answer and (document.attended or drawn):
                keep_answer(kept, answer_of(place))
    return place, kept


def _new_place(by: User, request: Request, document: Document) -> Allocation:
    person = request.person
    consent = may_enrol(person, request.standing)
    if document.clusters:
        return clusters.follow(by, person, consent)
    position = next_position(document, request.state, person.stratum, person.factors)
    place = {"who": leaves.new_who(), "stratum": person.stratum, "position": position, "factors": person.factors}
    log = LogWriter.of(person.trial, request.head)
    entry = log.append(leaves.enrol_leaf, **place, consent=consent.sha256)
    log.close()
    mark_enrolled(by=by, participant=person)
    record(by=by, verb="place_taken", trial=person.trial.code, subject=person.number, seq=entry.seq)
    if document.attended:
        tell_researchers(person.trial)
    times = {"enrolled_at": person.enrolled_at, "enrol_seq": entry.seq}
    return Allocation(participant=person, trial=person.trial, office=person.office, **times, **place).added()


def _draw_at_once(*, by: User, allocation: Allocation, kept: IdempotencyRecord) -> Allocation:
    """The second transaction of an unattended draw. Whoever had the turn before may have drawn for this place too."""
    with DrawTransaction(allocation.trial) as transaction:
        with transaction.reading():
            asked = place_as_it_is(allocation)
        place = taken_place(asked)
        if place.arm is None:
            with transaction.reading():
                session = Session(by, allocation.trial, {}, asking=allocation)
        with transaction.writing():
            if place.arm is None:
                session.begun().draw()
                place = session.place_asked_for()
            keep_answer(kept, answer_of(place))
    return place


def _draw_once(*, by: User, trial: Trial, commitment: str, contributions: Mapping[str, str], key: str) -> str:
    with DrawTransaction(trial) as transaction:
        with transaction.reading():
            claim = Claim(by=by, trial=trial, key=key, body={"contributions": dict(contributions)})
            session = _session(by, trial, contributions)
        kept = claim.record()
        if kept.answer:
            return str(kept.answer)
        with transaction.writing():
            may_draw(session.begun().trial, session.document, commitment)
            drawn = session.draw()
            left = len(session.waiting) - len(drawn)
            answer = keep_answer(kept, {"drawn": [answer_of(each) for each in drawn], "waiting": left})
    return answer


def _draw(*, by: User | None, trial: Trial, shares: Mapping[str, str]) -> list[Allocation]:
    with DrawTransaction(trial) as transaction:
        with transaction.reading():
            session = _session(by, trial, shares)
        with transaction.writing():
            drawn = session.begun().draw()
    return drawn


def _session(by: User | None, trial: Trial, shares: Mapping[str, str]) -> Session:
    """The draws for whoever waits: participants, or offices."""
    return (clusters.OfficeSession if trial.unit == Unit.CLUSTER else Session)(by, trial, shares)


@as_draw
def _checkpoint(*, by: User | None, trial: Trial) -> Checkpoint:
    locked_protocol(trial)
    signed = LogWriter.locked(lock_trial(trial)).checkpoint()
    record(by=by, verb="checkpoint_signed", trial=trial.code, size=signed.size, root=signed.root)
    return signed


@as_draw
def _log_event(*, by: User | None, trial: Trial, kind: str, participant: Participant | None, note: str) -> None:
    rows = Allocation.objects.select_related("cluster")
    place = rows.filter(participant=participant).first() if participant else None
    if participant and place is None:
        return
    log = LogWriter.locked(lock_trial(trial))
    note_sha256 = hashlib.sha256(note.encode()).hexdigest()
    entry = log.append(leaves.event_leaf, who=place.logged_as if place else "", kind=kind, note_sha256=note_sha256)
    log.close()
    subject = participant.number if participant else ""
    record(by=by, verb="event_logged", trial=trial.code, subject=subject, seq=entry.seq, kind=kind)


def _well_formed(contributions: Mapping[str, str]) -> None:
    if not all(isinstance(share, str) and SHARE.fullmatch(share) for share in contributions.values()):
        raise Refusal(
            "malformed_share", _("Et bidrag må være 64 heksadesimale tegn."), field="contributions", status=422
        )
