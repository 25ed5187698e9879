"""What a command says while it works: a bar where somebody watches, a line a step where nobody does."""

import sys
from typing import Final

WIDTH: Final = 24
CLEAR: Final = "\r\x1b[K"


def tell(text: str) -> None:
    """Say something on standard error, which is not the command's result."""
    print(text, file=sys.stderr)


def show_progress(done: int, total: int, label: str) -> None:
    """One more step of `total` begins, or the last one has ended."""
    if not sys.stderr.isatty():
        tell(f"{done}/{total} {label}")
        return
    filled = WIDTH * done // max(total, 1)
    end = f"{CLEAR}" if done >= total else ""
    print(f"{CLEAR}[{'#' * filled}{'-' * (WIDTH - filled)}] {done}/{total} {label}{end}", end="", file=sys.stderr,
          flush=True)  # fmt: skip


def show_rows(what: str, stage: str, rows: int) -> None:
    """So many rows of a file have come so far; only where somebody watches, for there are many such moments."""
    if sys.stderr.isatty():
        print(f"{CLEAR}{what}: {stage}, {rows:,} rows", end="", file=sys.stderr, flush=True)


def clear_line() -> None:
    """Take back what `show_rows` wrote."""
    if sys.stderr.isatty():
        print(CLEAR, end="", file=sys.stderr, flush=True)
