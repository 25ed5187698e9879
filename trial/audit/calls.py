"""Which of our addresses is being called, for the lines of a security log. Nothing outside a request.

Never with what stands behind the question mark: somebody may have typed a name or a national id there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One request: its verb, and the address as a browser shows it."""

    method: str = ""
    address: str = ""


NONE = Call()
_current: ContextVar[Call] = ContextVar("call", default=NONE)


def current() -> Call:
    """The call that the code at hand answers."""
    return _current.get()


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """Name the call for as long as it is being answered."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)
