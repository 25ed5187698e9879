"""Encryption of the identity plane: a key per person, which `keys` wraps.

Every field is AES-256-GCM under its person's key, bound by its additional data to table, column and row: a ciphertext
that is moved to another place raises instead of opening. Whoever destroys the wrapped key has destroyed the person's
fields everywhere, also in backups of them.
"""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 32
NONCE_BYTES = 12


def place(table: str, column: str, row: object) -> bytes:
    """Where a ciphertext stands: the additional data that it is bound to."""
    return f"{table}|{column}|{row}".encode()


def new_key() -> bytes:
    """A fresh key for one person."""
    return AESGCM.generate_key(bit_length=8 * KEY_BYTES)


def seal(key: bytes, text: bytes, where: bytes) -> bytes:
    """Encrypt `text` for one place. Returns nonce and ciphertext in one."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, where)


def unseal(key: bytes, sealed: bytes, where: bytes) -> bytes:
    """Decrypt what was sealed for this very place.

    Raises:
        cryptography.exceptions.InvalidTag: another key, another place, or a changed byte.
    """
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where)


def blind_index(trial_code: str, national_id: str) -> bytes:
    """A fingerprint that finds a person again in one trial, and in no other; 32 bytes, useless without the key."""
    key = bytes.fromhex(settings.BLIND_INDEX_KEY)
    return hmac.new(key, f"{trial_code}|{national_id}".encode(), hashlib.sha256).digest()
