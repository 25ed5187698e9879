"""What the demonstration says in the terminal: one line a step, and sentences instead of tracebacks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Report = Callable[[int, int], None]


class Terminal:
    """Numbered steps with their duration; within a step a counter that is redrawn where the output is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.number = 0
        self.began = time.monotonic()
        self.live = stream.isatty()

    @contextmanager
    def step(self, label: str) -> Iterator[Report]:
        """Print the label at once and the seconds when it is done; hands out a counter `report(done, total)`."""
        self.number += 1
        began = time.monotonic()
        head = f"{self.number:2d}. {label} "
        self._write(head)

        def report(done: int, total: int) -> None:
            if self.live:
                self._write(f"\r{head}{done}/{total} ")

        try:
            yield report
        except BaseException:
            self._write("\n")  # what went wrong stands on a line of its own
            raise
        self._write(f"\r{head}" if self.live else "")
        self._write("." * max(3, 68 - len(head)) + f" {time.monotonic() - began:5.1f} s\n")

    def say(self, text: str = "") -> None:
        self._write(text + "\n")

    def total(self) -> float:
        """Seconds since the first word."""
        return time.monotonic() - self.began

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
