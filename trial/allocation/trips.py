"""A transaction of the draw, which waits for its turn: it begins and reads in one trip, writes and commits in another.

A trial's draws stand in a queue, first come, first served. The row locks alone would be as right, but whoever comes
just as one ends goes before those who wait, and every end wakes two of them. While one draws all others wait, and most
of what they wait for is the way to the server and back: hence few trips, and plans that are made once.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from trial.access.planes import entered
from trial.allocation.queries import DRAW
from trial.audit import guards
from trial.audit.rows import ask, database_here, one_trip, written_together
from trial.studies.models import Trial

QUEUE = 0x447261  # "Dra": the number of these locks among all advisory ones
# Rows are found by their keys, so that a plan for any is as good as one for these; else the first five are made anew.
TURN = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), pg_advisory_xact_lock(%s, %s)"


class DrawTransaction:
    """One action that writes as the database role of the draw, whole or not at all. A context for what it does."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._begun = trial, False

    def __enter__(self) -> Self:
        self._whole, self._outermost = ExitStack(), not database_here().in_atomic_block
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._whole.__exit__(kind, error, trace)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Begin, wait for one's turn, and ask within for what is needed; all answers are there when it ends.

        What an answer shows to be needed as well can be asked for in another trip.
        """
        with one_trip():
            if not self._begun:
                self._begun = True
                self._whole.enter_context(entered(DRAW))
                self._whole.enter_context(guards.writing())
                ask(TURN, QUEUE, self._trial.pk)
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Decide within; what was added and changed is then written and committed. Nothing may be read after it.

        Within another transaction, as in most tests, there is nothing to commit, and errors must come before its end.
        """
        with written_together(then=self._whole.close if self._outermost else None):
            yield
