"""Two or more at once: threads with a connection each, and a door at which they wait for one another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from trial.access.refusals import Refusal

SECONDS = 10


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Run each task in a thread with a connection of its own, all starting together; a refusal answers by its code."""
    start = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        try:
            start.wait(SECONDS)
            return task()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def meeting_at(patch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let two threads both have come as far as a function, the first time, before either goes on."""
    door, usual, passed = Barrier(2), getattr(owner, name), count()

    def waiting(*given: Any, **known: Any) -> Any:
        if next(passed) < 2:
            door.wait(SECONDS)
        return usual(*given, **known)

    patch.setattr(owner, name, waiting)
