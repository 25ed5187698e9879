"""Where files of deliveries stand: a folder, or object storage that speaks S3 (any storage that fsspec knows).

A file appears whole or not at all, under a name that is only known when its bytes are: `add` takes the bytes first.
`SNAPSHOT_STORAGE` names the storage (`s3://bucket/prefix`); empty means the folder `SNAPSHOT_ROOT`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

from django.conf import settings
from fsspec.core import url_to_fs

READ_ONLY = 0o440
UNFINISHED = ".incoming-"
WORK = "work-"


@dataclass(frozen=True)
class Kept:
    """A file that is there: its name, its bytes as they stand (sealed or plain), and when it was written."""

    name: str
    size: int
    changed_at: datetime


class Storage(Protocol):
    """What snapshots need of a storage; names are relative, with `/` between their parts."""

    def add(self, chunks: Iterable[bytes], name: Callable[[], str]) -> None:
        """Write the chunks, then ask for the name they are to have; nothing is kept when either raises."""

    def open(self, name: str) -> IO[bytes]: ...
    def exists(self, name: str) -> bool: ...
    def remove(self, name: str) -> None: ...
    def listed(self, prefix: str) -> Iterator[Kept]:
        """The files whose names begin with a folder (`se-klar/`) or, without one, with these letters."""

    def path(self, name: str) -> Path | None:
        """Where the file lies on this machine; None when it does not."""


class Folder:
    """A folder of this machine or of a shared file system. Files are read-only from the moment they appear."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, chunks: Iterable[bytes], name: Callable[[], str]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, place = tempfile.mkstemp(dir=self.root, prefix=UNFINISHED)
        unfinished = Path(place)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.root / name()
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished.chmod(READ_ONLY)
            unfinished.replace(target)
            _flush(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)

    def open(self, name: str) -> IO[bytes]:
        return (self.root / name).open("rb")

    def exists(self, name: str) -> bool:
        return (self.root / name).exists()

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def listed(self, prefix: str) -> Iterator[Kept]:
        folder = self.root / prefix
        paths = folder.rglob("*") if prefix.endswith("/") else self.root.glob(f"{prefix}*")
        for path in sorted(paths):
            if path.is_file():
                status = path.stat()
                changed_at = datetime.fromtimestamp(status.st_mtime, tz=UTC)
                yield Kept(path.relative_to(self.root).as_posix(), status.st_size, changed_at)

    def path(self, name: str) -> Path | None:
        return self.root / name


class ObjectStorage:
    """A bucket. Its credentials come from its own environment variables, never from ours."""

    def __init__(self, url: str) -> None:
        self.files, self.root = url_to_fs(url)

    def add(self, chunks: Iterable[bytes], name: Callable[[], str]) -> None:
        unfinished = self._at(f"{UNFINISHED}{uuid4().hex}")
        try:
            with self.files.open(unfinished, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            self.files.mv(unfinished, self._at(name()))
        finally:
            if self.files.exists(unfinished):
                self.files.rm(unfinished)

    def open(self, name: str) -> IO[bytes]:
        opened: IO[bytes] = self.files.open(self._at(name), "rb")
        return opened

    def exists(self, name: str) -> bool:
        return bool(self.files.exists(self._at(name)))

    def remove(self, name: str) -> None:
        if self.exists(name):
            self.files.rm(self._at(name))

    def listed(self, prefix: str) -> Iterator[Kept]:
        self.files.invalidate_cache()  # another process may have written since
        place = self._at(prefix)
        for path in sorted(self.files.find(place) if prefix.endswith("/") else self.files.glob(f"{place}*")):
            name = path.removeprefix(self._at(""))
            yield Kept(name, self.files.size(path), self.files.modified(path).astimezone(UTC))

    def path(self, name: str) -> Path | None:
        return None

    def _at(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"


def storage() -> Storage:
    """The storage that the settings name."""
    url = settings.SNAPSHOT_STORAGE
    return ObjectStorage(url) if url else Folder(settings.SNAPSHOT_ROOT)


def work_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder for what is unpacked, deciphered or judged, gone when it is closed; nobody else can read it."""
    settings.WORK_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.TemporaryDirectory(dir=settings.WORK_ROOT, prefix=WORK)


def copied(source: IO[bytes], target: Path) -> Path:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return target


def _flush(folder: Path) -> None:
    """Have the disk itself hold the name: one that survives a crash must not name half a file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
