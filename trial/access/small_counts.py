"""Small-cell protection: who may not see people sees no count that points at one. Plain functions.

For those readers a count of 1 to 4 is written "<5" and every other one is rounded to the nearest 5, parts and sums
alike. Were only the sums rounded, as it may seem enough to, an exact part beside one would leave a single value for
the hidden part in one table of five. Shares and forecasts come from the rounded counts, so that they give nothing
more away. Zero says nothing about anyone and stays.
"""

SMALL = 5


def is_small(count: int) -> bool:
    """Whether a count could point at someone."""
    return 0 < count < SMALL


def shown(count: int, *, exact: bool) -> str:
    """A count as the reader may see it."""
    if exact or not count:
        return str(count)
    return f"<{SMALL}" if is_small(count) else f"≈{rounded(count, exact=False)}"


def rounded(count: int, *, exact: bool) -> int:
    """A count to draw or to reckon with: exact, or to the nearest 5; all small ones alike become 5."""
    if exact or not count:
        return count
    return max(SMALL, SMALL * ((count + SMALL // 2) // SMALL))


def percent(part: int, whole: int, *, exact: bool) -> int | None:
    """A share in whole per cent; None where there is no whole, or where too few have or have not what is asked."""
    if not whole:
        return None
    if exact:
        return round(100 * part / whole)
    if is_small(part) or is_small(whole - part) or whole < SMALL:
        return None
    return min(100, round(100 * rounded(part, exact=False) / rounded(whole, exact=False)))
