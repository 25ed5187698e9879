"""The draws of one transaction. Whoever begins a session holds the rows of the trial and of those who are drawn."""

from collections.abc import Mapping
from typing import Any

from trial.access.models import User
from trial.allocation import leaves, sealing
from trial.allocation.contributions import party_key
from trial.allocation.drawing import Parties, ShareMissing, draw_one
from trial.allocation.log import LogWriter
from trial.allocation.models import Place, StratumState
from trial.allocation.protocols import Document
from trial.allocation.queries import beacon_of, locked_protocol
from trial.allocation.receipts import receipt
from trial.audit import clock
from trial.audit.actions import post, record
from trial.enrolment.actions import mark_allocated
from trial.studies.models import Arm, Trial


def lock_trial(trial: Trial) -> Trial:
    """The trial as it is now, locked against other draws and changes of state, not against rows that refer to it."""
    return Trial.objects.select_for_update(no_key=True).get(pk=trial.pk)


class Session:
    """Protocol, both parties and the end of the log are read once, and written back by `close`."""

    def __init__(self, by: User | None, trial: Trial, shares: Mapping[str, str]) -> None:
        self.by, self.trial = by, trial
        protocol = locked_protocol(trial)
        self.document = Document.read(protocol.text)
        self.parties = self._parties(protocol.sha256, shares)
        self.arms = {arm.code: arm for arm in Arm.objects.filter(trial=trial)}
        self.log = LogWriter.locked(trial)
        self.states = {state.stratum: state for state in StratumState.objects.filter(trial=trial)}
        self.touched: set[str] = set()
        self.stopped: set[str] = set()

    def draw(self, allocation: Place) -> bool:
        """Draw one arm; False where it waits for a contribution to it, or to one before it."""
        history = self.document.state_key(allocation.stratum)
        if history in self.stopped:
            return False
        state, place = self.states[history], (allocation.stratum, allocation.position)
        try:
            drawn = draw_one(self.document, self.parties, place=place, state=state.state, factors=allocation.factors)
        except ShareMissing:
            self.stopped.add(history)
            return False
        state.state = drawn.state
        self.states[allocation.stratum].drawn += 1
        self.touched |= {history, allocation.stratum}
        self._write(allocation, self.arms[self.document.content["arms"][drawn.arm][0]], drawn.share)
        return True

    def close(self) -> None:
        for stratum in self.touched:
            state = self.states[stratum]
            state.changed(state=state.state, drawn=state.drawn)
        self.log.close()

    def _write(self, place: Place, arm: Arm, share: bytes) -> None:
        shown = share.hex() if self.document.attended else ""
        entry = self.log.append(leaves.alloc_leaf, who=place.who, arm=arm.code, share=shown)
        place.changed(
            arm=arm,
            drawn_at=clock.now(),
            drawn_by=self.by,
            alloc_seq=entry.seq,
            receipt=receipt(entry.leaf, entry.proof, self.log.signed()),
        )
        self._tell(place, entry.seq)

    def _tell(self, place: Any, seq: int) -> None:
        """Carry the person on, write the audit line, and let the office know."""
        participant = place.participant
        mark_allocated(by=self.by, participant=participant)
        record(by=self.by, verb="arm_drawn", trial=self.trial.code, subject=participant.number, seq=seq)
        post(kind="arm_drawn", to=participant.enrolled_by.get_username(), trial=self.trial.code)

    def _parties(self, protocol_sha256: str, shares: Mapping[str, str]) -> Parties:
        """The server's key, and the researcher's where the server holds that seed too."""
        content, beacon = self.document.content, beacon_of(self.trial, self.document)
        held = ["server"] if self.document.attended else ["server", "researcher"]
        seeds = [sealing.unsealed(content["commitments"][party]) for party in held]
        keys = [party_key(seed, protocol_sha256=protocol_sha256, beacon=beacon) for seed in seeds]
        return Parties(
            self.trial.code, server=keys[0], researcher=None if self.document.attended else keys[1], shares=shares
        )
