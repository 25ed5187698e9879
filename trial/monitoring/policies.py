"""Small-cell protection: who may not see people sees no count that points at one. Plain functions.

A count of 1 to 4 is written "<5". Numbers that would give a hidden one away by subtraction (totals, curves) are
rounded to the nearest 5 for the same readers. Zero says nothing about anyone and stays.
"""

from collections.abc import Iterable

SMALL = 5


def cell(count: int, *, exact: bool) -> str:
    """A count as the reader may see it."""
    return f"<{SMALL}" if 0 < count < SMALL and not exact else str(count)


def rounded(count: int, *, exact: bool) -> int:
    """A total or a point of a curve as the reader may see it: exact, or to the nearest 5."""
    return count if exact else SMALL * ((count + SMALL // 2) // SMALL)


def total(counts: Iterable[int], *, exact: bool) -> str:
    """The sum of counts that are shown beside it: rounded where one of them is hidden."""
    known = list(counts)
    hidden = not exact and any(0 < count < SMALL for count in known)
    whole = sum(known)
    return f"≈{rounded(whole, exact=False)}" if hidden and whole >= SMALL else cell(whole, exact=exact)


def percent(part: int, whole: int, *, exact: bool) -> int | None:
    """A share in whole per cent; None where there is no whole, or where the part is too small for the reader."""
    if not whole or (not exact and (0 < part < SMALL or whole < SMALL)):
        return None
    return round(100 * part / whole)
