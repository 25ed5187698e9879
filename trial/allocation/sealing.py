"""Keys that live outside the database: the one that seals seeds, and the one that signs checkpoints."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from trial.allocation.models import SealedSeed

NONCE_BYTES = 12


class UnsealError(RuntimeError):
    """The sealed seed was changed, moved, or sealed with another key."""


def seal(seed: bytes, *, commitment: str) -> bytes:
    """AES-256-GCM under SEED_KEY; the commitment is bound in, so that sealed seeds cannot change places."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, seed, _context(commitment))


def unseal(sealed: bytes, *, commitment: str) -> bytes:
    """The seed. Raises UnsealError."""
    nonce, text = bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:])
    try:
        return _cipher().decrypt(nonce, text, _context(commitment))
    except InvalidTag as problem:
        raise UnsealError("a sealed seed does not open with SEED_KEY") from problem


def unsealed(commitment: str) -> bytes:
    """The seed that a commitment stands for, read by the draw's database role. Raises UnsealError."""
    return unseal(bytes(SealedSeed.objects.get(commitment=commitment).sealed), commitment=commitment)


def checkpoint_signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.CHECKPOINT_KEY))


def _cipher() -> AESGCM:
    return AESGCM(bytes.fromhex(settings.SEED_KEY))


def _context(commitment: str) -> bytes:
    return f"navtrial/sealed/v1 {commitment}".encode()
