"""Keys that live outside the database: the one that seals seeds, and the one that signs checkpoints."""

import secrets
from functools import lru_cache

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
    return nonce + _cipher(settings.SEED_KEY).encrypt(nonce, seed, _context(commitment))


def unseal(sealed: bytes, *, commitment: str) -> bytes:
    """The seed, sealed with SEED_KEY or, while the key is being changed, with OLD_SEED_KEY. Raises UnsealError."""
    for key in filter(None, (settings.SEED_KEY, settings.OLD_SEED_KEY)):
        seed = _opened(key, sealed, commitment)
        if seed is not None:
            return seed
    raise UnsealError("a sealed seed does not open with SEED_KEY")


def is_current(sealed: bytes, *, commitment: str) -> bool:
    """Whether the seed is sealed with SEED_KEY itself."""
    return _opened(settings.SEED_KEY, sealed, commitment) is not None


def unsealed(commitment: str) -> bytes:
    """The seed that a commitment stands for, read by the draw's database role. Raises UnsealError."""
    return unseal(bytes(SealedSeed.objects.get(commitment=commitment).sealed), commitment=commitment)


def checkpoint_signer() -> Ed25519PrivateKey:
    return _signer(settings.CHECKPOINT_KEY)


@lru_cache(maxsize=4)
def _signer(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))


def _opened(key: str, sealed: bytes, commitment: str) -> bytes | None:
    nonce, text = bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:])
    try:
        return _cipher(key).decrypt(nonce, text, _context(commitment))
    except InvalidTag:
        return None


def _cipher(key: str) -> AESGCM:
    return AESGCM(bytes.fromhex(key))


def _context(commitment: str) -> bytes:
    return f"navtrial/sealed/v1 {commitment}".encode()
