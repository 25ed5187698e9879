"""The bytes of files under way, in pieces: a folder for each upload in `UPLOAD_ROOT`, sealed as snapshots are.

A piece is a file of its own, named by where it begins and how long it is, and it appears whole or not at all.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from trial.registers.sealing import closed, opened
from trial.registers.storage import Folder

CHUNK = 1 << 20


def add(upload: UUID, offset: int, piece: bytes) -> None:
    """Put a piece on the disk itself, in the place of what a request that broke off has left behind."""
    for begin, _length, path in _pieces(upload):
        if begin >= offset:
            path.unlink()
    settings.UPLOAD_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    chunks = (piece[begin : begin + CHUNK] for begin in range(0, len(piece), CHUNK))
    Folder(place(upload)).add(closed(chunks), lambda: f"{offset}-{len(piece)}")


def held(upload: UUID) -> int:
    """How many bytes lie there without a gap from the beginning of the file."""
    end = 0
    for begin, length, _path in _pieces(upload):
        if begin != end:
            break
        end += length
    return end


def read(upload: UUID) -> Iterator[bytes]:
    """The plain bytes of all pieces, one after the other."""
    for _begin, _length, path in _pieces(upload):
        with path.open("rb") as file:
            yield from opened(file)


def forget(upload: UUID) -> None:
    """Delete every piece of an upload."""
    shutil.rmtree(place(upload), ignore_errors=True)


def place(upload: UUID) -> Path:
    """The folder in which the pieces of an upload lie."""
    return Path(settings.UPLOAD_ROOT) / str(upload)


def _pieces(upload: UUID) -> list[tuple[int, int, Path]]:
    """Where each piece begins, how long it is and the file it is in, in the order of the file."""
    folder = place(upload)
    paths = folder.glob("[0-9]*-*") if folder.is_dir() else ()
    return sorted((*map(int, path.name.split("-")), path) for path in paths)  # type: ignore[misc]
