"""Zipped files: one register file inside, unpacked a piece at a time and never beyond what its size allows."""

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from evaluation.errors import EvaluationError
from evaluation.formats.text import Limits, refuse_identities

CHUNK: Final = 1 << 20
ENCRYPTED: Final = 0x1


def unpacked(path: Path, name: str, scratch: Path, limits: Limits) -> tuple[Path, str]:
    """The file itself, or the one file in the archive; with the name that tells its format.

    Raises:
        EvaluationError: `unreadable` when it is no archive, is encrypted or holds another archive or several files;
            `unpacks_too_far`; `national_id` when one stands in a name or comment of the archive.
    """
    suffix = Path(name).suffix.lower()
    try:
        if suffix == ".zip":
            return _of_zip(path, scratch, limits.of(path))
        if suffix == ".gz":
            with gzip.open(path) as source:
                return _copied(source, scratch, Path(name).stem, limits.of(path)), Path(name).stem
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise EvaluationError("unreadable", "the archive is damaged") from error
    if path.suffix.lower() == suffix:
        return path, name
    scratch.mkdir(parents=True, exist_ok=True)
    link = scratch / f"file{suffix}"  # readers of some formats look at the ending themselves
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link, name


def _of_zip(path: Path, scratch: Path, most_bytes: int) -> tuple[Path, str]:
    with zipfile.ZipFile(path) as archive:
        everything = archive.infolist()
        notes = [archive.comment, *(member.comment for member in everything)]
        refuse_identities([*(member.filename for member in everything), *(_text(note) for note in notes)])
        members = [member for member in everything if _is_file(member)]
        if len(members) != 1:
            raise EvaluationError("unreadable", "an archive holds one register file, and nothing else")
        [member] = members
        if member.flag_bits & ENCRYPTED or Path(member.filename).suffix.lower() in (".zip", ".gz"):
            raise EvaluationError("unreadable", "the archive is encrypted, or holds another archive")
        with archive.open(member) as source:
            return _copied(source, scratch, member.filename, most_bytes), Path(member.filename).name


def _is_file(member: zipfile.ZipInfo) -> bool:
    """What somebody put into the archive; file managers add folders and hidden files of their own."""
    name = Path(member.filename).name
    return not member.is_dir() and not member.filename.startswith("__MACOSX/") and not _is_of_the_system(name)


def _is_of_the_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini")


def _text(note: bytes) -> str:
    return note.decode("utf-8", errors="replace")


def _copied(source: IO[bytes] | gzip.GzipFile, scratch: Path, name: str, most_bytes: int) -> Path:
    """Write the content to a file named only by its ending: a name inside an archive is never a path."""
    scratch.mkdir(parents=True, exist_ok=True)
    target = scratch / f"unpacked{Path(name).suffix.lower()}"
    done = 0
    with target.open("wb") as file:
        while chunk := source.read(CHUNK):
            done += len(chunk)
            if done > most_bytes:
                raise EvaluationError("unpacks_too_far", "the archive unpacks to more than its size allows")
            file.write(chunk)
    shutil.copymode(scratch, target)
    target.chmod(0o600)
    return target
