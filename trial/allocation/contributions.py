"""What each party contributes to a draw, and the number that both contributions make.

A number depends on its position only. There is no generator state to lose or to steal, and neither party can
foresee a number alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from evaluation.canonical import canonical_json

SEED_BYTES = 32
Context = list[str | int]  # [trial, stratum, "draw" | "block", position]


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def commitment_of(trial: str, seed: bytes) -> str:
    """Hex that binds the holder to the seed without showing it."""
    return hashlib.sha256(b"navtrial/seed/v1" + trial.encode() + seed).hexdigest()


def party_key(seed: bytes, *, protocol_sha256: str, beacon: bytes = b"") -> bytes:
    """K_party, which makes all contributions of one party under one protocol."""
    extracted = hmac.digest(beacon or bytes(32), seed, "sha256")
    return hmac.digest(extracted, b"navtrial/key/v1" + bytes.fromhex(protocol_sha256) + b"\x01", "sha256")


def contribution(key: bytes, context: Context) -> bytes:
    return hmac.digest(key, canonical_json(context), "sha256")


def number(server: bytes, researcher: bytes) -> int:
    """The 256-bit number of one context."""
    if len(server) != SEED_BYTES or len(researcher) != SEED_BYTES:
        raise ValueError("a contribution has 32 bytes")
    return int.from_bytes(server) ^ int.from_bytes(researcher)


def draw_context(trial: str, stratum: str, position: int) -> Context:
    return [trial, stratum, "draw", position]


def block_context(trial: str, stratum: str, block: int) -> Context:
    return [trial, stratum, "block", block]
