"""What would show in the log: faults, which an insider or a defect has made, and suspicions, which a person looks into.

A fault: a root that moved, two heads of one size, a state that was changed, a draw that hangs. A suspicion: people who
are enrolled and taken out again as soon as their arm is known, several at one place.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from evaluation.design import follows
from trial.access.planes import entered
from trial.allocation import merkle
from trial.allocation.models import Allocation, Checkpoint, Cluster, LogHead, LogLeaf, Place, StratumState
from trial.allocation.policies import PATIENCE
from trial.allocation.protocols import Document
from trial.allocation.queries import DRAW, locked_protocol
from trial.allocation.receipts import signature_holds
from trial.allocation.session import lock_trial
from trial.audit import clock
from trial.studies.models import Trial

LEFT = {"withdrawn", "enrolled_in_error"}
SOON = timedelta(days=3)  # from the arm to leaving
WINDOW = timedelta(days=7)
BURST = 3  # who left soon at one place within the window

Head = tuple[int, str]  # leaves, root


@dataclass(frozen=True)
class Watch:
    """Lines for people; none where nothing is wrong."""

    faults: list[str]
    suspicions: list[str]


def watch(trial: Trial, outside: Iterable[Head] = ()) -> Watch:
    """Read the whole log. `outside`: heads that others hold, such as the researcher's checkpoints.

    Raises:
        Refusal: `protocol_missing`.
    """
    held = list(outside)
    with entered(DRAW):
        found = _look(trial, held)
        if found.faults:  # a draw may have come between two readings: once more, while none can
            lock_trial(trial)
            found = _look(trial, held)
    return found


def _look(trial: Trial, outside: Iterable[Head]) -> Watch:
    document = Document.read(locked_protocol(trial).text)
    texts = list(LogLeaf.objects.filter(trial=trial).order_by("seq").values_list("text", flat=True))
    leaves = [json.loads(text) for text in texts]
    faults = [
        *_heads(trial, texts, outside),
        *_states(trial, document, leaves),
        *_places(trial, leaves),
        *([] if document.attended else _hanging(trial)),
    ]
    return Watch(faults, list(_bursts(leaves)))


def faults_of(trial: Trial) -> list[str]:
    """Every fault found, as a line each."""
    return watch(trial).faults


def _heads(trial: Trial, texts: list[str], outside: Iterable[Head]) -> Iterator[str]:
    """Every head that was ever signed or held must be a prefix of the log, and the kept head its end."""
    heads = defaultdict(set, {checkpoint.size: {checkpoint.root} for checkpoint in trial.checkpoints.all()})
    for size, root in chain(_in_receipts(trial), outside):
        heads[size].add(root)
    yield from (f"there are two heads of {size} leaves" for size, roots in sorted(heads.items()) if len(roots) > 1)
    yield from _unsigned(trial)
    frontier: list[bytes] = []
    for size, text in enumerate(texts, 1):
        frontier = merkle.append(frontier, size - 1, merkle.leaf_hash(text.encode()))
        if heads.pop(size, set()) - {merkle.root_of_frontier(frontier).hex()}:
            yield f"a head of {size} leaves has another root than the log"
    yield from (f"a head of {size} leaves is larger than the log" for size in sorted(heads) if size)
    head = LogHead.objects.get(trial=trial)
    if head.size != len(texts) or head.frontier != [node.hex() for node in frontier]:
        yield "the head of the log is not where its leaves end"


def _in_receipts(trial: Trial) -> Iterator[Head]:
    """The signed head that came with each receipt."""
    for model in (Allocation, Cluster):
        papers = model.objects.filter(trial=trial, receipt__isnull=False).values_list("receipt__checkpoint", flat=True)
        yield from ((paper["size"], paper["root"]) for paper in papers.iterator())


def _unsigned(trial: Trial) -> Iterator[str]:
    for checkpoint in Checkpoint.objects.filter(trial=trial).select_related("trial"):
        said = {"trial": trial.code, "size": checkpoint.size, "root": checkpoint.root, "time": checkpoint.time}
        if not signature_holds(said | {"signature": checkpoint.signature}, checkpoint.public_key):
            yield f"the checkpoint of {checkpoint.size} leaves is not signed by its key"


def _states(trial: Trial, document: Document, leaves: list[dict[str, Any]]) -> Iterator[str]:
    """Each kept state counts what the log counts, and is one that the arms of its history lead to.

    What a state says decides the next weights, so whoever could change it could steer the draw until the opening.
    """
    enrolled: dict[str, dict[str, Any]] = {}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    histories: dict[str, list[tuple[str, dict[str, str]]]] = defaultdict(list)
    for leaf in leaves:
        if leaf["type"] == "ENROL":
            enrolled[leaf["who"]] = leaf
            counts[leaf["stratum"]][0] += 1
        elif leaf["type"] == "ALLOC":
            person = enrolled[leaf["who"]]
            counts[person["stratum"]][1] += 1
            histories[document.state_key(person["stratum"])].append((leaf["arm"], person["factors"]))
    for state in StratumState.objects.filter(trial=trial):
        name = state.stratum or "the whole trial"
        if state.stratum and [state.enrolled, state.drawn] != counts[state.stratum]:
            yield f"the state of {name} does not count what the log counts"
        if not follows(document.rule(int), histories[state.stratum], state.state):
            yield f"the state of {name} is not one that its arms lead to"


def _places(trial: Trial, leaves: list[dict[str, Any]]) -> Iterator[str]:
    """Every place is as its leaves say; who follows an office is in the office's arm."""
    arms = {leaf["who"]: leaf["arm"] for leaf in leaves if leaf["type"] == "ALLOC"}
    enrolled = {leaf["who"]: (leaf["stratum"], leaf["position"]) for leaf in leaves if leaf["type"] == "ENROL"}
    for place in _all_places(trial):
        arm = place.arm.code if place.arm else None
        cluster = getattr(place, "cluster", None)
        as_logged = cluster or enrolled.pop(place.who, None) == (place.stratum, place.position)
        if not as_logged or arms.get(cluster.who if cluster else place.who) != arm:
            yield f"the place of leaf {place.enrol_seq} is not as the log has it"
    for who in enrolled:
        yield f"{who} is in the log and has no place"


