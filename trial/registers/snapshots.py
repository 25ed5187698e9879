"""Files that never change, named by the SHA-256 of their bytes.

A file appears whole or not at all (written beside, flushed, renamed), is read-only from then on, and is hashed again
each time it is read: a damaged snapshot is an error, never a number.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

CHUNK = 1 << 20
READ_ONLY = 0o440


class DamagedSnapshotError(RuntimeError):
    """The bytes under a name are not the ones that were named."""


class TooLargeError(RuntimeError):
    """More bytes arrived than a file may have."""


@dataclass(frozen=True)
class Stored:
    """What was stored: SHA-256 in hex and size in bytes."""

    sha256: str
    size: int


def received(trial: str, sha256: str) -> Path:
    """Where the bytes of a file received for a trial (its code) stand."""
    return settings.SNAPSHOT_ROOT / trial / "received" / sha256


def snapshot(trial: str, sha256: str) -> Path:
    """Where the Parquet file of a trial's accepted rows stands. Trials share no file: one's deletion is complete."""
    return settings.SNAPSHOT_ROOT / trial / f"{sha256}.parquet"


def receive(trial: str, chunks: Iterable[bytes]) -> Stored:
    """Stream a file to its place, never whole in memory.

    Raises:
        TooLargeError: when it exceeds the site's limit; nothing is kept.
    """
    digest, size = hashlib.sha256(), 0

    def write(path: Path) -> str:
        nonlocal size
        with path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > settings.UPLOAD_LIMIT_BYTES:
                    raise TooLargeError
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    return Stored(_keep(trial, write, received), size)


def keep(trial: str, write: Callable[[Path], None]) -> str:
    """Let `write` make a Parquet file, keep it as a snapshot of the trial, and return its SHA-256."""

    def written(path: Path) -> str:
        write(path)
        return hash_of(path)

    return _keep(trial, written, snapshot)


def verified(path: Path, sha256: str) -> Path:
    """The path, after its bytes were found to be those that `sha256` names.

    Raises:
        DamagedSnapshotError: when the file is missing or its bytes differ.
    """
    if not path.exists() or hash_of(path) != sha256:
        raise DamagedSnapshotError(sha256)
    return path


def hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def forget(path: Path) -> None:
    """Delete a file that no delivery needs any more."""
    path.unlink(missing_ok=True)


def _keep(trial: str, write: Callable[[Path], str], place: Callable[[str, str], Path]) -> str:
    """Let `write` fill a file that nobody sees yet and name its hash; then give it that name, whole and read-only."""
    folder = settings.SNAPSHOT_ROOT / trial
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".incoming-")
    os.close(handle)
    unfinished = Path(name)
    try:
        sha256 = write(unfinished)
        target = place(trial, sha256)
        target.parent.mkdir(exist_ok=True)
        _flush(unfinished)
        unfinished.chmod(READ_ONLY)
        unfinished.replace(target)
        _flush(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)
    return sha256


def _flush(path: Path) -> None:
    """Have the disk itself hold what was written: a name that survives a crash must not name half a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
