"""Faults that would show in the log: a root that moved, a state that was changed, a draw that hangs."""

import json
from collections.abc import Iterator
from typing import Any

from trial.access.planes import entered
from trial.allocation import merkle
from trial.allocation.models import Allocation, Checkpoint, LogHead, LogLeaf, StratumState
from trial.allocation.policies import PATIENCE
from trial.allocation.protocols import Document
from trial.allocation.queries import DRAW, locked_protocol
from trial.audit import clock
from trial.studies.models import Trial


def faults_of(trial: Trial) -> list[str]:
    """Every fault found, as a line each. Reads the whole log once."""
    with entered(DRAW):
        document = Document.read(locked_protocol(trial).text)
        texts = list(LogLeaf.objects.filter(trial=trial).order_by("seq").values_list("text", flat=True))
        leaves = [json.loads(text) for text in texts]
        return [
            *_roots(trial, texts),
            *_states(trial, document, leaves),
            *_places(trial, leaves),
            *([] if document.attended else _hanging(trial)),
        ]


def _roots(trial: Trial, texts: list[str]) -> Iterator[str]:
    head = LogHead.objects.get(trial=trial)
    roots = {checkpoint.size: checkpoint.root for checkpoint in Checkpoint.objects.filter(trial=trial)}
    frontier: list[bytes] = []
    for size, text in enumerate(texts):
        frontier = merkle.append(frontier, size, merkle.leaf_hash(text.encode()))
        if roots.pop(size + 1, merkle.root_of_frontier(frontier).hex()) != merkle.root_of_frontier(frontier).hex():
            yield f"the checkpoint of {size + 1} leaves has another root than the log"
    for size in roots:
        yield f"the checkpoint of {size} leaves is larger than the log"
    if head.size != len(texts) or head.frontier != [node.hex() for node in frontier]:
        yield "the head of the log is not where its leaves end"


def _states(trial: Trial, document: Document, leaves: list[dict[str, Any]]) -> Iterator[str]:
    counts: dict[str, list[int]] = {}
    stratum_of = {}
    for leaf in leaves:
        if leaf["type"] == "ENROL":
            stratum_of[leaf["who"]] = leaf["stratum"]
            counts.setdefault(leaf["stratum"], [0, 0])[0] += 1
        elif leaf["type"] == "ALLOC":
            counts[stratum_of[leaf["who"]]][1] += 1
    for state in StratumState.objects.filter(trial=trial, stratum__in=document.content["strata"]):
        if [state.enrolled, state.drawn] != counts.get(state.stratum, [0, 0]):
            yield f"the state of {state.stratum} does not count what the log counts"


def _places(trial: Trial, leaves: list[dict[str, Any]]) -> Iterator[str]:
    arms = {leaf["who"]: leaf["arm"] for leaf in leaves if leaf["type"] == "ALLOC"}
    enrolled = {leaf["who"]: (leaf["stratum"], leaf["position"]) for leaf in leaves if leaf["type"] == "ENROL"}
    for place in Allocation.objects.filter(trial=trial).select_related("arm"):
        arm = place.arm.code if place.arm else None
        if enrolled.pop(place.who, None) != (place.stratum, place.position) or arms.get(place.who) != arm:
            yield f"the place of leaf {place.enrol_seq} is not as the log has it"
    for who in enrolled:
        yield f"{who} is in the log and has no place"


def _hanging(trial: Trial) -> Iterator[str]:
    late = Allocation.objects.filter(trial=trial, arm=None, enrolled_at__lt=clock.now() - PATIENCE).count()
    if late:
        yield f"{late} enrolled without an arm for more than five minutes"
