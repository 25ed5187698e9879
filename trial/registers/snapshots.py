"""Files that never change, named by the SHA-256 of their plain bytes.

A damaged file is an error, never a number: the bytes are hashed again each time it is opened. With `SNAPSHOT_KEY` files
are sealed where they stand, and are plain only in the work folder of the process that reads them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from trial.registers import sealing
from trial.registers.sealing import SealBrokenError
from trial.registers.storage import Kept, storage, work_folder

CHUNK = 1 << 20


class DamagedSnapshotError(RuntimeError):
    """The bytes under a name are not the ones that were named."""


class TooLargeError(RuntimeError):
    """More bytes arrived than a file may have."""


@dataclass(frozen=True)
class Stored:
    """What was stored: SHA-256 in hex and size in bytes, of the plain file."""

    sha256: str
    size: int


def received(trial: str, sha256: str) -> str:
    """The name of a file received for a trial (its code)."""
    return f"{trial}/received/{sha256}"


def snapshot(trial: str, sha256: str) -> str:
    """The name of the Parquet file of a trial's accepted rows. Trials share no file: one's deletion is complete."""
    return f"{trial}/{sha256}.parquet"


def rejected(trial: str, sha256: str) -> str:
    """The name of the Parquet file of the rows of a delivery that were not accepted."""
    return f"{trial}/rejected/{sha256}.parquet"


def manifest(trial: str, sha256: str) -> str:
    """The name of what is told of a snapshot: its schema, and where it comes from."""
    return f"{trial}/{sha256}.json"


def receive(trial: str, chunks: Iterable[bytes]) -> Stored:
    """Stream a file to its place, never whole in memory.

    Raises:
        TooLargeError: when it exceeds the site's limit; nothing is kept.
    """
    counted = _Counted(chunks)
    _add(counted, lambda: received(trial, counted.sha256))
    return Stored(counted.sha256, counted.size)


def keep(name: Any, trial: str, path: Path) -> str:
    """Keep a file of this machine; `name` is `snapshot` or `rejected`. Returns its SHA-256."""
    sha256 = hash_of(path)
    with path.open("rb") as file:
        _add(iter(lambda: file.read(CHUNK), b""), lambda: name(trial, sha256))
    return sha256


def keep_manifest(trial: str, sha256: str, content: Mapping[str, Any]) -> None:
    """Put what is known of a snapshot beside it, as JSON."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    _add([text.encode()], lambda: manifest(trial, sha256))


def read_manifest(trial: str, sha256: str) -> dict[str, Any]:
    """What was told of a snapshot when it was made."""
    with storage().open(manifest(trial, sha256)) as file:
        content: dict[str, Any] = json.loads(b"".join(sealing.opened(file)))
    return content


@contextmanager
def opened(name: str, sha256: str) -> Iterator[Path]:
    """A file on this machine with the plain bytes of `name`, as long as it is needed.

    Raises:
        DamagedSnapshotError: when the file is missing or its bytes are not those that `sha256` names.
    """
    place = storage().path(name)
    if place is not None and not settings.SNAPSHOT_KEY:
        _verify(place, sha256)
        yield place
        return
    with work_folder() as folder:
        copy = Path(folder) / Path(name).name
        try:
            with storage().open(name) as file, copy.open("wb") as target:
                for chunk in sealing.opened(file):
                    target.write(chunk)
        except (FileNotFoundError, SealBrokenError) as error:
            raise DamagedSnapshotError(sha256) from error
        _verify(copy, sha256)
        yield copy


def hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def exists(name: str) -> bool:
    return storage().exists(name)


def forget(name: str) -> None:
    """Delete a file that no delivery needs any more."""
    storage().remove(name)


def kept(trial: str) -> Iterator[Kept]:
    """Every file that stands for a trial, whether a delivery knows of it or not."""
    return storage().listed(f"{trial}/")


def _verify(path: Path, sha256: str) -> None:
    if not path.exists() or hash_of(path) != sha256:
        raise DamagedSnapshotError(sha256)


def _add(chunks: Iterable[bytes], name: Any) -> None:
    storage().add(sealing.closed(chunks), name)


class _Counted:
    """Chunks that pass by, with their number of bytes and their hash."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.digest, self.size = chunks, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.size += len(chunk)
            if self.size > settings.UPLOAD_LIMIT_BYTES:
                raise TooLargeError
            self.digest.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self.digest.hexdigest()
