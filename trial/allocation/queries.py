"""Protocols, waiting numbers, receipts and the log, reached only by those who may see them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.planes import DatabaseRole, Plane, entered
from trial.access.refusals import Refusal, not_found
from trial.allocation import merkle
from trial.allocation.contributions import Context
from trial.allocation.drawing import contexts_needed
from trial.allocation.models import (
    Allocation,
    BeaconValue,
    Checkpoint,
    Cluster,
    IdempotencyRecord,
    LogHead,
    LogLeaf,
    Opening,
    Protocol,
    StratumState,
)
from trial.allocation.policies import opened
from trial.allocation.protocols import Document
from trial.allocation.sealing import unsealed
from trial.enrolment.models import Participant
from trial.studies.models import Trial, Unit
from trial.studies.permissions import require

DRAW = Plane(DatabaseRole.DRAW)
BATCH = 500  # numbers named at once in the draw room


@dataclass(frozen=True)
class Waiting:
    """A number that waits, with the contexts to contribute to; none while a number before it decides first."""

    number: str
    stratum: str
    position: int
    since: int
    contexts: list[Context]

    @property
    def place(self) -> int:
        """The position as people count."""
        return self.position + 1


def locked_protocol(trial: Trial) -> Protocol:
    """The protocol in force.

    Raises:
        Refusal: `protocol_missing`.
    """
    return in_force(Protocol.objects.filter(trial=trial, approved_at__isnull=False).first())


def in_force(protocol: Protocol | None) -> Protocol:
    """The locked protocol, where there is one. Raises Refusal: `protocol_missing`."""
    if protocol is None:
        raise Refusal("protocol_missing", _("Protokollen er ikke låst ennå."))
    return protocol


def protocol_for(user: User, trial: Trial) -> Protocol | None:
    """The locked protocol, else the proposal; None before there is one."""
    require(user, trial, Permission.SEE_LOG)
    rows = Protocol.objects.filter(trial=trial).select_related("trial", "proposed_by", "approved_by", "beacon_value")
    return rows.order_by(F("approved_at").desc(nulls_last=True), "-proposed_at").first()


def opening_of(trial: Trial) -> Opening | None:
    """Who asked for the opening, and who opened."""
    return Opening.objects.filter(trial=trial).select_related("trial", "requested_by", "approved_by").first()


def beacon_of(trial: Trial, document: Document) -> bytes:
    """The recorded value of the beacon; empty where the protocol names none.

    Raises:
        Refusal: `beacon_missing` while the value that it names has not been recorded.
    """
    if not document.content["beacon"]:
        return b""
    value = BeaconValue.objects.filter(trial=trial).first()
    if value is None:
        raise Refusal("beacon_missing", _("Verdien protokollen venter på, er ikke registrert ennå."))
    return bytes.fromhex(value.value)


def waiting_for(user: User, trial: Trial) -> list[Waiting]:
    """The numbers that wait for the draw, in the order of enrolment; the first 500."""
    require(user, trial, Permission.SEE_WAITING)
    with entered(DRAW):
        waiting = list(_places(trial).filter(arm=None).order_by("enrol_seq")[:BATCH])
        if not waiting:
            return []
        document = Document.read(locked_protocol(trial).text)
        needed = _contexts_by_place(trial, document, waiting)
    return [
        Waiting(
            each.label,
            each.stratum,
            each.position,
            int(each.enrolled_at.timestamp()),
            needed[each.stratum, each.position],
        )
        for each in waiting
    ]


def draw_terms(trial: Trial) -> dict[str, str]:
    """What the holder of the researcher's key needs beside the contexts: protocol hash, commitment, beacon (hex).

    Raises:
        Refusal: `protocol_missing`, `beacon_missing`.
    """
    with entered(DRAW):
        protocol = locked_protocol(trial)
        document = Document.read(protocol.text)
        return {
            "protocol_sha256": protocol.sha256,
            "commitment": document.content["commitments"]["researcher"],
            "beacon": beacon_of(trial, document).hex(),
        }


def trial_named(code: str) -> Trial:
    """The trial of a command's argument.

    Raises:
        Refusal: `not_found`.
    """
    trial = Trial.objects.filter(code=code).first()
    if trial is None:
        raise not_found(_("Fant ikke forsøket."))
    return trial


def logged_trials(codes: Iterable[str] = ()) -> list[Trial]:
    """The trials with a log, or those named."""
    if codes:
        return [trial_named(code) for code in codes]
    with entered(DRAW):
        return list(Trial.objects.filter(log_head__isnull=False).order_by("code"))


def waiting_count(trial: Trial) -> int:
    return _places(trial).filter(arm=None).count()


def _places(trial: Trial) -> "QuerySet[Any]":
    """The places that are drawn for: those of participants, or of offices."""
    if trial.unit == Unit.CLUSTER:
        return Cluster.objects.filter(trial=trial).select_related("office__nav_office")
    return Allocation.objects.filter(trial=trial).select_related("participant")


def allocation_of(participant: Participant) -> Allocation | None:
    """The place in the draw of a participant whom the caller has reached by the right to see."""
    return Allocation.objects.select_related("arm", "participant").filter(participant=participant).first()


def drawn_place_for(user: User, participant: Participant) -> Allocation:
    """A participant's place with its arm and receipt.

    Raises:
        Refusal: `not_allowed`; `not_found` before the draw.
    """
    require(user, participant.trial, Permission.SEE_ARM, participant.office)
    place = allocation_of(participant)
    if place is None or place.receipt is None:
        raise not_found(_("Det er ikke trukket for denne deltakeren ennå."))
    return place


def receipt_for(user: User, participant: Participant) -> dict[str, Any]:
    """The receipt of a participant's draw. Raises as `drawn_place_for`."""
    return dict(drawn_place_for(user, participant).receipt or {})


