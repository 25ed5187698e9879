"""Appending to a trial's log. Whoever appends holds the lock of the trial row first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from evaluation.canonical import canonical_json
from trial.allocation import leaves, merkle, receipts, sealing
from trial.allocation.models import Checkpoint, LogHead, LogLeaf
from trial.audit import clock
from trial.studies.models import Trial


@dataclass(frozen=True)
class Entry:
    """A leaf just appended, with the proof that leads from it to the root of the log that ends with it."""

    leaf: leaves.Leaf
    proof: list[bytes]

    @property
    def seq(self) -> int:
        return int(self.leaf["seq"])


class LogWriter:
    """The end of a log, locked; written back by `close`. Appending costs the same however long the log is."""

    def __init__(self, trial: Trial, head: LogHead) -> None:
        self.trial, self.head = trial, head
        self.frontier = [bytes.fromhex(node) for node in head.frontier]

    @classmethod
    def begin(cls, trial: Trial) -> Self:
        """A new, empty log."""
        return cls(trial, LogHead.objects.create(trial=trial))

    @classmethod
    def of(cls, trial: Trial, head: LogHead | None) -> Self:
        """The log of a trial whose row is locked, and whose head was read under that lock."""
        if head is None:
            raise LogHead.DoesNotExist(trial.code)
        return cls(trial, head)

    @classmethod
    def locked(cls, trial: Trial) -> Self:
        return cls(trial, LogHead.objects.select_for_update().get(trial=trial))

    @property
    def root(self) -> bytes:
        return merkle.root_of_frontier(self.frontier)

    def append(self, build: Callable[..., leaves.Leaf], **fields: Any) -> Entry:
        leaf = build(seq=self.head.size, time=int(clock.now().timestamp()), **fields)
        text = canonical_json(leaf)
        leaf_hash = merkle.leaf_hash(text)
        LogLeaf(
            trial=self.trial, seq=self.head.size, kind=leaf["type"], text=text.decode(), leaf_hash=leaf_hash.hex()
        ).added()
        entry = Entry(leaf, merkle.inclusion_of_newest(self.frontier))
        self.frontier = merkle.append(self.frontier, self.head.size, leaf_hash)
        self.head.size += 1
        return entry

    def signed(self) -> dict[str, Any]:
        """The log as it is now, signed."""
        return receipts.signed_checkpoint(
            sealing.checkpoint_signer(),
            trial=self.trial.code,
            size=self.head.size,
            root=self.root,
            time=int(clock.now().timestamp()),
        )

    def checkpoint(self) -> Checkpoint:
        """The kept checkpoint of the log as it is now; an unchanged log has one."""
        known = Checkpoint.objects.filter(trial=self.trial, size=self.head.size).first()
        if known:
            return known
        signed = self.signed() | {"trial": self.trial}
        return Checkpoint.objects.create(**signed)

    def close(self) -> None:
        self.head.changed(size=self.head.size, frontier=[node.hex() for node in self.frontier])
