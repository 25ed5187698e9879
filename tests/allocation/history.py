"""A long history of an unattended trial, written in bulk just as the application would have written it one by one.

Every leaf, arm, receipt and state is computed by the application's own functions; only the inserts are many at once.
The monitor and the verifier find nothing in it, which is how one knows.
"""

import hashlib
from typing import Any
from uuid import UUID

from evaluation.canonical import canonical_json
from tests.allocation.trials import DrawCast
from trial.access.planes import maintenance
from trial.allocation import leaves, merkle, sealing
from trial.allocation.contributions import party_key
from trial.allocation.drawing import Parties, draw_one
from trial.allocation.models import Allocation, Checkpoint, LogHead, LogLeaf, StratumState
from trial.allocation.protocols import Document
from trial.allocation.receipts import receipt, signed_checkpoint
from trial.audit import clock
from trial.audit.guards import writing
from trial.enrolment.models import Participant

BATCH = 5_000


class History:
    """The log of a trial from where it is, its states in memory, and the rows to be written."""

    def __init__(self, made: DrawCast) -> None:
        self.made, self.trial = made, made.trial
        self.document = Document.read(made.protocol.text)
        keys = [
            party_key(sealing.unsealed(sha256), protocol_sha256=made.protocol.sha256, beacon=b"")
            for sha256 in (self.document.content["commitments"][party] for party in ("server", "researcher"))
        ]
        self.parties = Parties(self.trial.code, server=keys[0], researcher=keys[1], shares={})
        self.head = LogHead.objects.get(trial=self.trial)
        self.frontier = [bytes.fromhex(node) for node in self.head.frontier]
        self.states = {state.stratum: state for state in StratumState.objects.filter(trial=self.trial)}
        self.arms = {arm.code: arm for arm in self.trial.arms.all()}
        self.signer, self.now = sealing.checkpoint_signer(), clock.now()
        self.people: list[Participant] = []
        self.places: list[Allocation] = []
        self.leaves: list[LogLeaf] = []

    def live(self, serial: int) -> None:
        """Enrol and draw one more person, at each office in turn."""
        offices = list(self.made.cast.offices.values())
        office, who = offices[serial % len(offices)], leaves.new_who()
        state = self.states[office.stratum]
        place = {"who": who, "stratum": office.stratum, "position": state.enrolled, "factors": {}}
        enrolled = self._append(leaves.enrol_leaf, **place, consent=hashlib.sha256(who.encode()).hexdigest())
        where = (office.stratum, state.drawn)
        drawn = draw_one(self.document, self.parties, place=where, state=state.state, factors={})
        state.enrolled, state.drawn, state.state = state.enrolled + 1, state.drawn + 1, drawn.state
        arm = self.arms[self.document.content["arms"][drawn.arm][0]]
        proof = merkle.inclusion_of_newest(self.frontier)
        allocated = self._append(leaves.alloc_leaf, who=who, arm=arm.code, share="")
        by = {"office": office, "trial": self.trial}
        person = Participant(
            key=UUID(int=serial + 1),
            number=f"Z{serial:07}",
            state="allocated",
            stratum=office.stratum,
            **by,
            registered_at=self.now,
            registered_by=self.made.cast.kari,
            enrolled_at=self.now,
            enrolled_by=self.made.cast.kari,
        )
        self.people.append(person)
        self.places.append(
            Allocation(
                participant=person,
                **by,
                **place,
                enrolled_at=self.now,
                enrol_seq=enrolled["seq"],
                arm=arm,
                drawn_at=self.now,
                drawn_by=self.made.cast.kari,
                alloc_seq=allocated["seq"],
                receipt=receipt(allocated, proof, self._signed()),
            )
        )

    def checkpoint(self) -> None:
        with writing():
            Checkpoint.objects.create(**self._signed() | {"trial": self.trial})

    def write(self) -> None:
        with writing():
            Participant.objects.bulk_create(self.people, batch_size=BATCH)
            Allocation.objects.bulk_create(self.places, batch_size=BATCH)
            LogLeaf.objects.bulk_create(self.leaves, batch_size=BATCH)
            for state in self.states.values():
                state.changed(enrolled=state.enrolled, drawn=state.drawn, state=state.state)
            self.head.changed(size=self.head.size, frontier=[node.hex() for node in self.frontier])
        for rows in (self.people, self.places, self.leaves):
            rows.clear()

    def _append(self, build: Any, **fields: Any) -> leaves.Leaf:
        leaf = build(seq=self.head.size, time=int(self.now.timestamp()), **fields)
        text = canonical_json(leaf)
        leaf_hash = merkle.leaf_hash(text)
        self.leaves.append(
            LogLeaf(trial=self.trial, seq=leaf["seq"], kind=leaf["type"], text=text.decode(), leaf_hash=leaf_hash.hex())
        )
        self.frontier = merkle.append(self.frontier, self.head.size, leaf_hash)
        self.head.size += 1
        return leaf

    def _signed(self) -> dict[str, Any]:
        root = merkle.root_of_frontier(self.frontier)
        time = int(self.now.timestamp())
        return signed_checkpoint(self.signer, trial=self.trial.code, size=self.head.size, root=root, time=time)


def live_long(made: DrawCast, people: int, *, checkpoints: int) -> None:
    """As many people enrolled and drawn, with checkpoints at even distances."""
    with maintenance():
        history = History(made)
        for serial in range(people):
            history.live(serial)
            if (serial + 1) % (people // checkpoints) == 0:
                history.checkpoint()
            if len(history.people) == BATCH:
                history.write()
        history.write()
