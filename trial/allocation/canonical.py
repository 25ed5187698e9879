"""Canonical JSON: the one spelling of a value that is hashed, signed or handed to an outsider.

Sorted keys, separators ``,`` and ``:``, UTF-8 without ASCII escapes; only strings, integers, lists and objects.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


class NotCanonicalError(TypeError):
    """The value holds something whose spelling is not fixed: a float, a boolean, null, a key that is no string."""


def canonical(value: Any) -> bytes:
    """The canonical JSON of ``value``. Raises NotCanonicalError."""
    _check(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError as problem:  # half a surrogate pair
        raise NotCanonicalError("text that is not Unicode has no canonical form") from problem


def digest(value: Any) -> str:
    """Hex of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            if type(key) is not str:
                raise NotCanonicalError(f"a key must be a string, not {type(key).__name__}")
            _check(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check(part)
    elif type(value) not in (str, int):  # a bool is an int to isinstance, and no number in JSON
        raise NotCanonicalError(f"{type(value).__name__} has no canonical form")
