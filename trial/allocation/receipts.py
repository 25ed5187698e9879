"""What the outside holds: signed checkpoints of the log, and receipts for single leaves.

A checkpoint says how large the log was and what its root was. A receipt is the owner's leaf with the path that
leads from it to a signed root: whoever holds one can show that the leaf was in the log, and was not changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evaluation.canonical import canonical_json
from trial.allocation.leaves import Leaf, hash_of
from trial.allocation.merkle import included

SIGNED_FIELDS = ("trial", "size", "root", "time")


def signed_checkpoint(signer: Ed25519PrivateKey, *, trial: str, size: int, root: bytes, time: int) -> dict[str, Any]:
    """The root of the first ``size`` leaves at ``time`` (UTC seconds), signed; the key's public half inside."""
    statement = {"trial": trial, "size": size, "root": root.hex(), "time": time}
    public = signer.public_key().public_bytes_raw().hex()
    return {**statement, "public_key": public, "signature": signer.sign(canonical_json(statement)).hex()}


def signature_holds(checkpoint: dict[str, Any], public_key: str) -> bool:
    """Whether the holder of ``public_key`` (hex) signed this checkpoint."""
    statement = {field: checkpoint[field] for field in SIGNED_FIELDS}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(checkpoint["signature"]), canonical_json(statement))
    except (InvalidSignature, ValueError):
        return False
    return True


def receipt(leaf: Leaf, proof: Sequence[bytes], checkpoint: dict[str, Any]) -> dict[str, Any]:
    """The receipt as it is shown and downloaded. ``leaf_sha256`` is what an auditor's anchors hold."""
    return {
        "leaf": leaf,
        "leaf_sha256": hash_of(leaf).hex(),
        "proof": [node.hex() for node in proof],
        "checkpoint": checkpoint,
    }


def receipt_holds(paper: dict[str, Any], public_key: str) -> bool:
    """Whether the leaf is as hashed, in the log at the signed root, and the root signed with ``public_key``."""
    checkpoint, leaf = paper["checkpoint"], paper["leaf"]
    return (
        hash_of(leaf).hex() == paper["leaf_sha256"]
        and signature_holds(checkpoint, public_key)
        and included(
            leaf=hash_of(leaf),
            index=leaf["seq"],
            size=checkpoint["size"],
            proof=[bytes.fromhex(node) for node in paper["proof"]],
            root=bytes.fromhex(checkpoint["root"]),
        )
    )
