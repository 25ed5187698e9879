"""The keys that wrap each person's key, and where they are kept: the environment, a file, or a platform's service.

Destroying a wrapping key makes every backup from its time unreadable, so wrapping keys are changed now and then: a
new one is made, `manage.py identity_keys rotate` wraps every person's key anew while the site runs, and the old one is
retired. Each key has a name, the beginning of its SHA-256, that stands beside what it has wrapped.
"""

import hashlib
import json
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from trial.identity.vault import new_key, seal, unseal

NAME_LENGTH = 16
PRIVATE = stat.S_IRUSR | stat.S_IWUSR


class KeyFailure(RuntimeError):  # noqa: N818 - a statement that stops the start or the command
    """The wrapping keys cannot be used; the sentence says what to do."""


class KeyService(ABC):
    """What wraps people's keys. A platform's service (a KMS) is one that answers these three questions.

    Named in `IDENTITY_KEY_SERVICE`; it is made without arguments, once in each process.
    """

    @abstractmethod
    def current(self) -> str:
        """The name of the key that wraps from now on."""

    @abstractmethod
    def wrap(self, key: bytes, where: bytes) -> tuple[str, bytes]:
        """The name of the wrapping key, and the person's key wrapped for this place."""

    @abstractmethod
    def unwrap(self, wrapped: bytes, where: bytes, name: str) -> bytes:
        """The person's key again.

        Raises:
            cryptography.exceptions.InvalidTag: another place, or a changed byte.
            KeyFailure: no key of that name.
        """


class LocalKeys(KeyService):
    """Wrapping keys in this process' memory; subclasses say where they come from, the current one first."""

    def keys(self) -> Mapping[str, bytes]:
        """Name -> key of 32 bytes, in order; the first one wraps."""
        raise NotImplementedError

    def current(self) -> str:
        return next(iter(self.keys()))

    def wrap(self, key: bytes, where: bytes) -> tuple[str, bytes]:
        name = self.current()
        return name, seal(self.keys()[name], key, where)

    def unwrap(self, wrapped: bytes, where: bytes, name: str) -> bytes:
        if name not in self.keys():
            raise KeyFailure(f"The wrapping key {name} is not among those that the application knows.")
        return unseal(self.keys()[name], wrapped, where)


class EnvironmentKeys(LocalKeys):
    """`IDENTITY_KEY` wraps; `IDENTITY_KEYS_RETIRED` (separated by commas) still unwrap."""

    def keys(self) -> Mapping[str, bytes]:
        return _of_environment()


class FileKeys(LocalKeys):
    """The keys of the file `IDENTITY_KEY_FILE`, read anew when it changes: no restart is needed to rotate."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(settings.IDENTITY_KEY_FILE)

    def keys(self) -> Mapping[str, bytes]:
        try:
            status = self.path.stat()
        except OSError:
            raise KeyFailure(f"The file of wrapping keys {self.path.name} cannot be read.") from None
        if stat.S_IMODE(status.st_mode) & ~PRIVATE:
            raise KeyFailure(f"Others may read the file of wrapping keys {self.path.name}: set its mode to 600.")
        return _read(self.path, status.st_mtime_ns)

    def add(self) -> str:
        """Put a new key first, and return its name. A file that begins takes over the environment's keys."""
        known = self.keys() if self.path.exists() else _of_environment()
        return self._write([new_key(), *known.values()])

    def retire(self, unused: set[str]) -> list[str]:
        """Drop the named keys, never the current one; return the names of those that went."""
        present = self.keys()
        gone = [name for name in present if name in unused and name != self.current()]
        self._write([key for name, key in present.items() if name not in gone])
        return gone

    def _write(self, keys: list[bytes]) -> str:
        """The whole file or nothing: a half-written one would lose every person."""
        unfinished = self.path.with_name(f".{self.path.name}.unfinished")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"keys": [key.hex() for key in keys]}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
        return name_of(keys[0])


def name_of(key: bytes) -> str:
    """The name of a wrapping key; tells nothing about it."""
    return hashlib.sha256(b"navtrial wrapping key|" + key).hexdigest()[:NAME_LENGTH]


def named(keys: Iterable[str]) -> dict[str, bytes]:
    """Keys in hex by name, in order.

    Raises:
        KeyFailure: one is not 32 bytes in hex, or there is none.
    """
    try:
        found = [bytes.fromhex(key) for key in keys]
    except (TypeError, ValueError):
        raise KeyFailure("A wrapping key is not written in hex.") from None
    if not found or any(len(key) != len(new_key()) for key in found):
        raise KeyFailure("A wrapping key is not 32 bytes long, or there is none.")
    return {name_of(key): key for key in found}


def _of_environment() -> Mapping[str, bytes]:
    return _named(settings.IDENTITY_KEY, *settings.IDENTITY_KEYS_RETIRED)


@lru_cache(maxsize=4)
def _named(*keys: str) -> Mapping[str, bytes]:
    return named(filter(None, keys))


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Mapping[str, bytes]:
    try:
        return named(json.loads(path.read_text(encoding="ascii"))["keys"])
    except (KeyError, TypeError, ValueError):
        raise KeyFailure(f"The file of wrapping keys {path.name} is not whole.") from None


def service() -> KeyService:
    """The service that the settings name."""
    return _service(settings.IDENTITY_KEY_SERVICE, str(settings.IDENTITY_KEY_FILE))


@lru_cache(maxsize=4)
def _service(path: str, _file: str) -> KeyService:
    made: KeyService = import_string(path)()
    return made
