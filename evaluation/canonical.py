"""One spelling of a document, so that its SHA-256 means the same to everyone who keeps it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Sorted keys, separators ``,`` and ``:``, UTF-8 without ASCII escapes.

    Raises:
        TypeError: anything but strings, integers, lists and objects with string keys. Numbers with a fraction, true,
            false and null are spelled differently by different programs.
    """
    _refuse_ambiguous(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(value: Any) -> str:
    """The SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def plain(value: Any) -> Any:
    """A document of objects and lists, as JSON reads it, from one of mappings and tuples."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def frozen(value: Any) -> Any:
    """The same with tuples for lists, which nobody changes."""
    if isinstance(value, Mapping):
        return {key: frozen(part) for key, part in value.items()}
    return tuple(frozen(part) for part in value) if isinstance(value, list | tuple) else value


def _refuse_ambiguous(value: Any) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise TypeError("keys of a canonical document are strings")
            _refuse_ambiguous(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_ambiguous(part)
    elif isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"a canonical document holds no {type(value).__name__}")