def answer_under(trial: Trial, key: str) -> str:
    """The answer that was given under an Idempotency-Key."""
    with entered(DRAW):
        return str(IdempotencyRecord.objects.get(trial=trial, key=key).answer)


def log_of(user: User, trial: Trial) -> tuple[LogHead | None, QuerySet[LogLeaf]]:
    """The head of the log and its leaves, newest first."""
    require(user, trial, Permission.SEE_LOG)
    return LogHead.objects.filter(trial=trial).first(), LogLeaf.objects.filter(trial=trial).order_by("-seq")


def checkpoints_of(user: User, trial: Trial) -> QuerySet[Checkpoint]:
    """The signed checkpoints, newest first."""
    require(user, trial, Permission.SEE_LOG)
    return Checkpoint.objects.filter(trial=trial).select_related("trial").order_by("-size")


def statement_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as it was signed."""
    fields = {name: getattr(checkpoint, name) for name in ("size", "root", "time", "public_key", "signature")}
    return {"trial": checkpoint.trial.code, **fields}


def log_is_whole(trial: Trial) -> bool:
    """Whether the leaves as they stand give the root that the head of the log has; draws may go on meanwhile."""
    head = LogHead.objects.get(trial=trial)
    leaves = LogLeaf.objects.filter(trial=trial)
    texts = leaves.filter(seq__lt=head.size).order_by("seq").values_list("text", flat=True)
    root = merkle.root(merkle.leaf_hash(text.encode()) for text in texts.iterator())
    later = leaves.filter(seq__gte=head.size).exists()  # in the log since then, or past its end
    if later and LogHead.objects.get(trial=trial).size == head.size:
        return False
    return root == merkle.root_of_frontier([bytes.fromhex(node) for node in head.frontier])


def bundle_of(trial: Trial) -> dict[str, Any]:
    """Everything the verifier needs, seeds included.

    Raises:
        Refusal: `not_opened` before two persons have opened the trial.
    """
    opened(trial)
    with entered(DRAW):
        document = Document.read(locked_protocol(trial).text)
        texts = LogLeaf.objects.filter(trial=trial).order_by("seq").values_list("text", flat=True)
        return {
            "protocol": document.content,
            "seeds": {party: unsealed(sha256).hex() for party, sha256 in document.content["commitments"].items()},
            "beacon": beacon_of(trial, document).hex(),
            "leaves": [json.loads(text) for text in texts],
        }


def anchors_of(trial: Trial) -> dict[str, Any]:
    """What is held outside: the protocol's hash, every checkpoint, the leaf of every receipt."""
    with entered(DRAW):
        protocol = locked_protocol(trial)
        receipts = chain.from_iterable(
            model.objects.filter(trial=trial, alloc_seq__isnull=False)
            .order_by("alloc_seq")
            .values_list("alloc_seq", "receipt")
            .iterator()
            for model in (Cluster, Allocation)
        )
        checkpoints = Checkpoint.objects.filter(trial=trial).order_by("size").values_list("size", "root")
        return {
            "protocol_sha256": protocol.sha256,
            "beacon": beacon_of(trial, Document.read(protocol.text)).hex(),
            "checkpoints": [{"size": size, "root": root} for size, root in checkpoints],
            "receipts": [{"seq": seq, "leaf": paper["leaf_sha256"]} for seq, paper in receipts if paper],
        }


def _contexts_by_place(
    trial: Trial, document: Document, waiting: Iterable[Any]
) -> dict[tuple[str, int], list[Context]]:
    states = {state.stratum: state for state in StratumState.objects.filter(trial=trial)}
    found: dict[tuple[str, int], list[Context]] = {}
    by_stratum = groupby(sorted(waiting, key=lambda each: (each.stratum, each.position)), lambda each: each.stratum)
    for stratum, group in by_stratum:
        places = list(group)
        state = states[document.state_key(stratum)].state
        needed = contexts_needed(
            document, stratum=stratum, first=states[stratum].drawn, waiting=len(places), state=state
        )
        found |= {(stratum, place.position): each for place, each in zip(places, needed, strict=True)}
    return found
