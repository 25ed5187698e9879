"""The leaves of the log. No leaf holds personal data; a nonce keeps neighbours from guessing one another."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from evaluation.canonical import canonical_json
from trial.allocation.merkle import leaf_hash

Leaf = dict[str, Any]


def protocol_leaf(*, seq: int, time: int, protocol_sha256: str) -> Leaf:
    return {**_head(seq, time, "PROTOCOL"), "protocol_sha256": protocol_sha256}


def enrol_leaf(
    *, seq: int, time: int, who: str, stratum: str, position: int, factors: Mapping[str, str], consent: str
) -> Leaf:
    """``who`` is a random code that is shown to nobody; ``consent`` the SHA-256 of the consent record."""
    place = {"who": who, "stratum": stratum, "position": position}
    return {**_head(seq, time, "ENROL"), **place, "factors": dict(factors), "consent": consent}


def alloc_leaf(*, seq: int, time: int, who: str, arm: str, share: str) -> Leaf:
    """``share``: the researcher's contribution in hex, empty where the server holds both seeds."""
    return {**_head(seq, time, "ALLOC"), "who": who, "arm": arm, "share": share}


def event_leaf(*, seq: int, time: int, who: str, kind: str, note_sha256: str) -> Leaf:
    """``who`` is empty where the event concerns the whole trial."""
    return {**_head(seq, time, "EVENT"), "who": who, "kind": kind, "note_sha256": note_sha256}


def hash_of(leaf: Leaf) -> bytes:
    return leaf_hash(canonical_json(leaf))


def new_who() -> str:
    return secrets.token_hex(16)


def _head(seq: int, time: int, kind: str) -> Leaf:
    return {"seq": seq, "time": time, "nonce": secrets.token_hex(32), "type": kind}