def _all_places(trial: Trial) -> Iterator[Place]:
    yield from Cluster.objects.filter(trial=trial).select_related("arm")
    yield from Allocation.objects.filter(trial=trial).select_related("arm", "cluster")


def _hanging(trial: Trial) -> Iterator[str]:
    late = clock.now() - PATIENCE
    number = sum(
        model.objects.filter(trial=trial, arm=None, enrolled_at__lt=late).count() for model in (Allocation, Cluster)
    )
    if number:
        yield f"{number} enrolled without an arm for more than five minutes"


def _bursts(leaves: list[dict[str, Any]]) -> Iterator[str]:
    """Places where several left within days of their arm, within one window; each window is told once."""
    left: dict[str, list[int]] = defaultdict(list)
    place: dict[str, str] = {}
    drawn: dict[str, int] = {}
    for leaf in leaves:
        who = leaf.get("who", "")
        if leaf["type"] == "ENROL":
            place[who] = leaf["stratum"]
        elif leaf["type"] == "ALLOC":
            drawn[who] = leaf["time"]
        elif leaf.get("kind") in LEFT and who in drawn and leaf["time"] - drawn.pop(who) <= SOON.total_seconds():
            left[place[who]].append(leaf["time"])
    for stratum, times in sorted(left.items()):
        most = max(sum(0 <= later - time <= WINDOW.total_seconds() for later in times) for time in times)
        if most >= BURST:
            yield f"{most} in {stratum} left within {SOON.days} days of their arm, within {WINDOW.days} days"
