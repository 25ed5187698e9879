"""Small-cell protection: who may not see people sees no count that points at one. Plain functions.

A count of 1 to 4 is written "<5". Sums and curves, which would give a hidden one away by
subtraction, are rounded to the nearest 5 for the same readers. Zero says nothing about anyone and stays.
"""

SMALL = 5


def cell(count: int, *, exact: bool) -> str:
    """A count as the reader may see it."""
    return f"<{SMALL}" if 0 < count < SMALL and not exact else str(count)


def rounded(count: int, *, exact: bool) -> int:
    """A point of a curve as the reader may see it: exact, or to the nearest 5."""
    return count if exact else SMALL * ((count + SMALL // 2) // SMALL)


def whole(count: int, *, exact: bool) -> str:
    """A sum whose parts are shown elsewhere, as the reader may see it: no hidden part can be had by subtraction."""
    return cell(count, exact=exact) if exact or count < SMALL else f"≈{rounded(count, exact=False)}"


def percent(part: int, whole: int, *, exact: bool) -> int | None:
    """A share in whole per cent; None where there is no whole, or where the part is too small for the reader."""
    if not whole or (not exact and (0 < part < SMALL or whole < SMALL)):
        return None
    return round(100 * part / whole)
