"""Encryption at rest: files in pieces, each AES-256-GCM under `SNAPSHOT_KEY`.

A piece is bound to its place and to being the last one, so that pieces cannot be swapped, dropped or cut off. What the
file is called (the SHA-256 of its plain bytes) is checked when it is opened.
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

MAGIC = b"navtrial-sealed-1\n"
PREFIX_BYTES = 8  # random for each file; with the number of the piece it is the nonce
PIECE_BYTES = 1 << 20
TAG_BYTES = 16


class SealBrokenError(RuntimeError):
    """Another key, or bytes that were changed."""


def closed(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Bytes as they are kept: sealed where the site has a key, else as they are."""
    key = settings.SNAPSHOT_KEY
    return sealed(chunks, bytes.fromhex(key)) if key else chunks


def opened(file: IO[bytes]) -> Iterator[bytes]:
    """The plain bytes of a file that was kept by `closed`.

    Raises:
        SealBrokenError: another key, or changed, swapped or missing pieces.
    """
    key = settings.SNAPSHOT_KEY
    return unsealed(file, bytes.fromhex(key)) if key else iter(lambda: file.read(PIECE_BYTES), b"")


def sealed(chunks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The bytes of a sealed file."""
    cipher, prefix = AESGCM(key), secrets.token_bytes(PREFIX_BYTES)
    yield MAGIC + prefix
    number, pending = 0, b""
    for chunk in chunks:
        pending += chunk
        while len(pending) > PIECE_BYTES:
            yield cipher.encrypt(_nonce(prefix, number), pending[:PIECE_BYTES], _place(number, last=False))
            number, pending = number + 1, pending[PIECE_BYTES:]
    yield cipher.encrypt(_nonce(prefix, number), pending, _place(number, last=True))


def unsealed(file: IO[bytes], key: bytes) -> Iterator[bytes]:
    """The plain bytes of a sealed file, a piece at a time.

    Raises:
        SealBrokenError: another key, or changed, swapped or missing pieces.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise SealBrokenError("not a sealed file")
    cipher, prefix = AESGCM(key), file.read(PREFIX_BYTES)
    number, piece = 0, file.read(PIECE_BYTES + TAG_BYTES)
    while True:
        following = file.read(PIECE_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(prefix, number), piece, _place(number, last=not following))
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("the file was changed, or the key is another") from error
        if not following:
            return
        number, piece = number + 1, following


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4)


def _place(number: int, *, last: bool) -> bytes:
    return f"{number}|{'last' if last else 'more'}".encode()
